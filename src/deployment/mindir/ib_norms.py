"""IBNorm in the form that MindSpore Lite computes fast on CPU.

Batch normalisation of a convolution's first half is folded into its weights; instance normalisation of its
second half becomes one operator, which MindSpore itself does not have on CPU.
"""

from typing import Any

import numpy as np

from src.deployment.mindir.graph import MindirGraph, add_attribute

_GAMMA = ".norm.gamma"
_EPSILON = 1e-5  # of both normalisations


class IBNorms(MindirGraph):
    """Changes a model of MINDIR version 1, in place; one without IBNorm stays as it is."""

    def run(self) -> None:
        """Replace every IBNorm.

        Raises:
            LookupError: an IBNorm has an unknown form.
        """
        graph = self.model.graph
        self._parameters = {each.name: each for each in graph.parameter}
        found = {}
        for name in list(self._parameters):
            layer = name.removesuffix(_GAMMA)
            bias = self._parameters.get(f"{layer}.conv.bias")
            if layer != name and bias and bias.dims[0] == 2 * self._parameters[name].dims[0]:
                found |= self._replace(layer, bias)
        if found:
            self.insert(found)

    def _replace(self, layer: str, bias: Any) -> dict[str, list[Any]]:
        """Give the ReLU behind a layer's IBNorm another input; returns the new nodes by the ReLU's output."""
        [load] = self.users[bias.name]
        [add] = self._users_by("BiasAdd", load)
        scaled = self._users_by("Mul", add)
        if not scaled:  # replaced before
            return {}
        [shifted] = self._users_by("Add", *scaled)
        [relu] = self._users_by("ReLU", shifted)
        self._fold(layer, bias)
        half = bias.dims[0] // 2
        numbers = [self.number_before(add, f"number{place}", place) for place in range(2)]
        halves = [self.node_before(add, f"half{place}") for place in range(2)]
        one, zero = (self.parameter(add, name, np.full(half, value)) for name, value in (("1", 1), ("0", 0)))
        norm = self.node_before(add, "norm", halves[1].output[0], one, zero)
        add_attribute(self.add_primitive(norm, "InstanceNorm"), "epsilon", _EPSILON)
        for node in (*halves, norm):
            node.attribute[0].tensors[0].dims[1] = half
        split = self.tuple_before(add, "split", halves, add.output[0])
        primitive = self.add_primitive(split, "Split")
        add_attribute(primitive, "axis", 1)
        add_attribute(primitive, "output_num", 2)
        for node, number in zip(halves, numbers, strict=True):
            self.add_primitive(node, "TupleGetItem")
            node.input[:] = [split.output[0], number.output[0]]
        both = self.tuple_before(add, "both", halves, halves[0].output[0], norm.output[0])
        self.add_primitive(both, "MakeTuple")
        joined = self.node_before(add, "joined", both.output[0])
        add_attribute(self.add_primitive(joined, "Concat"), "axis", 1)
        relu.input[:] = [joined.output[0]]
        return {relu.output[0]: [split, *numbers, *halves, norm, both, joined]}

    def _users_by(self, operator: str, node: Any) -> list[Any]:
        """The nodes with an operator that take a node's output."""
        return [each for each in self.users[node.output[0]] if self.operator(each) == operator]

    def _fold(self, layer: str, bias: Any) -> None:
        """Fold batch normalisation into the weights and biases of the first half."""
        gamma, beta, mean, variance = (
            self._read(f"{layer}.norm.{name}") for name in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        scale = gamma / np.sqrt(variance + _EPSILON)
        half = len(scale)
        weights, biases = self._read(f"{layer}.conv.weight"), self._read(bias.name)
        weights[:half] *= scale[:, np.newaxis, np.newaxis, np.newaxis]
        biases[:half] = (biases[:half] - mean) * scale + beta
        for name, values in ((f"{layer}.conv.weight", weights), (bias.name, biases)):
            self._parameters[name].raw_data = values.astype(np.float32).tobytes()

    def _read(self, name: str) -> np.ndarray:
        parameter = self._parameters[name]
        values = np.frombuffer(parameter.raw_data, np.float32)
        return values.reshape(parameter.dims).astype(np.float64)
