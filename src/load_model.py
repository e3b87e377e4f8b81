"""Loading weights, and choosing which a training phase starts from."""

from collections.abc import Sequence
from pathlib import Path

from src.model.folding import fold_batch_norms
from src.model.network import SHMNet
from src.training.checkpoint import best_or_newest_weights, load_weights


def load_network(path: str | Path) -> SHMNet:
    """The end-to-end network in evaluation mode with a checkpoint's weights; errors as `load_weights`."""
    network = SHMNet()
    load_weights(network, path)
    network.set_train(False)
    return network


def load_for_inference(path: str | Path) -> SHMNet:
    """As `load_network`, with batch normalisation folded into the convolutions."""
    network = load_network(path)
    fold_batch_norms(network)
    return network


def load_earlier_weights(
    network: SHMNet, phase: str, run_folder: Path, init_weight: str | None
) -> Sequence[str]:
    """Load what a phase that has no checkpoint of its own starts from.

    These are the weights of --init_weight; for the end-to-end phase, T-Net and M-Net from their own
    phases where these have run. What neither gives stays as it is.

    Returns:
        What was loaded, for people to read.
    """
    origins = []
    if init_weight:
        load_weights(network, init_weight)
        origins.append(f"all weights from {init_weight}")
    if phase == "end_to_end":
        for cell, name, earlier in (
            (network.t_net, "T-Net", "pre_train_t_net"),
            (network.m_net, "M-Net", "pre_train_m_net"),
        ):
            path = best_or_newest_weights(run_folder / earlier)
            if path:
                load_weights(cell, path)
                origins.append(f"{name} from {path}")
    return origins or ["fresh weights"]
