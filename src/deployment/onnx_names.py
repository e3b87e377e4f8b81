"""Names of an ONNX file's inputs and outputs, which MindSpore numbers."""

from collections.abc import Sequence
from pathlib import Path

from src.deployment.onnx_package import import_onnx


def name_ends(path: Path, inputs: Sequence[str], outputs: Sequence[str]) -> None:
    """Name inputs and outputs, in order, in the file itself; raises as `import_onnx`."""
    onnx = import_onnx(path)
    model = onnx.load(path)
    new = dict(zip((each.name for each in model.graph.input), inputs, strict=True))
    new |= dict(zip((each.name for each in model.graph.output), outputs, strict=True))
    for node in model.graph.node:
        for place, name in enumerate(node.output):
            node.output[place] = new.get(name, name)
        for place, name in enumerate(node.input):
            node.input[place] = new.get(name, name)
    for each in (*model.graph.input, *model.graph.output):
        each.name = new[each.name]
    onnx.save(model, path)
