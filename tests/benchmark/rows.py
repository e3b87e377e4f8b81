"""What is measured, and against what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from src.phases import PHASES
from tests.benchmark.contender import KEEP_MEMORY


@dataclass(frozen=True)
class Work:
    """A contender; see contender.py."""

    maker: str
    arguments: tuple = ()
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """Works that are done in turn.

    Args:
        group: what --only takes.
        title: of the work.
        item: what is counted.
        works: by label; the first is ours.
        baseline: label of the one that the others are compared with.
        bound: label of the one below which no way of doing the work can get, if that is measured.
        operations: multiply-accumulates of an item, of which the measured rate of matrix products makes a
            bound.
        rounds: how often each is measured.
    """

    group: str
    title: str
    item: str
    works: dict[str, Work]
    baseline: str
    bound: str = ""
    operations: int = 0
    rounds: int = 5


GROUPS = ("network", "steps", "pipeline", "generation", "files", "start", "memory")
BOUND = "bound"
_PYTORCH = "PyTorch, channels last"


def network_rows(size: int, operations: int) -> list[Row]:
    """One photo through the network."""
    works = {
        "MindSpore": Work("networks:mindspore", (size,)),
        "C++ runner": Work("networks:runner", (size,)),
        "ONNX Runtime": Work("networks:onnx", (size,)),
        "PyTorch eager": Work("networks:torch", (size, False), KEEP_MEMORY),
        _PYTORCH: Work("networks:torch", (size, True), KEEP_MEMORY),
    }
    return [
        Row("network", f"network, 1 photo at {size}", "photo", works, "PyTorch eager", "", operations, 15)
    ]


def step_rows(size: int, batches: tuple[int, ...], operations: dict[str, int]) -> list[Row]:
    """A training step of each phase."""
    rows = []
    for phase in PHASES:
        for batch in batches:
            arguments = (phase, batch, size)
            works = {
                "MindSpore": Work("steps:mindspore", arguments),
                "MindSpore, memory kept": Work("steps:mindspore", arguments, KEEP_MEMORY),
                _PYTORCH: Work("steps:torch", arguments, KEEP_MEMORY),
            }
            title = f"step of {batch}, {PHASES[phase].title}, {size}"
            # Backward costs twice as much as forward: products for inputs and for weights.
            count = 3 * batch * operations[phase]
            rows.append(Row("steps", title, "step", works, _PYTORCH, "", count))
    return rows


def pipeline_rows(folder: Path, size: int) -> list[Row]:
    """Samples for training."""
    rows = []
    for workers in (1, 2):
        works = {
            f"dataset.py, {workers} workers": Work("data:pipeline", (str(folder), size, workers)),
            f"DataLoader, {workers} workers": Work("data:torch_loader", (str(folder), size, workers)),
            "plain loop": Work("data:plain_loop", (str(folder), size)),
        }
        rows.append(Row("pipeline", f"input, 600x800 to {size}", "sample", works, "plain loop"))
    return rows


def generation_rows(source: Path) -> list[Row]:
    """Making a data set."""
    works = {
        f"generate_datasets.py, {workers} workers": Work("data:generation", (str(source), workers))
        for workers in (2, 1)
    }
    works["step after step"] = Work("data:plain_generation", (str(source),))
    works["copying the source"] = Work("data:copying", (str(source),))
    return [
        Row(
            "generation",
            "data set, 300 pairs of 600x800",
            "pair",
            works,
            "step after step",
            "copying the source",
            rounds=3,
        )
    ]


def file_rows(folder: Path, size: int, predict_size: int) -> list[Row]:
    """Photos from file to file."""
    data = str(folder)
    evaluation = {
        "eval.py": Work("files:evaluation", (data, size, "all")),
        "eval.py --save none": Work("files:evaluation", (data, size, "none")),
        "plain loop": Work("files:plain_evaluation", (data, size)),
        "network alone": Work("files:network_of_evaluation", (data, size)),
    }
    prediction = {
        "predict.py": Work("files:prediction", (data, predict_size)),
        "plain loop": Work("files:plain_prediction", (data, predict_size)),
        "network alone": Work("files:network_of_prediction", (data, predict_size)),
    }
    return [
        Row("files", f"evaluation, {size}", "photo", evaluation, "plain loop", "network alone"),
        Row("files", f"predict.py, {predict_size}", "photo", prediction, "plain loop", "network alone"),
    ]


def start_rows(photo: Path) -> list[Row]:
    """From a command to its first result."""
    help_text = {
        "train.py --help": Work("files:command", ("train.py", "--help")),
        "import mindspore": Work("files:command", ("-c", "import mindspore")),
    }
    matte = {
        "predict.py photo.jpg": Work("files:first_matte", (str(photo),)),
        "import mindspore": Work("files:command", ("-c", "import mindspore")),
    }
    return [
        Row("start", "help", "start", help_text, "import mindspore"),
        Row(
            "start", "first matte of a 600x800 photo", "start", matte, "import mindspore", "import mindspore"
        ),
    ]


def memory_works(folder: Path, large_photo: Path, size: int) -> dict[str, Work]:
    """Works whose peak of memory is measured."""
    return {
        f"training end to end, batch 8 at {size}": Work("steps:mindspore", ("end_to_end", 8, size)),
        f"evaluation at {size}": Work("files:evaluation", (str(folder), size, "all")),
        "predict.py, photo of 7680x4320": Work("files:first_matte", (str(large_photo),)),
    }
