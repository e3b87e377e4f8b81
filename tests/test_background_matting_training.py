"""Training of Background Matting V2: phases, the rates of their parts, configuration."""

from pathlib import Path

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
from mindspore import Tensor, nn

from src.config import BackgroundMattingConfig, ConfigError, load_config
from src.config_sections import BackgroundMattingPhaseConfig
from src.systems.background_matting import PHASES, SYSTEMS
from src.training.step import make_optimizer, make_train_step, resume_state
from tests.thin_network import THIN_CHANNELS, make_background_matting_thin

ROOT = Path(__file__).resolve().parent.parent
SIZE = 64
RATE = 1e-3


@pytest.fixture
def network(monkeypatch) -> nn.Cell:
    make_background_matting_thin(monkeypatch)
    system = SYSTEMS["background_matting"]
    made = system.build()
    system.initialise(made, 1)
    return made.set_train(True)


def batch(name: str) -> dict[str, Tensor]:
    """Two random samples for a phase."""
    rng = np.random.default_rng(0)
    channels = {"image": 3, "plate": 3, "alpha": 1, "foreground": 3}
    pictures = {name: Tensor(rng.random((2, c, SIZE, SIZE), np.float32)) for name, c in channels.items()}
    side = {"base": SIZE // 16, "refine": SIZE // 64}[name]
    kept = rng.integers(0, 2, (2, THIN_CHANNELS, side, side), np.uint8)
    return {**pictures, "kept": Tensor(kept)}


@pytest.mark.parametrize(
    ("name", "rates"),
    [
        ("base", {"backbone": 1, "aspp": 5, "decoder": 5, "refiner": 0}),
        ("refine", {"backbone": 1, "aspp": 1, "decoder": 2, "refiner": 6}),
    ],
)
def test_a_step_changes_each_part_at_its_rate(network, name, rates):
    """The first step of Adam changes each weight by its rate, where the gradient is not tiny."""
    settings = BackgroundMattingPhaseConfig(use_laplacian=name == "base")  # in refine, its crop is too small
    phase = PHASES[name].adapt(PHASES[name], settings)
    part = phase.trained_part(network)
    optimizer = make_optimizer(part, 0.5, phase.optimizer, phase.rates)
    before = {each.name: each.asnumpy().copy() for each in network.get_parameters()}
    step = make_train_step(phase, network, optimizer)
    is_finite, values = step(Tensor(np.float32(0)), Tensor(np.float32(RATE)), **batch(name))
    assert is_finite
    *terms, _ = values.asnumpy().tolist()
    assert len(terms) == len(phase.terms)
    assert terms[0] == pytest.approx(sum(terms[1:]), rel=1e-5)
    assert min(terms) > 0
    for each in network.trainable_params():
        change = np.abs(each.asnumpy() - before[each.name]).max()
        factor = rates[each.name.partition(".")[0]]
        assert change == pytest.approx(RATE * factor, rel=0.02, abs=1e-9), each.name
    state = resume_state(optimizer, None)
    moments = {f"moment{i}.{each.name}" for i in (1, 2) for each in part.trainable_params()}
    assert set(state) == moments | {"beta1_power", "beta2_power", "global_step"}


STAGES = {  # phases, rates
    "background_matting.yaml": {"base": 1e-4, "refine": 5e-5},
    "background_matting_stage_2.yaml": {"refine": 2.5e-5},
    "background_matting_stage_3.yaml": {"refine": 1.5e-5},
}


@pytest.mark.parametrize("file", STAGES)
def test_the_files_of_the_stages(file):
    config = load_config(ROOT / "configs" / file)
    assert isinstance(config, BackgroundMattingConfig)
    assert {name: config.phase(name).lr for name in config.train_phases} == STAGES[file]
    assert config.refine.train_batch == 4
    assert config.model_info().system == "background_matting"


def test_the_file_of_the_first_stage_holds_the_defaults():
    config = load_config(ROOT / "configs" / "background_matting.yaml")
    assert config == BackgroundMattingConfig(system=config.system, ckpt_version=config.ckpt_version)


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("base.train_batch=1", ("base.train_batch = 1", "2")),
        ("refine.patch_size=112", ("refine.patch_size = 112", "128", "refine.use_laplacian")),
        ("refine.use_laplacean=False", ("use_laplacean: unknown key", "refine.use_laplacian")),
        ("system=background_matting_resnet18", ("system", "background_matting_resnet50")),
        ("mean=[1, 2, 3]", ("mean: unknown key",)),
    ],
)
def test_wrong_keys_are_named(override, parts):
    with pytest.raises(ConfigError) as error:
        load_config(ROOT / "configs" / "background_matting.yaml", [override])
    assert all(part in str(error.value) for part in parts), error.value
