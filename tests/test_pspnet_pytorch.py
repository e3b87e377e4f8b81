"""The PyTorch twin of PSPNet equals the original, and what it learns comes back."""

from pathlib import Path

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
from mindspore import Tensor

from src.data.split_files import SplitFiles
from src.get_init_weight import main as convert
from src.load_model import load_network
from src.loss import t_net_loss
from src.systems.pspnet_data import TrimapSamples
from tests import pspnet_golden as golden
from tests.pspnet_golden import TOLERANCE, needs_golden_files
from tests.small_dataset import write_dataset
from tests.thin_network import make_pspnet_thin

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
from src.pytorch import pspnet  # noqa: E402
from src.pytorch import train as trainer  # noqa: E402
from src.pytorch.first_weights import read_weights  # noqa: E402
from tests.thin_torch_network import make_torch_pspnet_thin  # noqa: E402

SIZE = 48
MEAN = (114, 121, 134)


@needs_golden_files
def test_the_twin_equals_the_original_in_evaluation_and_in_training():
    """One test, since its weights take seconds to make."""
    network = pspnet.TrimapNetwork()
    state = {row["pytorch"]: torch.from_numpy(golden.golden_value(row)) for row in golden.table()}
    found = network.load_state_dict(state, strict=False)
    assert not found.unexpected_keys
    assert all(name.endswith("num_batches_tracked") for name in found.missing_keys)
    check_evaluation(network.eval())
    check_training_steps(network.train())


def check_evaluation(network) -> None:
    expected = golden.read("forward.npz")
    with torch.no_grad():
        logits = network(torch.from_numpy(golden.normalised(expected["image_64x104"])))
    np.testing.assert_allclose(logits.numpy(), expected["logits_64x104"], atol=TOLERANCE)
    truth = torch.from_numpy(expected["class_map_64x104"].astype(np.int64))
    loss = torch.nn.functional.cross_entropy(logits, truth).item()
    assert loss == pytest.approx(float(expected["loss_64x104"]), abs=1e-5)


def check_training_steps(network) -> None:
    """Logits, gradients, statistics and weights of the first, and the losses of two; without dropout."""
    expected = golden.read("train_step.npz")
    for layer in network.modules():
        if isinstance(layer, torch.nn.Dropout2d):
            layer.eval()
    image = torch.from_numpy(golden.normalised(expected["image"]))
    truth = torch.from_numpy(expected["class_map"].astype(np.int64))
    optimizer = torch.optim.Adam(network.parameters(), 1e-4, weight_decay=5e-4)
    parameters, losses = dict(network.named_parameters()), []
    for step in range(2):
        logits = network(image)
        loss = torch.nn.functional.cross_entropy(logits, truth)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step == 0:
            np.testing.assert_allclose(logits.detach().numpy(), expected["logits"], atol=1e-3)
            watched = [parameters[name] for name in expected["watched"]]
            norms = [each.grad.norm().item() for each in watched]
            np.testing.assert_allclose(norms, expected["gradient_norms"], rtol=0.01)
            after = [each.flatten()[0].item() for each in watched]
            np.testing.assert_allclose(after, expected["weight_first_after"], atol=TOLERANCE)
            for layer in ("feats.bn1", "feats.layer4.2.bn3", "up_3.conv.1"):
                norm = network.get_submodule(f"backbone.{layer}")
                for kind, found in (("mean", norm.running_mean), ("variance", norm.running_var)):
                    np.testing.assert_allclose(found[:8], expected[f"{kind}_after:{layer}"], atol=1e-5)
    np.testing.assert_allclose(losses, expected["losses"][:2], rtol=0.01)


def test_initial_weights():
    features = pspnet.Features()
    assert features.conv1.weight.std().item() == pytest.approx((2 / (49 * 64)) ** 0.5, rel=0.03)
    shape = features.layer4[1].conv2.weight
    assert shape.std().item() == pytest.approx((2 / (9 * 512)) ** 0.5, rel=0.03)


def test_what_it_learns_comes_back_with_the_loss_of_train_py(tmp_path, monkeypatch, capsys):
    """The same photos, bars, classes and loss; the classes of the published state dict have another order."""
    make_torch_pspnet_thin(monkeypatch)
    make_pspnet_thin(monkeypatch)
    write_dataset(tmp_path / "data", {"train": 4, "eval": 2}, (SIZE, SIZE + 24))
    (tmp_path / "out").mkdir()
    arguments = ["--phase", "t_net", "--size", str(SIZE), "--batch", "2", "--steps", "4", "--lr", "1e-2"]
    monkeypatch.setattr("sys.argv", ["train", str(tmp_path / "data"), str(tmp_path / "out"), *arguments])
    trainer.main()
    loss = float(capsys.readouterr().out.split("step 4: eval loss ")[1])
    output, weights = tmp_path / "pspnet.ckpt", tmp_path / "out" / "weights.pth"
    given = ["convert", str(weights), "--system", "pspnet", "--size", str(SIZE), "--output", str(output)]
    monkeypatch.setattr("sys.argv", given)
    assert convert() == 0
    assert loss == pytest.approx(loss_of(output, tmp_path / "data"), abs=2e-5)
    saved = torch.load(weights, weights_only=True)
    read = read_weights(str(output), trainer.PHASES["t_net"].torch_state)
    assert len(read) == sum(not name.endswith("num_batches_tracked") for name in saved)
    for name, value in read.items():
        np.testing.assert_array_equal(value, saved[name].numpy(), err_msg=name)


def loss_of(checkpoint: Path, data: Path) -> float:
    """By MindSpore, of the validation split."""
    split = TrimapSamples(SplitFiles(data, "eval"), patch_size=SIZE, mean=MEAN, letterbox=True)
    samples = zip(*(split.sample(index) for index in range(len(split))), strict=True)
    image, class_map, _ = (Tensor(np.stack(each)) for each in samples)
    logits = load_network(checkpoint, "pspnet")(image)
    return float(t_net_loss(logits, class_map)["loss"].asnumpy())


def test_sizes_are_multiples_of_eight(tmp_path, monkeypatch, capsys):
    arguments = ["--phase", "t_net", "--size", "100", "--steps", "1"]
    monkeypatch.setattr("sys.argv", ["train", str(tmp_path), str(tmp_path), *arguments])
    with pytest.raises(SystemExit) as stop:
        trainer.main()
    assert stop.value.code == 2
    assert "--size 100: must be a multiple of 8" in capsys.readouterr().err
