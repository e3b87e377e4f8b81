"""Settings of all tests, and what is made once for several files of them."""

import contextlib
import io
import os
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no fault. Every run draws other examples, so that 30 of them are enough; CI draws the same
# ones, so that a change is judged by what it changes.
settings.register_profile("short", deadline=None, max_examples=30, derandomize="CI" in os.environ)
settings.load_profile("short")

TESTS = Path(__file__).parent
# A PYTHONPATH whose sitecustomize.py makes the networks of commands thin, and where it finds them.
THIN_COMMANDS = os.pathsep.join(map(str, (TESTS / "thin_commands", TESTS.parent)))


def pytest_configure():
    """Share the cores out among pytest-xdist's processes: threads that wait for one another on busy cores
    take a fifth longer."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    if worker and hasattr(os, "sched_setaffinity"):
        cores, count = sorted(os.sched_getaffinity(0)), int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
        if len(cores) >= count:
            os.sched_setaffinity(0, cores[int(worker) % count :: count])


@pytest.fixture(scope="session", autouse=True)
def device():
    """MindSpore takes its device only before it first computes, which any test may be the first to do."""
    from src.common.device import use_device

    use_device("CPU")


@pytest.fixture(scope="module")
def thin_networks():
    """The tests of a module, and the commands they start, take the networks of tests/thin_network.py."""
    from tests.thin_network import leave_curves_empty, make_networks_thin

    with pytest.MonkeyPatch.context() as patch:
        make_networks_thin(patch)
        leave_curves_empty(patch)
        patch.setenv("PYTHONPATH", THIN_COMMANDS)
        patch.setenv("STEP_SECONDS", "0.1")
        yield


@pytest.fixture
def thin(monkeypatch) -> None:
    """One test takes thin networks: what it is about does not depend on the layers."""
    from tests.thin_network import make_networks_thin

    make_networks_thin(monkeypatch)


def save_golden(path: Path) -> Path:
    """Write a checkpoint with the golden weights."""
    from src.model.network import SHMNet
    from tests.golden_weights import load_golden_weights

    # isort: split
    import mindspore as ms

    network = SHMNet()
    load_golden_weights(network)
    ms.save_checkpoint(network, str(path))
    return path


@pytest.fixture(scope="session")
def golden_checkpoint(tmp_path_factory) -> Path:
    """A checkpoint of the whole network with the golden weights; no test changes it."""
    return save_golden(tmp_path_factory.mktemp("weights") / "golden.ckpt")


@pytest.fixture(scope="session")
def thin_checkpoint(tmp_path_factory) -> Path:
    """The same of a thin network."""
    from tests.thin_network import make_networks_thin

    with pytest.MonkeyPatch.context() as patch:
        make_networks_thin(patch)
        return save_golden(tmp_path_factory.mktemp("weights") / "thin.ckpt")


@pytest.fixture(scope="session")
def sure_checkpoint(thin_checkpoint, tmp_path_factory) -> Path:
    """The same thin network, but T-Net sure of itself: alpha is 0 here and 1 there."""
    from src.load_model import load_network
    from tests.thin_network import make_networks_thin

    # isort: split
    import mindspore as ms

    with pytest.MonkeyPatch.context() as patch:
        make_networks_thin(patch)
        network = load_network(thin_checkpoint)
    last = network.t_net.last_conv
    last.weight.set_data(last.weight * 1000)
    last.bias.set_data(ms.Tensor([500.0, 110.0, -40.0], ms.float32))  # each class is the surest somewhere
    path = tmp_path_factory.mktemp("weights") / "sure.ckpt"
    ms.save_checkpoint(network, str(path))
    return path


@pytest.fixture
def run_predict(thin, monkeypatch, sure_checkpoint, capsys):
    """predict.py in this process: run_predict(arguments) to its status and what it printed."""
    import predict
    from tests.predicting import SIZE, open_once

    monkeypatch.setattr("src.engines.engine._open_checkpoint", open_once)

    def run(*arguments, checkpoint=sure_checkpoint):
        flags = ["--checkpoint", checkpoint, "--size", SIZE, "--device", "CPU"]
        monkeypatch.setattr("sys.argv", ["predict.py", *map(str, [*flags, *arguments])])
        status = predict.main()
        return status, capsys.readouterr().out.replace("\r", "\n")

    return run


@pytest.fixture
def predict_left(monkeypatch):
    """predict.py in this process, with the stand-in of tests/left_half.py and a blue background:
    predict_left(arguments) to its status and what it printed."""
    import predict
    from tests.left_half import model

    left_half = model()
    monkeypatch.setattr("src.prediction.predict.load_matting", lambda *_, **__: left_half)

    def run(*arguments):
        flags = ["--foreground", "none", "--background", "blue"]
        monkeypatch.setattr("sys.argv", ["predict.py", *map(str, [*flags, *arguments])])
        screen = io.StringIO()  # which holds names of any bytes
        with contextlib.redirect_stdout(screen), contextlib.redirect_stderr(io.StringIO()):
            status = predict.main()
        return status, screen.getvalue()

    return run


@pytest.fixture(scope="session")
def runner() -> None:
    """The C++ runner is there; without a compiler or the runtime its tests are skipped, but not in CI."""
    from tests.runner import build

    reason = build()
    if reason:
        pytest.skip(reason)


def export_mindir(checkpoint: Path, name: Path) -> Path:
    """Export a network for 64x64."""
    from src.deployment.export import export_network
    from src.description.model_info import ModelInfo
    from src.load_model import load_for_inference

    return export_network(load_for_inference(checkpoint), str(name), "MINDIR", ModelInfo(size=64))


@pytest.fixture(scope="session")
def golden_mindir(golden_checkpoint, tmp_path_factory) -> Path:
    """The golden network for 64x64, as MindSpore exports it; no test changes it."""
    return export_mindir(golden_checkpoint, tmp_path_factory.mktemp("export") / "golden")


@pytest.fixture(scope="session")
def thin_mindir(thin_checkpoint, tmp_path_factory) -> Path:
    """The same of a thin network, which the runner loads at once."""
    from tests.thin_network import make_networks_thin

    with pytest.MonkeyPatch.context() as patch:
        make_networks_thin(patch)
        return export_mindir(thin_checkpoint, tmp_path_factory.mktemp("export") / "thin")


def lower_mindir(path: Path) -> Path:
    """Write a file in version 1, which the runner's runtime reads, beside it."""
    from src.deployment.lowering import lower_file

    lowered = path.with_name(f"{path.stem}_1.mindir")
    lower_file(path, lowered)
    return lowered


@pytest.fixture
def inputs(tmp_path) -> Path:
    """A folder with three good inputs of the runner, 64x64."""
    from tests.golden_weights import random_image
    from tests.runner import write_input

    for number in range(3):
        write_input(tmp_path / "in", f"image{number}", random_image(1, 3, 64, 64, seed=number))
    return tmp_path / "in"


@pytest.fixture(scope="session")
def lowered_mindir(golden_mindir) -> Path:
    """The golden network in version 1."""
    return lower_mindir(golden_mindir)


@pytest.fixture(scope="session")
def thin_lowered(thin_mindir) -> Path:
    """The thin network in version 1."""
    return lower_mindir(thin_mindir)
