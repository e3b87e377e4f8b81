"""Loads a system's network for inference with the weights of a checkpoint."""

from pathlib import Path

from mindspore import nn

from src.model.folding import fold_batch_norms
from src.model.network import SHMNet
from src.model.pspnet.pyramid import fold_pyramids
from src.model.weights import load_weights
from src.systems.registry import SystemName, get_system


def load_network(path: str | Path, system: SystemName = "shm") -> nn.Cell:
    """Load the network in evaluation mode; raises the errors of `load_weights`."""
    # SHM needs nothing of what surrounds its training.
    network = SHMNet() if system == "shm" else get_system(system).build_inference()
    load_weights(network, path)
    network.set_train(False)
    return network


def load_for_inference(path: str | Path, system: SystemName = "shm") -> nn.Cell:
    """As `load_network`, with pyramids folded, and batch normalisation into the convolutions."""
    network = load_network(path, system)
    fold_pyramids(network)
    fold_batch_norms(network)
    return network
