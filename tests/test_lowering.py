"""Lowering of MINDIR: in the runner's runtime, operators and network compute what MindSpore computes."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import mindspore as ms
from mindspore import Tensor, nn, ops
from mindspore.train.mind_ir_pb2 import ModelProto

from export import export
from src.config import Config
from src.deployment.lowering import LOWERED_VERSION, MindirError, lower_file
from src.load_model import load_network
from src.model.m_net import MaxPoolHalf, deconv_x2
from src.model.pspnet.cells import Pool
from src.model.t_net import UpsampleTwice
from tests.golden_weights import load_golden_weights, random_image
from tests.runner import read_output, run_runner, write_input

SIZE = 64


class After(nn.Cell):
    """ReLU, then a cell: the runtime computes NaN where a network is a batch normalisation alone."""

    def __init__(self, cell: nn.Cell):
        super().__init__()
        self.cell = cell

    def construct(self, x: Tensor) -> Tensor:
        return self.cell(ops.relu(x))


class AddBias(nn.Cell):
    def __init__(self):
        super().__init__()
        self.bias = ms.Parameter(Tensor(random_image(3)), name="bias")

    def construct(self, x: Tensor) -> Tensor:
        return ops.BiasAdd()(x, self.bias)


class Split(nn.Cell):
    def construct(self, x: Tensor) -> Tensor:
        first, second, third = ops.split(x, 1, 1)
        return first + second * third


class Concat(nn.Cell):
    def construct(self, x: Tensor) -> Tensor:
        return ops.concat((x, ops.relu(x)), 1)


class Gather(nn.Cell):
    def construct(self, x: Tensor) -> Tensor:
        return ops.gather(x, Tensor([2, 0], ms.int32), 1)


class Slice(nn.Cell):
    def construct(self, x: Tensor) -> Tensor:
        return x[:, 1:3, ::2, 3:]


class Softmax(nn.Cell):
    def construct(self, x: Tensor) -> Tensor:
        return ops.softmax(x, 1)


class Tanh(nn.Cell):
    def construct(self, x: Tensor) -> Tensor:
        return ops.tanh(x)


class Resize(nn.Cell):
    """Bilinear resizing that is not the doubling of T-Net."""

    def __init__(self, factor: float, align_corners: bool):
        super().__init__()
        self.factor = factor
        self.align_corners = align_corners

    def construct(self, x: Tensor) -> Tensor:
        size = (int(self.factor * x.shape[2]), int(self.factor * x.shape[3]))
        return ops.interpolate(x, size=size, mode="bilinear", align_corners=self.align_corners)


class Clamp(nn.Cell):
    def construct(self, x: Tensor) -> Tensor:
        return ops.clamp(x, -0.5, 1.25)


class Mean(nn.Cell):
    def construct(self, x: Tensor) -> Tensor:
        return x + ops.mean(ops.relu(x), 3, True)


OPERATORS = {
    "BatchNorm": lambda: After(nn.BatchNorm2d(3)),
    "BiasAdd": AddBias,
    "Concat": Concat,
    "Gather": Gather,
    "Softmax": Softmax,
    "Split": Split,
    "StridedSlice": Slice,
    "ResizeBilinearV2": UpsampleTwice,
    "4 times ResizeBilinearV2": lambda: Resize(4, False),
    "quarter ResizeBilinearV2": lambda: Resize(0.25, False),
    "ClampScalar": Clamp,
    "ReduceMean": Mean,
    "Conv2D": lambda: nn.Conv2d(3, 5, 3, pad_mode="pad", padding=1),
    "depthwise Conv2D": lambda: nn.Conv2d(3, 3, 3, 2, pad_mode="pad", padding=1, group=3),
    "Conv2DTranspose": lambda: deconv_x2(3),
    "MatMul": lambda: Pool(3),
    "MaxPool": lambda: After(MaxPoolHalf()),
    "PReLU": lambda: nn.PReLU(1),
    "ReLU6": nn.ReLU6,
}


def export_cell(cell: nn.Cell, image: np.ndarray, folder: Path) -> Path:
    path = folder / "cell.mindir"
    ms.export(cell.set_train(False), Tensor(image), file_name=str(path), file_format="MINDIR")
    return path


def read_model(path: Path) -> ModelProto:
    model = ModelProto()
    model.ParseFromString(path.read_bytes())
    return model


class AllOperators(nn.Cell):
    """x to what each operator makes of it: one export and one start of the runtime serve them all."""

    def __init__(self):
        super().__init__()
        self.each = nn.CellList([make() for make in OPERATORS.values()])

    def construct(self, x: Tensor) -> tuple[Tensor, ...]:
        outputs = ()
        for cell in self.each:
            outputs += (cell(x),)
        return outputs


@pytest.fixture(scope="module", params=[(8, 8), (12, 20)], ids=["8x8", "12x20"])
def computed(request, runner, tmp_path_factory) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What the runtime and MindSpore compute for an image of some height and width, by operator."""
    folder = tmp_path_factory.mktemp("operators")
    cell = AllOperators()
    load_golden_weights(cell)
    image = 4 * random_image(1, 3, *request.param)
    path = export_cell(cell, image, folder)
    written = {primitive.op_type for primitive in read_model(path).primitives}
    exported_otherwise = {"Conv2D", "Conv2DTranspose", "MaxPool", "ReLU6"}
    assert {name.split()[-1] for name in OPERATORS} - exported_otherwise <= written

    lower_file(path, folder / "lowered.mindir")
    write_input(folder / "in", "x", image)
    result = run_runner(folder / "lowered.mindir", folder / "in", folder / "out")
    assert result.returncode == 0, result.stderr
    outputs = [output.asnumpy() for output in cell(Tensor(image))]
    found = (read_output(folder / "out", f"x_{i}", each.shape) for i, each in enumerate(outputs))
    return dict(zip(OPERATORS, zip(found, outputs, strict=True), strict=True))


