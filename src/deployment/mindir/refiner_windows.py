"""Finds the windows of Background Matting V2's refiner in a MINDIR."""

from dataclasses import dataclass
from typing import Any

from src.deployment.mindir.graph import MindirGraph


@dataclass(frozen=True)
class RefinerWindows:
    """Windows of 8x8 pixels, that the exported network copies from padded maps.

    Attributes:
        chosen: output that holds the numbers of the K cells.
        half: node that gives those of half size, (K, C + 6, 8, 8); None if it was replaced.
        enlarged: the coarse output at half size, (1, C, H / 2, W / 2), the first part of their map.
        whole: node that gives those of whole size, (K, 6, 8, 8), of photo and plate.
        images: the names of photo and plate, (1, 3, H, W).
    """

    chosen: str
    half: Any | None
    enlarged: str
    whole: Any
    images: list[str]

    @property
    def count(self) -> int:
        """K."""
        return self.whole.attribute[0].tensors[0].dims[0]


def find_windows(graph: MindirGraph) -> RefinerWindows | None:
    """The windows of a model of MINDIR version 1; None if it has none."""
    nodes = graph.model.graph.node
    chosen = [node for node in nodes if _is_chosen(graph, node)]
    found = [(node, parts) for node in nodes if (parts := _padded_parts(graph, node))]
    if len(chosen) != 1 or not found:
        return None
    half, (enlarged, _) = found[0] if len(found) > 1 else (None, ("", ""))
    whole, images = found[-1]
    return RefinerWindows(chosen[0].output[0], half, enlarged, whole, images)


def _is_chosen(graph: MindirGraph, node: Any) -> bool:
    """Whether the node's output is the numbers of the chosen cells."""
    return graph.before(node, "TopK") is not None and graph.constants[node.input[1]].i == 1


def _padded_parts(graph: MindirGraph, node: Any) -> list[str] | None:
    """If a node's output is windows of a padded map that was joined of two, these."""
    if graph.operator(node) != "Transpose":
        return None
    for operator in ("Reshape", "Gather", "Reshape", "Transpose", "Pad", "Concat", "MakeTuple"):
        node = graph.before(node, operator)
    return None if node is None or len(node.input) != 2 else list(node.input)
