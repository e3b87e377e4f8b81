"""Workloads: one training step (forward, backward and update), on one repeated batch or on a data set."""

import contextlib
import itertools
import time

import numpy as np

from src.benchmark.contender import timed

_LEARNING_RATE = 1e-4
_FED_STEPS = 4


def mindspore(phase: str, batch: int, size: int):
    """The training step of train.py, in float32."""
    from mindspore import Tensor

    step = _mindspore_step(phase)
    names = ("image", "class_map", "alpha")
    tensors = {name: Tensor(each) for name, each in zip(names, _batch(batch, size), strict=True)}
    return timed(lambda: step(tensors))


def mindspore_with_data(phase: str, batch: int, size: int, folder: str, workers: int):
    """The same, on samples that src/dataset.py reads in the background."""
    from src.config import Config
    from src.data.split_files import SplitFiles
    from src.dataset import MattingDataset, training_batches

    step = _mindspore_step(phase)
    dataset = MattingDataset(SplitFiles(folder, "train"), patch_size=size, mean=Config().mean, augments=True)

    def work() -> float:
        batches = training_batches(dataset, 1, seed=0, batch_size=batch, workers=workers)
        with contextlib.closing(batches):
            step(next(batches).tensors)  # not timed: the first batch of an epoch waits for reading
            started = time.perf_counter()
            losses = [step(following.tensors) for following in itertools.islice(batches, _FED_STEPS)]
            return (time.perf_counter() - started) / len(losses)

    return work


def torch(phase: str, batch: int, size: int):
    """The same in PyTorch, channels last."""
    import torch

    from src.pytorch.losses import phase_loss, trained_part
    from src.pytorch.network import SHMNet

    network = SHMNet().train().to(memory_format=torch.channels_last)
    part = trained_part(network, phase)
    optimizer = torch.optim.Adam(part.parameters(), _LEARNING_RATE, weight_decay=5e-4)
    image, class_map, alpha = (torch.from_numpy(each) for each in _batch(batch, size))
    image, class_map = image.to(memory_format=torch.channels_last), class_map.long()

    def work():
        loss = phase_loss(network, phase, image, class_map, alpha)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return timed(work)


def _mindspore_step(phase: str):
    from mindspore import Tensor

    from src.common.device import use_device
    from src.model.initialisation import initialise
    from src.model.network import SHMNet
    from src.systems.shm import PHASES
    from src.training.step import make_optimizer, make_train_step

    use_device("CPU")
    network = SHMNet()
    initialise(network, 0)
    network.set_train()
    optimizer = make_optimizer(PHASES[phase].trained_part(network), _LEARNING_RATE)
    step = make_train_step(PHASES[phase], network, optimizer)
    flag, rate = Tensor(np.float32(0)), Tensor(np.float32(_LEARNING_RATE))
    return lambda tensors: step(flag, rate, **tensors)[1].asnumpy()


def _batch(batch: int, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Image, class map and alpha of samples of noise and rectangles."""
    rng = np.random.default_rng(0)
    image = rng.normal(0, 0.3, (batch, 3, size, size)).astype(np.float32)
    class_map = np.zeros((batch, size, size), np.int32)
    class_map[:, size // 4 :, size // 4 : -size // 4] = 2
    class_map[:, size // 3 :, size // 3 : -size // 3] = 1
    alpha = np.array([0, 1, 0.5], np.float32)[class_map][:, np.newaxis]
    return image, class_map, alpha
