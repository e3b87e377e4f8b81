"""The rows of the benchmark: what is measured, and against what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from src.benchmark.contender import KEEP_MEMORY
from src.benchmark.samples import VIDEO_FRAMES, Samples

BOUND = "bound"
_PYTORCH = "PyTorch, channels last"
_PLAIN, _PLAIN_PYTORCH = "plain script, ONNX Runtime", "plain script, PyTorch"
# src limits oneDNN for MindSpore; PyTorch is measured without the limit.
_PYTORCH_ENVIRONMENT = {**KEEP_MEMORY, "ONEDNN_MAX_CPU_ISA": "DEFAULT"}


@dataclass(frozen=True)
class Work:
    """A workload; see contender.py."""

    maker: str
    arguments: tuple = ()
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """Workloads that are measured in turn and compared.

    Args:
        title: what is measured.
        item: the unit that is counted.
        works: the workloads by label; one labelled BOUND does only the unavoidable part.
        baseline: label of the workload that the others are compared with.
        operations: multiply-accumulates per item; with the measured rate of matrix products, they give a
            bound.
        rounds: how often each workload is measured.
        ours: labels of what this project is used by.
        is_shown: whether it is one of the few rows of the chart and of the short table.
        unit: of the results, see `Result`.
    """

    title: str
    item: str
    works: dict[str, Work]
    baseline: str
    operations: int = 0
    rounds: int = 5
    ours: tuple[str, ...] = ()
    is_shown: bool = False
    unit: str = "s"


def use_rows(samples: Samples) -> list[Row]:
    """What a user waits for: the first photo, a folder, a video; against a plain script."""
    photo, folder, clip = (str(each) for each in (samples.photo, samples.small_photos, samples.video))
    count = samples.small_count
    first = {
        "predict.py": Work("prediction:first_matte", (photo,)),
        "predict.py --engine mindspore": Work("prediction:first_matte", (photo, "--engine", "mindspore")),
        _PLAIN: Work("prediction:plain_first_matte", (photo, "onnx")),
        _PLAIN_PYTORCH: Work("prediction:plain_first_matte", (photo, "torch"), _PYTORCH_ENVIRONMENT),
    }
    many = {
        "predict.py": Work("prediction:folder", (folder, "auto", True)),
        "predict.py --fast": Work("prediction:folder", (folder, "auto", False)),
        "predict.py --fast --engine mindspore": Work("prediction:folder", (folder, "mindspore", False)),
        "its network alone, ONNX Runtime": Work("prediction:network_alone", (count, True)),
        "the same, once per photo": Work("prediction:network_alone", (count, False)),
        _PLAIN: Work("prediction:plain_folder", (folder, "onnx")),
        _PLAIN_PYTORCH: Work("prediction:plain_folder", (folder, "torch"), _PYTORCH_ENVIRONMENT),
    }
    moving = {
        "predict.py": Work("prediction:video", (clip, VIDEO_FRAMES, True)),
        "predict.py --fast": Work("prediction:video", (clip, VIDEO_FRAMES, False)),
        _PLAIN: Work("prediction:plain_video", (clip, VIDEO_FRAMES, "onnx")),
        _PLAIN_PYTORCH: Work("prediction:plain_video", (clip, VIDEO_FRAMES, "torch"), _PYTORCH_ENVIRONMENT),
    }
    return [
        Row(
            title,
            item,
            works,
            _PLAIN,
            ours=tuple(label for label in works if "predict.py" in label),
            rounds=3,
            is_shown=True,
        )
        for title, item, works in (
            ("first photo, 600x800, from the command to its end", "photo", first),
            (f"folder of {count} photos of 340x460", "photo", many),
            (f"video of 640x480, {VIDEO_FRAMES} frames", "frame", moving),
        )
    ]


def network_rows(size: int, operations: int, folder: Path) -> list[Row]:
    """Inference on one photo of `size`; MindSpore and the exports use folded batch normalisation.

    Exported files are written to `folder`.
    """
    works = {
        "MindSpore": Work("networks:mindspore", (size,)),
        "C++ runner": Work("runner:network", (size, str(folder))),
        "ONNX Runtime": Work("networks:onnx", (size, str(folder))),
        "PyTorch eager": Work("networks:torch", (size, False), _PYTORCH_ENVIRONMENT),
        _PYTORCH: Work("networks:torch", (size, True), _PYTORCH_ENVIRONMENT),
    }
    ours = ("MindSpore", "C++ runner")
    title = f"network, 1 photo at {size}"
    return [Row(title, "photo", works, "PyTorch eager", operations, rounds=15, ours=ours, is_shown=True)]


def runner_rows(samples: Samples, folder: Path) -> list[Row]:
    """The C++ runner from photos to mattes; the model is exported to `folder`."""
    label = "shm_infer --photos, whole / network"
    works = {label: Work("runner:photos", (str(samples.small_photos), str(folder)))}
    title = f"folder of {samples.small_count} photos of 340x460, C++ runner"
    return [Row(title, "folder", works, label, ours=(label,), unit="times")]


def plate_rows(folder: Path) -> list[Row]:
    """Background Matting V2 on one photo and its plate; see `network_rows`."""
    width, height = 1920, 1088  # the runner takes multiples of 64
    size, exported = (width, height), (width, height, str(folder))
    works = {
        "MindSpore": Work("plates:mindspore", exported),
        "C++ runner": Work("plates:runner", exported),
        "ONNX Runtime": Work("plates:onnx", exported),
        "PyTorch eager": Work("plates:torch", (*size, False), _PYTORCH_ENVIRONMENT),
        _PYTORCH: Work("plates:torch", (*size, True), _PYTORCH_ENVIRONMENT),
    }
    title = f"network with plates, sampling, 1 photo of {width}x{height}"
    return [Row(title, "photo", works, "PyTorch eager", ours=("MindSpore", "C++ runner"))]


def step_rows(size: int, batches: list[int], operations: Mapping[str, int]) -> list[Row]:
    """A training step of each phase; `operations` counts its forward pass for one photo."""
    from src.systems.shm import PHASES  # needs MindSpore, as these two groups do

    rows = []
    for phase in PHASES:
        for batch in batches:
            arguments = (phase, batch, size)
            works = {
                "MindSpore": Work("steps:mindspore", arguments),
                "MindSpore, memory kept": Work("steps:mindspore", arguments, KEEP_MEMORY),
                _PYTORCH: Work("steps:torch", arguments, _PYTORCH_ENVIRONMENT),
            }
            title = f"step of {batch}, {PHASES[phase].title}, {size}"
            # The backward pass costs twice the forward pass: gradients of inputs and of weights.
            count, ours = 3 * batch * operations[phase], ("MindSpore", "MindSpore, memory kept")
            shown = (phase, batch) == ("end_to_end", max(batches))
            rows.append(Row(title, "step", works, _PYTORCH, count, rounds=3, ours=ours, is_shown=shown))
    return rows


def pipeline_rows(data: Path, size: int, numbers_of_workers: list[int]) -> list[Row]:
    """Reading training samples, and the phase with the fastest step fed by them."""
    from src.systems.shm import PHASES

    rows = []
    for workers in numbers_of_workers:
        works = {
            "dataset.py": Work("data:pipeline", (str(data), size, workers)),
            "PyTorch's DataLoader": Work("data:torch_loader", (str(data), size, workers)),
            "one after the other": Work("data:plain_loop", (str(data), size)),
        }
        title = f"input, 600x800 to {size}, workers: {workers}"
        rows.append(Row(title, "sample", works, "one after the other"))
    arguments = ("pre_train_m_net", 8, size)
    works = {
        "photos, read meanwhile": Work("steps:mindspore_with_data", (*arguments, str(data), 1)),
        "one batch again and again": Work("steps:mindspore", arguments),
    }
    title = f"step of 8, {PHASES['pre_train_m_net'].title}, {size}, with its input"
    rows.append(Row(title, "step", works, "one batch again and again"))
    return rows


def generation_rows(source: Path, pairs: int) -> list[Row]:
    """Making a data set."""
    works = {
        f"generate_datasets.py, workers: {workers}": Work("data:generation", (str(source), workers))
        for workers in (2, 1)
    }
    works["step after step"] = Work("data:step_after_step", (str(source),))
    works[BOUND] = Work("data:decoding_and_encoding", (str(source),))
    return [Row(f"data set, {pairs} pairs of 600x800", "pair", works, "step after step", rounds=3)]


def file_rows(data: Path, size: int) -> list[Row]:
    """Evaluation, from file to file."""
    evaluation = {
        "eval.py": Work("files:evaluation", (str(data), size)),
        "one after the other": Work("files:plain_evaluation", (str(data), size)),
        BOUND: Work("files:network_of_evaluation", (str(data), size)),
    }
    title = f"evaluation of 600x800 at {size}"
    return [Row(title, "photo", evaluation, "one after the other", ours=("eval.py",))]


def start_rows() -> list[Row]:
    """Commands from start to exit."""
    works = {
        "train.py --help": Work("files:command", ("train.py", "--help")),
        "import mindspore": Work("files:command", ("-c", "import mindspore")),
    }
    return [Row("from a command to its end", "start", works, "import mindspore", ours=("train.py --help",))]


def memory_works(data: Path, large_photo: Path, size: int) -> dict[str, Work]:
    """Workloads whose peak memory is measured."""
    return {
        f"training end to end, batch 8 at {size}": Work("steps:mindspore", ("end_to_end", 8, size)),
        f"evaluation at {size}": Work("files:evaluation", (str(data), size)),
        "predict.py, photo of 7680x4320": Work("prediction:first_matte", (str(large_photo),)),
    }
