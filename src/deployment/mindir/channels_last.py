"""Keeps MindSpore Lite on CPU from transposing large maps.

Its convolutions compute with channels last. Where a map that comes from none, such as the frame, is joined to
one that does, it would transpose the latter, join, and transpose the result back. A convolution that changes
nothing brings the former, which is smaller, into that layout instead.
"""

from typing import Any

import numpy as np

from src.deployment.mindir.graph import MindirGraph

# Operators that take over the layout of what they get.
_NEUTRAL = frozenset(
    ("Add", "BiasAdd", "Concat", "InstanceNorm", "MakeTuple", "Mul", "ReLU", "ReLU6", "Resize")
    + ("ResizeNearestNeighbor", "Split", "TupleGetItem")
)


class ChannelsLast(MindirGraph):
    """Changes a model of MINDIR version 1, in place."""

    def run(self) -> None:
        """Add the convolutions."""
        new: dict[str, list[Any]] = {}
        for node in self.model.graph.node:
            if self.operator(node) == "Concat" and len(node.attribute[0].tensors[0].dims) == 4:
                both = self.node_of[node.input[0]]
                others = [place for place, name in enumerate(both.input) if not lies_last(self, name)]
                if len(others) < len(both.input):
                    new[both.output[0]] = [self._same(node, both, place) for place in others]
        self.insert(new)

    def _same(self, joined: Any, both: Any, place: int) -> Any:
        """Put a convolution before one of the joined maps."""
        channels = both.attribute[0].values[place].tensors[0].dims[1]
        weight = self.parameter(joined, f"identity{place}", np.eye(channels)[..., np.newaxis, np.newaxis])
        same = self.node_before(joined, f"same{place}", both.input[place], weight)
        same.attribute[0].tensors[0].dims[1] = channels
        self.add_convolution(same, channels, groups=1, kernel=1, margin=0)
        both.input[place] = same.output[0]
        return same


def lies_last(graph: MindirGraph, name: str) -> bool:
    """Whether an output comes from a convolution, so that its channels are last."""
    node = graph.node_of.get(name)
    if node is None:
        return False
    operator = graph.operator(node)
    return operator == "Conv2D" or (
        operator in _NEUTRAL and any(lies_last(graph, each) for each in node.input)
    )
