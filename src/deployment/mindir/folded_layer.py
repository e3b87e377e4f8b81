"""A convolution with the normalisation or biases behind it, as one weight and one bias."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from src.deployment.mindir.graph import MindirGraph


@dataclass(frozen=True)
class FoldedLayer:
    """Weight (O, I, h, w) and bias (O,), float64; `source` is the input, `end` the node that ends it."""

    weight: np.ndarray
    bias: np.ndarray
    source: str
    end: Any


def layer_before(graph: MindirGraph, name: str) -> FoldedLayer:
    """The layer that gives an output, with or without ReLU.

    Raises:
        KeyError: the output comes from something else.
    """
    node = end = graph.node_of[name]
    if graph.operator(node) == "ReLU":
        node = graph.node_of[node.input[0]]
    if graph.operator(node) == "TupleGetItem":
        node = graph.node_of[node.input[0]]
    convolution = graph.node_of[node.input[0]]
    weight = graph.weight(convolution).astype(np.float64)
    values = [graph.array(each).astype(np.float64) for each in node.input[1:]]
    if graph.operator(node) == "BiasAdd":
        [bias] = values
    elif graph.operator(node) == "BatchNorm":
        gamma, beta, mean, variance = values
        scale = gamma / np.sqrt(variance + graph.setting(node, "epsilon"))
        weight *= scale[:, np.newaxis, np.newaxis, np.newaxis]
        bias = beta - mean * scale
    else:
        raise KeyError(name)
    return FoldedLayer(weight, bias, convolution.input[0], end)
