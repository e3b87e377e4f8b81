"""Operators that are replaced in ONNX files: fewer of the slow ones, the same results."""

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from src.deployment.onnx_operators import use_fast_operators

RNG = np.random.default_rng(0)
IMAGE = RNG.normal(size=(1, 3, 12, 16)).astype(np.float32)
HALVED = {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "VALID"}
DOUBLED = {"kernel_shape": [5, 5], "strides": [2, 2], "pads": [2, 1, 2, 1], "group": 1}


def weight(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def pooling(before: str) -> tuple[list, dict]:
    """Half the size, after zeros before the first row and column, as MindSpore writes it."""
    nodes = [
        helper.make_node(before, ["image"], ["x"]),
        helper.make_node("Concat", ["row", "x"], ["lower"], axis=2),
        helper.make_node("Concat", ["column", "lower"], ["both"], axis=3),
        helper.make_node("MaxPool", ["both"], ["result"], **HALVED),
    ]
    return nodes, {"row": np.zeros((1, 3, 1, 16), np.float32), "column": np.zeros((1, 3, 13, 1), np.float32)}


def doubling(channels: int) -> tuple[list, dict]:
    """Twice the size, then a convolution."""
    doubled = helper.make_node(
        "ConvTranspose", ["image", "kernel"], ["large"], output_shape=[1, 4, 24, 32], **DOUBLED
    )
    last = helper.make_node("Conv", ["large", "last"], ["result"], kernel_shape=[5, 5], pads=[2] * 4)
    return [doubled, last], {"kernel": weight(3, 4, 5, 5), "last": weight(channels, 4, 5, 5)}


def softmax() -> tuple[list, dict]:
    nodes = [
        helper.make_node("Transpose", ["image"], ["last"], perm=[0, 3, 2, 1]),
        helper.make_node("Softmax", ["last"], ["odds"], axis=3),
        helper.make_node("Transpose", ["odds"], ["result"], perm=[0, 3, 2, 1]),
    ]
    return nodes, {}


def write(path: Path, nodes: list, weights: dict) -> None:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("image", "result")]
    tensors = [numpy_helper.from_array(values, name) for name, values in weights.items()]
    graph = helper.make_graph(nodes, "network", ends[:1], ends[1:], tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6), path)


def run(path: Path) -> np.ndarray:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {"image": 30 * IMAGE})[0]


@pytest.mark.parametrize(
    "network, operators",
    [
        (pooling("Relu"), ["Relu", "MaxPool"]),
        (pooling("Neg"), ["Neg", "Concat", "Concat", "MaxPool"]),  # padding is less than its negative values
        (doubling(1), ["Conv", "Conv", "DepthToSpace"]),
        (doubling(2), ["Conv", "DepthToSpace", "Conv"]),
        (softmax(), ["ReduceMax", "Sub", "Exp", "ReduceSum", "Div"]),
    ],
    ids=["pooling", "pooling of negative values", "doubling to alpha", "doubling", "softmax"],
)
def test_fast_operators_compute_the_same(network, operators, tmp_path):
    path = tmp_path / "network.onnx"
    write(path, *network)
    expected = run(path)
    use_fast_operators(path)
    assert Counter(node.op_type for node in onnx.load(path).graph.node) == Counter(operators)
    np.testing.assert_allclose(run(path), expected, rtol=1e-5, atol=1e-6 * np.abs(expected).max())
