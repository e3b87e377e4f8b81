"""Names of an ONNX file's outputs, which MindSpore numbers."""

from collections.abc import Sequence
from pathlib import Path


def name_outputs(path: Path, names: Sequence[str]) -> None:
    """Name the outputs, in order, in the file itself."""
    import onnx  # needed by exports to ONNX alone

    model = onnx.load(path)
    new = dict(zip((output.name for output in model.graph.output), names, strict=True))
    for node in model.graph.node:
        for place, name in enumerate(node.output):
            node.output[place] = new.get(name, name)
        for place, name in enumerate(node.input):
            node.input[place] = new.get(name, name)
    for output in model.graph.output:
        output.name = new[output.name]
    onnx.save(model, path)
