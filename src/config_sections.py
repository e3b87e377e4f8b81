"""The sections of the configuration; config.yaml and the files in configs explain each key."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from src.config_values import (
    ANY,
    CheckpointCount,
    ImageSize,
    LearningRate,
    ModnetImageSize,
    Natural,
    OwnOrImageSize,
    OwnOrScale,
    Positive,
    Proportion,
    PspnetImageSize,
    Switch,
    WidthAndHeight,
    parse_size,
)
from src.description.plate_form import ANY_SIZE, PlateForm, RefinementName, plate_form

PhaseName = Literal["pre_train_t_net", "pre_train_m_net", "end_to_end"]
LearningRateSchedule = Literal["constant", "cosine"]
DeviceTarget = Literal["auto", "Ascend", "GPU", "CPU"]


BEST_BACKGROUND_MATTING = "/cache/output/distribute/background_matting/refine/semantic_hm_best.ckpt"


class Section(BaseModel):
    """A part of the configuration."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class PhaseSettings(Section):
    """One training phase of any system."""

    finetuning: Switch = True
    nThreads: Positive = 1  # noqa: N815 - the published name
    train_batch: Positive = 8
    patch_size: ImageSize = 320
    lr: LearningRate = 1e-4
    lr_schedule: LearningRateSchedule = "constant"
    warmup_steps: Natural = 0
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.0
    nEpochs: Positive = 200  # noqa: N815 - the published name
    save_epoch: Positive = 1
    save_steps: Natural = 0
    keep_checkpoint_max: CheckpointCount = "10"

    def checkpoints_to_keep(self) -> int | None:
        """How many of the newest checkpoints to keep; None for all of them."""
        # The newest is always kept: without it, a stopped run could not resume.
        return None if self.keep_checkpoint_max == "all" else max(1, int(self.keep_checkpoint_max))

    def decay_epochs(self) -> int:
        """After how many epochs the learning rate becomes a tenth, where its schedule is 'steps'."""
        return 0


class PhaseConfig(PhaseSettings):
    """One training phase of SHM, also with keys that mean nothing any more."""

    freeze_statistics: Switch = False
    rank: Natural = 0
    group_size: Positive = 8
    train_phase: PhaseName


class EndToEndConfig(PhaseConfig):
    """SHM's phase that trains both networks together."""

    pyramid_weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0


class ModnetPhaseConfig(PhaseSettings):
    """One training phase of MODNet."""

    patch_size: ModnetImageSize = 512
    nThreads: Positive = 4  # noqa: N815 - the published name
    lr_schedule: Literal["constant", "cosine", "steps"] = "steps"
    lr_decay_epochs: Positive = 10

    def decay_epochs(self) -> int:
        """After how many epochs the learning rate becomes a tenth, where its schedule is 'steps'."""
        return self.lr_decay_epochs


class BackgroundMattingPhaseConfig(PhaseSettings):
    """One training phase of Background Matting V2."""

    patch_size: ImageSize = 512
    nThreads: Positive = 4  # noqa: N815 - the published name
    train_batch: Annotated[int, Field(ge=2)] = 8  # one image has no batch statistics in the ASPP's pooling
    use_laplacian: Switch = True


class PspnetPhaseConfig(PhaseSettings):
    """The training phase of PSPNet."""

    patch_size: PspnetImageSize = 400
    nThreads: Positive = 4  # noqa: N815 - the published name


class TestConfig(Section):
    """Evaluation."""

    __test__ = False  # not a test class for pytest
    device_target: DeviceTarget = "auto"
    model: str = "/cache/output/distribute/ckpt_s2/end_to_end/semantic_hm_best.ckpt"
    test_pic_path: str = "/cache/datasets"
    output_path: str = "/cache/output/distribute/test_result"
    size: OwnOrImageSize = None


class InferConfig(Section):
    """Inference with the exported model."""

    file_test_list: str = "/cache/datasets/test/test.txt"
    size: OwnOrImageSize = None


class ExportSettings(Section):
    """Export of a checkpoint of any system."""

    ckpt_file: str = "/cache/output/distribute/ckpt_s2/end_to_end/semantic_hm_best.ckpt"
    file_name: str = "shm_export"
    file_format: Literal["MINDIR", "ONNX", "AIR"] = "MINDIR"
    mindir_version: Literal["latest", "1"] = "latest"
    device_target: DeviceTarget = "auto"


class ExportConfig(ExportSettings):
    """Export of a checkpoint to squares of one size."""

    size: OwnOrImageSize = None


class BackgroundMattingExportConfig(ExportSettings):
    """Export of Background Matting V2, a file for each size."""

    ckpt_file: str = BEST_BACKGROUND_MATTING
    file_name: str = "background_matting"
    sizes: Annotated[tuple[WidthAndHeight, ...], Field(min_length=1)] = ("640x640", "1920x1088", "1088x1920")
    backbone_scale: OwnOrScale = None
    refinement: RefinementName = "full"
    sample_pixels: Annotated[int, Field(ge=16)] = 80_000
    threshold: Annotated[float, Field(ge=0, lt=1)] = 0.1

    def forms(self) -> list[PlateForm]:
        """What each file is to be made for."""
        return [ANY_SIZE if size == ANY else self._form(size) for size in self.sizes]

    def _form(self, size: str) -> PlateForm:
        return plate_form(
            *parse_size(size),
            self.refinement,
            backbone_scale=self.backbone_scale,
            sample_pixels=self.sample_pixels,
            threshold=self.threshold,
        )


class PlateCompositesConfig(Section):
    """Making composites to evaluate Background Matting V2 on."""

    path_people: str = "/cache/PhotoMatte85"
    path_backgrounds: str = "/cache/backgrounds/valid"
    path_save: str = "/cache/datasets"
    count: Positive = 85
    side: ImageSize = 2048
    num_workers: Natural = 0


class GenerateDataConfig(Section):
    """Making the data set."""

    path_mt_human: str = "/cache/human_matting"
    path_save: str = "/cache/datasets"
    path_debug: str = "/cache/datasets_debug"
    proportion: Proportion = "6:2:2"
    split_by: Literal["group", "image"] = "group"
    debug_pic_nums: Natural = 400
    copy_pic: Switch = True
    generate_mask: Switch = True
    generate_txt: Switch = True
    generate_trimap: Switch = True
    ksize: Positive = 10
    fixed_ksize: Switch = True
    generate_alpha: Switch = True
    generate_debug: Switch = True
    generate_mean_std: Switch = True
    num_workers: Natural = 0
    list_error_files: tuple[str, ...] = (
        "/cache/human_matting/matting/1803201916/._matting_00000000",
        "/cache/human_matting/clip_img/1803241125/clip_00000000/._1803241125-00000005.jpg",
    )

    def parts(self) -> tuple[int, int, int]:
        """The proportion as numbers: train, eval, test."""
        train, evaluation, test = map(int, self.proportion.split(":"))
        return train, evaluation, test