@pytest.mark.parametrize("name", OPERATORS)
def test_every_operator_computes_the_same_in_the_runtime(computed, name):
    found, expected = computed[name]
    np.testing.assert_allclose(found, expected, atol=2e-5, rtol=1e-5)


def test_the_network_computes_the_same_in_the_runtime(runner, lowered_mindir, golden_checkpoint, tmp_path):
    network = load_network(golden_checkpoint).set_train(False)
    for seed in (1, 2, 3):
        write_input(tmp_path / "in", f"image{seed}", random_image(1, 3, SIZE, SIZE, seed=seed))
    assert run_runner(lowered_mindir, tmp_path / "in", tmp_path / "out").returncode == 0
    for seed in (1, 2, 3):
        logits, alpha = network(Tensor(random_image(1, 3, SIZE, SIZE, seed=seed)))
        found_logits = read_output(tmp_path / "out", f"image{seed}_0", logits.shape)
        found_alpha = read_output(tmp_path / "out", f"image{seed}_1", alpha.shape)
        np.testing.assert_allclose(found_logits, logits.asnumpy(), atol=1e-4)
        np.testing.assert_allclose(found_alpha, alpha.asnumpy(), atol=1e-5)


def test_mindspore_itself_computes_the_same_from_the_lowered_file(lowered_mindir, golden_checkpoint):
    image = Tensor(random_image(1, 3, SIZE, SIZE))
    outputs = nn.GraphCell(ms.load(str(lowered_mindir)))(image)
    expected = load_network(golden_checkpoint).set_train(False)(image)
    for found, wanted in zip(outputs, expected, strict=True):
        np.testing.assert_allclose(found.asnumpy(), wanted.asnumpy(), atol=1e-5)


def test_versions(golden_mindir, lowered_mindir):
    assert read_model(golden_mindir).mind_ir_version > LOWERED_VERSION
    assert read_model(lowered_mindir).mind_ir_version == LOWERED_VERSION


def test_a_lowered_file_stays_as_it_is(lowered_mindir, tmp_path):
    lower_file(lowered_mindir, tmp_path / "again.mindir")
    assert read_model(tmp_path / "again.mindir") == read_model(lowered_mindir)


