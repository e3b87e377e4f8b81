"""What each process of a distributed test does: it trains as train.py does, by OUTPUT/config.yaml, then for
two epochs on its share of the data, and validates.

python tests/distributed_worker.py DATA OUTPUT BATCH PHASE STATISTICS...; writes OUTPUT/out, OUTPUT/<rank>.npz

The network is that of tests/thin_network.py. STATISTICS are 'frozen', 'training' or both: whether batch
normalisation uses those of its batch.
"""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import src  # noqa: F401, E402  sets the environment that MindSpore reads when it is imported

# isort: split
from mindspore import Tensor  # noqa: E402

from src.common.world import World, join_world  # noqa: E402
from src.config import load_config  # noqa: E402
from src.data.split_files import SplitFiles  # noqa: E402
from src.dataset import MattingDataset, training_batches, validation_batches  # noqa: E402
from src.model.network import SHMNet  # noqa: E402
from src.systems.shm import PHASES  # noqa: E402
from src.training.running_statistics import RunningStatistics  # noqa: E402
from src.training.step import make_optimizer, make_predict_step, make_train_step  # noqa: E402
from src.training.validation import validate  # noqa: E402
from tests.golden_weights import load_golden_weights  # noqa: E402
from tests.thin_network import make_networks_thin  # noqa: E402
from train import train  # noqa: E402

PATCH = 32
EPOCHS = (1, 2)


def compute(
    world: World, data: str | Path, batch_size: int, phase_name: str, kinds: list[str]
) -> dict[str, np.ndarray]:
    """Train a phase once for each kind of statistics, then validate; returns all numbers by name."""
    phase = PHASES[phase_name]
    common = {"patch_size": PATCH, "mean": (114, 121, 134)}
    train_set = MattingDataset(SplitFiles(data, "train"), seed=1, augments=True, **common)
    eval_set = MattingDataset(SplitFiles(data, "eval"), **common)
    results: dict[str, np.ndarray] = {}
    for name in kinds:
        network = SHMNet()
        load_golden_weights(network)
        optimizer = make_optimizer(phase.trained_part(network), 1e-3)
        step = make_train_step(phase, network, optimizer, world=world)
        network.set_train(name == "training")
        statistics = RunningStatistics(network, world)
        losses, order = [], []
        for epoch in EPOCHS:
            options = {"seed": 5, "batch_size": batch_size, "workers": 1, "world": world}
            for batch in training_batches(train_set, epoch, **options):
                is_finite, values = step(
                    Tensor(np.float32(world.rank)), Tensor(np.float32(1e-3)), **batch.tensors
                )
                assert bool(is_finite)
                *terms, flag = values.asnumpy().tolist()
                assert flag == sum(range(world.size)) / world.size
                losses.append(terms[0])
                order.append(batch.index)
            statistics.average()
            weights = {each.name: each.asnumpy() for each in phase.trained_part(network).get_parameters()}
            results |= {f"{name}/{epoch}/{weight}": value for weight, value in weights.items()}
        results |= {f"{name}/losses": np.array(losses), f"{name}/order": np.array(order)}
    network.set_train(False)
    batches = validation_batches(eval_set, batch_size=batch_size, workers=1, world=world)
    predict = make_predict_step(phase, network)
    load_golden_weights(network)
    scores = validate(phase, predict, batches, len(eval_set), world)
    results |= {f"scores/{score}": np.float64(value) for score, value in scores.items()}
    return results


def main(data: str, output: str, batch_size: int, phase_name: str, kinds: list[str]) -> None:
    """What one process does."""
    make_networks_thin(pytest.MonkeyPatch())
    config = load_config(Path(output, "config.yaml"))
    train(config=config, data_folder=data, output_folder=Path(output, "out"))
    world = join_world()
    np.savez(Path(output, f"{world.rank}.npz"), **compute(world, data, batch_size, phase_name, kinds))
    world.wait()


if __name__ == "__main__":
    main(*sys.argv[1:3], int(sys.argv[3]), sys.argv[4], sys.argv[5:])
