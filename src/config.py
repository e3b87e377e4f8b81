"""The configuration: config.yaml read into typed, validated sections.

    config = load_config("config.yaml", ["end_to_end.lr=1e-4"])
    config.end_to_end.lr

Keys and defaults are those of the published configuration; config.yaml explains each.
"""

import difflib
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from src.common.atomic_file import write_text
from src.common.errors import UserError
from src.common.strict_yaml import YamlError, is_empty, parse_yaml
from src.config_values import (
    CheckpointCount,
    ImageSize,
    LearningRate,
    Natural,
    OwnOrImageSize,
    Positive,
    Proportion,
    Switch,
)
from src.systems.model_info import ChannelMean, ModelInfo
from src.systems.registry import SystemName

PhaseName = Literal["pre_train_t_net", "pre_train_m_net", "end_to_end"]
LearningRateSchedule = Literal["constant", "cosine"]
DeviceTarget = Literal["auto", "Ascend", "GPU", "CPU"]


class ConfigError(UserError):
    """A configuration that cannot be used; the message names every key that is wrong."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class PhaseConfig(_Section):
    """One training phase."""

    rank: Natural = 0
    group_size: Positive = 8
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
    train_phase: PhaseName

    def checkpoints_to_keep(self) -> int | None:
        """How many of the newest checkpoints to keep; None for all of them."""
        # The newest is always kept: without it, a stopped run could not resume.
        return None if self.keep_checkpoint_max == "all" else max(1, int(self.keep_checkpoint_max))


class EndToEndConfig(PhaseConfig):
    """The phase that trains all networks together."""

    pyramid_weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0


class TestConfig(_Section):
    """Evaluation."""

    __test__ = False  # not a test class for pytest
    device_target: DeviceTarget = "auto"
    model: str = "/cache/output/distribute/ckpt_s2/end_to_end/semantic_hm_best.ckpt"
    test_pic_path: str = "/cache/datasets"
    output_path: str = "/cache/output/distribute/test_result"
    size: OwnOrImageSize = None


class InferConfig(_Section):
    """Inference with the exported model."""

    file_test_list: str = "/cache/datasets/test/test.txt"
    size: OwnOrImageSize = None


class ExportConfig(_Section):
    """Export of a checkpoint."""

    ckpt_file: str = "/cache/output/distribute/ckpt_s2/end_to_end/semantic_hm_best.ckpt"
    file_name: str = "shm_export"
    file_format: Literal["MINDIR", "ONNX", "AIR"] = "MINDIR"
    mindir_version: Literal["latest", "1"] = "latest"
    device_target: DeviceTarget = "auto"
    size: OwnOrImageSize = None


class GenerateDataConfig(_Section):
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


class Config(_Section):
    """The whole configuration."""

    system: SystemName = "shm"
    seed: Natural = 9527
    rank: Natural = 0
    group_size: Positive = 8
    device_target: DeviceTarget = "auto"
    saveIRFlag: Switch = False  # noqa: N815 - the published name
    ckpt_version: Annotated[str, Field(min_length=1)] = "ckpt_s2"
    train_phases: tuple[PhaseName, ...] = ("pre_train_t_net", "end_to_end")
    mean: tuple[ChannelMean, ChannelMean, ChannelMean] = ModelInfo().mean
    amp_level: Literal["auto", "O0", "O2", "O3"] = "auto"
    amp_dtype: Literal["float16", "bfloat16"] = "float16"
    vertical_flip: Switch = False
    max_bad_fraction: Annotated[float, Field(ge=0, le=1)] = 0.01
    resume: Literal["auto", "force"] = "auto"
    pre_train_t_net: PhaseConfig = PhaseConfig(
        train_phase="pre_train_t_net", nThreads=4, lr=1e-3, nEpochs=1000
    )
    pre_train_m_net: PhaseConfig = PhaseConfig(train_phase="pre_train_m_net")
    end_to_end: EndToEndConfig = EndToEndConfig(train_phase="end_to_end")
    test: TestConfig = TestConfig()
    infer: InferConfig = InferConfig()
    export: ExportConfig = ExportConfig()
    generate_data: GenerateDataConfig = GenerateDataConfig()

    @model_validator(mode="before")
    @classmethod
    def _sections_start_from_their_defaults(cls, values: Any) -> Any:
        """Fill the keys that a section leaves out with its own defaults; it may be empty."""
        if not isinstance(values, dict):
            return values
        values = dict(values)
        for name, field in cls.model_fields.items():
            if name in values and isinstance(field.default, _Section):
                given = {} if is_empty(values[name]) else values[name]
                if isinstance(given, dict):
                    given = {**field.default.model_dump(), **given}
                values[name] = given
        return values

    @model_validator(mode="after")
    def _phases_are_consistent(self) -> "Config":
        if not self.train_phases or len(set(self.train_phases)) != len(self.train_phases):
            raise ValueError(f"train_phases = {list(self.train_phases)}: needs a phase, and each only once")
        for name in ("pre_train_t_net", "pre_train_m_net", "end_to_end"):
            if self.phase(name).train_phase != name:
                raise ValueError(
                    f"{name}.train_phase = {self.phase(name).train_phase!r}: must be {name!r}; "
                    "to choose the phases that run, set train_phases"
                )
        return self

    def model_info(self) -> ModelInfo:
        """The metadata to use for a model that has none."""
        return ModelInfo(system=self.system, mean=self.mean)

    def phase(self, name: PhaseName) -> PhaseConfig:
        """The section of one training phase."""
        return getattr(self, name)


def load_config(path: str | Path, overrides: list[str] | tuple[str, ...] = ()) -> Config:
    """Read a YAML file, apply overrides of the form "section.key=value", check everything.

    Raises:
        ConfigError: the file cannot be read or values are wrong; each key, its value and what is allowed is
            named.
    """
    values = _read_yaml(Path(path))
    for override in overrides:
        _apply_override(values, override)
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        source = f"{path} with --set {' '.join(overrides)}" if overrides else str(path)
        lines = [f"  {_explain(detail)}" for detail in error.errors()]
        raise ConfigError("\n".join([f"{source}: the configuration cannot be used:", *lines])) from None


def save_config(config: Config, path: str | Path) -> None:
    """Write the resolved configuration as YAML that `load_config` reads back."""
    write_text(path, yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True))


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        values = parse_yaml(path.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; give the configuration with --yaml_path") from None
    except YamlError as error:
        raise ConfigError(f"{path}: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: must hold 'key: value' lines, but holds a {type(values).__name__}")
    return values


def _apply_override(values: dict[str, Any], override: str) -> None:
    dotted_key, equals, text = override.partition("=")
    if not equals or not dotted_key:
        raise ConfigError(f"--set {override}: must be KEY=VALUE, such as end_to_end.lr=1e-4")
    *sections, key = dotted_key.split(".")
    for section in sections:
        if is_empty(values.get(section)):
            values[section] = {}
        inner = values[section]
        if not isinstance(inner, dict):
            raise ConfigError(f"--set {override}: '{section}' is a value, not a section")
        values = inner
    values[key] = _parse_list(override, text) if text.startswith(("[", "{")) else text


def _parse_list(override: str, text: str) -> Any:
    """Parse a list as YAML; other values stay as they are, since YAML would cut off parts of some paths."""
    try:
        return parse_yaml(text)
    except YamlError as error:
        raise ConfigError(f"--set {override}: {error}; write a list as [a, b]") from None


def _explain(detail: dict[str, Any]) -> str:
    """One line for one of pydantic's errors: the key, the value, what is allowed."""
    location = [str(part) for part in detail["loc"]]
    key = ".".join(location)
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        return f"{key}: unknown key{_nearest(location)}"
    if not location:  # a check of several keys names them itself
        return message
    return f"{key} = {detail['input']}: {message[0].lower()}{message[1:]}"


def _nearest(location: list[str]) -> str:
    """'; did you mean ...?' for a mistyped key, else what is allowed in its section."""
    section: Any = Config
    for part in location[:-1]:
        section = section.model_fields[part].annotation
    near = difflib.get_close_matches(location[-1], section.model_fields, n=1)
    if near:
        return f"; did you mean '{'.'.join([*location[:-1], near[0]])}'?"
    return f"; allowed here: {', '.join(section.model_fields)}"