def test_export_writes_the_version_that_is_asked_for(thin, thin_checkpoint, tmp_path):
    settings = {"ckpt_file": str(thin_checkpoint), "file_name": str(tmp_path / "shm"), "size": 32}
    settings |= {"mindir_version": "1", "device_target": "CPU"}
    assert read_model(export(Config.model_validate({"export": settings}))).mind_ir_version == LOWERED_VERSION


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (Tanh(), "no conversion .* for the operator 'Tanh'"),
        (Resize(3, False), "resizing from 8x8 to 24x24: only whole, even factors .* can be converted"),
        (Resize(2, True), "resizing from 8x8 to 16x16: only .* with half-pixel centres can be converted"),
    ],
    ids=["operator", "factor", "align_corners"],
)
def test_what_is_not_known_is_an_error(tmp_path, cell, reason):
    path = export_cell(cell, random_image(1, 3, 8, 8), tmp_path)
    with pytest.raises(MindirError, match=f"cell.mindir: cannot be lowered to version 1: {reason}$"):
        lower_file(path, tmp_path / "lowered.mindir")
    assert not (tmp_path / "lowered.mindir").exists()


def test_a_setting_that_is_not_constant_is_an_error(golden_mindir, tmp_path):
    model = read_model(golden_mindir)
    softmax = next(node for node in model.graph.node if "Softmax" in node.op_type)
    softmax.input[-1] = model.graph.input[0].name
    (tmp_path / "model.mindir").write_bytes(model.SerializeToString())
    with pytest.raises(MindirError, match="axis must be constant"):
        lower_file(tmp_path / "model.mindir", tmp_path / "lowered.mindir")


def remove_primitives(model: ModelProto) -> None:
    del model.primitives[:]


def use_an_unknown_format(model: ModelProto) -> None:
    bias_add = next(node for node in model.graph.node if "BiasAdd" in node.op_type)
    constant = next(node for node in model.graph.node if node.output[:] == [bias_add.input[-1]])
    constant.attribute[0].i = 5


def empty_the_constants(model: ModelProto) -> None:
    for node in model.graph.node:
        if node.op_type == "Constant":
            del node.attribute[:]


def drop_settings(model: ModelProto) -> None:
    softmax = next(node for node in model.graph.node if "Softmax" in node.op_type)
    del softmax.input[:]


@pytest.mark.parametrize(
    "change", [remove_primitives, use_an_unknown_format, empty_the_constants, drop_settings]
)
def test_a_graph_of_an_unknown_form_is_an_error(golden_mindir, tmp_path, change):
    model = read_model(golden_mindir)
    change(model)
    (tmp_path / "model.mindir").write_bytes(model.SerializeToString())
    with pytest.raises(MindirError, match="model.mindir: cannot be lowered to version 1: "):
        lower_file(tmp_path / "model.mindir", tmp_path / "lowered.mindir")


def truncated_at(content: bytes, fraction: float) -> bytes:
    return content[: int(len(content) * fraction)]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: b"no MINDIR\n" * 50,
        lambda content: truncated_at(content, 0.001),
        lambda content: truncated_at(content, 0.5),
        lambda content: content[:-1],
        lambda content: content[:-2],
    ],
    ids=["empty", "text", "start", "half", "all but one byte", "all but the version"],
)
def test_a_damaged_file(golden_mindir, tmp_path, damage):
    path = tmp_path / "damaged.mindir"
    path.write_bytes(damage(golden_mindir.read_bytes()))
    with pytest.raises(
        MindirError, match="damaged.mindir: (damaged or not a MINDIR file|contains no network); write it"
    ):
        lower_file(path, tmp_path / "lowered.mindir")


def test_the_command(golden_mindir, tmp_path):
    command = [sys.executable, "src/deployment/lowering.py"]
    subprocess.run([*command, golden_mindir, tmp_path / "lowered.mindir"], check=True)
    assert read_model(tmp_path / "lowered.mindir").mind_ir_version == LOWERED_VERSION
    result = subprocess.run([*command, "absent.mindir", tmp_path / "x"], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (
        1,
        "error: absent.mindir: no such file; export.py writes it\n",
    )


def test_it_does_not_wait_for_mindspore(golden_mindir, tmp_path):
    """Which takes seconds to import, and still can be imported afterwards."""
    program = (
        "import sys; from src.deployment.lowering import lower_file; lower_file(*sys.argv[1:]); "
        "assert 'mindspore' not in sys.modules; "
        "import mindspore; from mindspore.train.mind_ir_pb2 import ModelProto; mindspore.load(sys.argv[2])"
    )
    lowered = tmp_path / "lowered.mindir"
    subprocess.run([sys.executable, "-c", program, golden_mindir, lowered], check=True)
    assert read_model(lowered).mind_ir_version == LOWERED_VERSION
