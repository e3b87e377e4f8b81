"""Training of Background Matting V2: phases, the rates of their parts, configuration."""

from pathlib import Path

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
from mindspore import Tensor, nn, ops

from src.config import BackgroundMattingConfig, ConfigError, load_config
from src.config_sections import BackgroundMattingPhaseConfig
from src.systems.background_matting import PHASES, SYSTEMS
from src.training.step import make_optimizer, make_train_step, resume_state

ROOT = Path(__file__).resolve().parent.parent
SIZE = 64
RATE = 1e-3


class ThinBackbone(nn.Cell):
    """x (N, 6, H, W) to four features at 1/2 to 1/16."""

    channels = (2, 2, 2, 4)

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(6, 2, 3, stride=2)
        self.last = nn.Conv2d(2, 4, 3, stride=2)

    def construct(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        x1 = self.conv(x)
        x2, x3 = (ops.avg_pool2d(x1, k, k) for k in (2, 4))
        return x1, x2, x3, self.last(x3)


@pytest.fixture
def network(monkeypatch) -> nn.Cell:
    from src.model.background_matting import aspp, decoder, network

    for module in (aspp, decoder):
        monkeypatch.setattr(module, "CHANNELS", 4)
    monkeypatch.setitem(network.BACKBONES, "mobilenetv2", ThinBackbone)
    system = SYSTEMS["background_matting"]
    made = system.build()
    system.initialise(made, 1)
    return made.set_train(True)


def batch(seed: int = 0) -> dict[str, Tensor]:
    rng = np.random.default_rng(seed)
    channels = {"image": 3, "plate": 3, "alpha": 1, "foreground": 3}
    return {name: Tensor(rng.random((2, c, SIZE, SIZE), np.float32)) for name, c in channels.items()}


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
    is_finite, values = step(Tensor(np.float32(0)), Tensor(np.float32(RATE)), **batch())
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
        ("refine.use_laplacean=False", ("use_laplacean: unknown key", "refine.use_laplacian")),
        ("system=background_matting_resnet18", ("system", "background_matting_resnet50")),
        ("mean=[1, 2, 3]", ("mean: unknown key",)),
    ],
)
def test_wrong_keys_are_named(override, parts):
    with pytest.raises(ConfigError) as error:
        load_config(ROOT / "configs" / "background_matting.yaml", [override])
    assert all(part in str(error.value) for part in parts), error.value
