"""Loads the end-to-end network with the weights of a checkpoint."""

from pathlib import Path

from src.model.folding import fold_batch_norms
from src.model.network import SHMNet
from src.model.weights import load_weights


def load_network(path: str | Path) -> SHMNet:
    """Load the end-to-end network in evaluation mode; raises the errors of `load_weights`."""
    network = SHMNet()
    load_weights(network, path)
    network.set_train(False)
    return network


def load_for_inference(path: str | Path) -> SHMNet:
    """As `load_network`, with batch normalisation folded into the convolutions."""
    network = load_network(path)
    fold_batch_norms(network)
    return network
