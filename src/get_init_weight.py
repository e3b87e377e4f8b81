"""Turn weights of the original PyTorch network into a checkpoint for --init_weight.

    python src/get_init_weight.py MODEL.pth [--output init_weight.ckpt]

Besides what training needs, this needs PyTorch: pip install torch
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

if not __package__:  # started as a script: the package `src` lies in the repository root
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from src.common.command_line import run_command  # noqa: E402
from src.common.errors import UserError  # noqa: E402

# Batch normalisation names its values differently; all other names are the same.
_TORCH_NAMES = {
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
_COUNTER = ".num_batches_tracked"
_UNUSED_LAYER = "m_net.en_conv_bn_relu_5."  # the original builds it, but its forward pass never calls it
_PARALLEL_PREFIX = "module."  # from torch.nn.DataParallel
_NAMES_SHOWN = 10


def torch_name(name: str) -> str:
    """What the original network calls a parameter of this one."""
    layer, _, kind = name.rpartition(".")
    return f"{layer}.{_TORCH_NAMES.get(kind, kind)}"


def convert_state_dict(state: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], list[str]]:
    """Give the entries of a PyTorch state dict the names and the order of this network's parameters.

    Args:
        state: arrays by name; every name may have the prefix `module.`.

    Returns:
        The float32 weights by name, and the names of entries that neither network knows.

    Raises:
        UserError: a parameter is missing or has another shape.
    """
    # MindSpore takes seconds to import; --help and a wrong path should not wait for it.
    from src.model.network import SHMNet

    state = {name.removeprefix(_PARALLEL_PREFIX): value for name, value in state.items()}
    shapes = {parameter.name: tuple(parameter.shape) for parameter in SHMNet().get_parameters()}
    sources = {name: torch_name(name) for name in shapes}

    missing = [source for source in sources.values() if source not in state]
    if missing:
        raise UserError(
            f"holds no full set of this network's weights; missing {len(missing)} of {len(sources)}: "
            f"{_listed(missing)}"
        )
    wrong = [
        f"{source} is {state[source].shape}, not {shapes[name]}"
        for name, source in sources.items()
        if state[source].shape != shapes[name]
    ]
    if wrong:
        raise UserError(f"has weights of another shape than this network's: {_listed(wrong)}")

    weights = {name: np.asarray(state[source], np.float32) for name, source in sources.items()}
    known = set(sources.values())
    unknown = [
        name
        for name in state
        if name not in known and not name.endswith(_COUNTER) and not name.startswith(_UNUSED_LAYER)
    ]
    return weights, unknown


def read_torch_state_dict(path: str | Path) -> dict[str, np.ndarray]:
    """Read a state dict, plain or as the entry `state_dict` of a dict, without running code from the file.

    Raises:
        UserError: PyTorch is not installed, or the file is missing, damaged or no state dict.
    """
    if not Path(path).is_file():
        raise UserError(f"{path}: no such file")
    try:
        import torch
    except ImportError:
        raise UserError(f"{path}: PyTorch is needed to read it; install it with: pip install torch") from None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged files fail in many ways: in the archive, the pickle, a tensor
        raise UserError(
            f"{path}: is damaged, or holds more than a state dict ({type(error).__name__}); save it again in "
            "PyTorch with torch.save(model.state_dict(), ...)"
        ) from None
    state = content.get("state_dict", content) if isinstance(content, dict) else None
    if not isinstance(state, dict) or not all(
        isinstance(name, str) and torch.is_tensor(value) for name, value in state.items()
    ):
        raise UserError(f"{path}: holds no state dict, neither plain nor as its entry state_dict")
    return {name: value.detach().float().numpy() for name, value in state.items()}


def write_checkpoint(weights: Mapping[str, np.ndarray], path: str | Path) -> None:
    """Write weights by name as a MindSpore checkpoint."""
    import mindspore as ms

    from src.model.weights import save_parameters

    save_parameters([{"name": name, "data": ms.Tensor(value)} for name, value in weights.items()], path)


def _halved(name: str, value: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        half = value.astype(np.float16)
    if not np.isfinite(half).all():
        raise UserError(
            f"{name} does not fit float16 (largest value {np.abs(value).max():g}); leave --half out"
        )
    return half


def _listed(names: list[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def main() -> None:
    """Read the command line and convert."""
    parser = argparse.ArgumentParser(
        description="Turn weights of the original PyTorch network (a state dict, plain or as the entry\n"
        "state_dict) into a MindSpore checkpoint for train.py --init_weight. Needs PyTorch.",
        epilog="example:\n  python src/get_init_weight.py model_obj.pth --output init_weight.ckpt",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("model", metavar="MODEL.pth", help="PyTorch state dict (.pth or .pt)")
    parser.add_argument(
        "--output", metavar="FILE", default="init_weight.ckpt", help="written (default: %(default)s)"
    )
    parser.add_argument("--half", action="store_true", help="store float16: half the size, for predict.py")
    arguments = parser.parse_args()
    if Path(arguments.output).suffix != ".ckpt":  # MindSpore would append it
        raise UserError(f"--output {arguments.output}: must end in .ckpt")

    state = read_torch_state_dict(arguments.model)
    try:
        weights, unknown = convert_state_dict(state)
    except UserError as error:
        raise UserError(f"{arguments.model}: {error}") from None
    if arguments.half:
        weights = {name: _halved(name, value) for name, value in weights.items()}
    write_checkpoint(weights, arguments.output)

    print(f"{arguments.output}: {len(weights)} parameters, {sum(map(np.size, weights.values()))} values")
    print(f"entries *{_COUNTER} and the layer {_UNUSED_LAYER[:-1]} are left out: the network never uses them")
    if unknown:
        print(f"unknown entries, left out too: {', '.join(unknown)}")


if __name__ == "__main__":
    run_command(main)
