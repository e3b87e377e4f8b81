"""Train a network in PyTorch on a data set made by src/generate_datasets.py, then convert the weights:

    python -m src.pytorch.train DATASETS OUTPUT --phase pre_train_t_net --size 160 --steps 4000
    python src/get_init_weight.py OUTPUT/weights.pth --output init_weight.ckpt

Samples, losses and Adam are those of train.py. The learning rate falls along a cosine, and a running mean of
the weights is validated and saved. Started again, the program resumes where it stopped. On processors with
AVX512_BF16 and on NVIDIA cards, --bfloat16 makes steps about twice as fast. A card is faster than files
are read: --pictures trains on pictures of src/composite_data.py in its memory, also while they are made. The
phase `video` trains on clips where DATASETS/train and DATASETS/valid hold them.
"""

import argparse
import copy
import math
import os
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from src.common.command_line import run_command

# isort: split
import numpy as np
import torch
from torch import nn

from src import MINDSPORE_ISA
from src.common.atomic_file import remove_leftovers
from src.common.errors import UserError
from src.common.folder_lock import locked
from src.pytorch.batch import Batch, PlateBatch
from src.pytorch.clips import ClipBatch
from src.pytorch.first_weights import start_from
from src.pytorch.light import vary_light
from src.pytorch.options import check_options, make_parser
from src.pytorch.phases import PHASES
from src.pytorch.pictures import Pictures
from src.pytorch.run_state import STATE_FILE, WEIGHTS_FILE, is_finite, read_state, save, settings_of
from src.training.schedule import learning_rate, memory_at

_WARM_UP = 100  # steps
_LOSSES_SHOWN = 20  # steps whose mean loss is printed, and between two lines
_MEMORY = 0.998  # fraction of the running mean that is kept at each step


class Training:
    """A training run and its state."""

    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        torch.backends.cudnn.benchmark = True  # all batches have one shape
        torch.manual_seed(options.seed)
        self.phase = PHASES[options.phase]
        self.network = self.phase.build().to(self.device, memory_format=torch.channels_last)
        if options.init:
            start_from(options.init, self.network, options.phase)
        groups = self._groups()
        self.optimizer = torch.optim.Adam(
            [{"params": each} for each in groups.values()],
            weight_decay=self.phase.weight_decay,
            fused=self.device == "cuda",
        )
        self._factors = list(groups)
        self.mean = copy.deepcopy(self.network).eval()
        self.step = 0
        self.saved_step: int | None = None  # whose weights this process has saved
        self._settings = settings_of(options, {})
        self._losses: deque[torch.Tensor] = deque(maxlen=_LOSSES_SHOWN)
        self.started = time.perf_counter()
        self.state_file = Path(options.output, STATE_FILE)
        self._weights_file = Path(options.output, WEIGHTS_FILE)
        if self.state_file.exists():
            self._resume(read_state(self.state_file, options, self.device))
        self._averaged = self._averaged_tensors()

    def _resume(self, state: dict[str, Any]) -> None:
        self.step = state["step"]
        self.started -= state.get("seconds", 0)
        self._settings = settings_of(self.options, state.get("settings", {}))
        try:
            self.mean.load_state_dict(state["mean"])
            self.network.load_state_dict(state["network"])
            self.optimizer.load_state_dict(state["optimizer"])
        except (RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(
                f"{self.state_file}: does not fit phase {self.options.phase} ({type(error).__name__}); use "
                "another folder"
            ) from None
        print(f"resuming after step {self.step}")

    @property
    def steps(self) -> int:
        """The number of steps of the whole run; by the clock, what it comes to at the speed so far."""
        if self.options.steps:
            return self.options.steps
        share = (time.perf_counter() - self.started) / (60 * self.options.minutes)
        return self.step if share >= 1 else math.ceil((self.step + 1) / share)

    def train_step(self, batch: Batch | ClipBatch | PlateBatch) -> torch.Tensor:
        """Update the weights; return the loss."""
        rate = learning_rate(
            self.step, self.steps, lr=self.options.lr, schedule="cosine", warmup_steps=_WARM_UP
        )
        for group, factor in zip(self.optimizer.param_groups, self._factors, strict=True):
            group["lr"] = rate * factor
        torch.manual_seed(self.options.seed + self.step)  # also after resuming
        self.network.train()
        if self.options.freeze_statistics:
            for each in self.network.modules():
                if isinstance(each, nn.BatchNorm2d):
                    each.eval()
        if self.options.vary_light:
            batch = batch._replace(colours=vary_light(batch.colours))
        with torch.autocast(self.device, torch.bfloat16, enabled=self.options.bfloat16):
            loss = self._loss(self.network, batch)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.step += 1
        self._update_mean(memory_at(self.step, _MEMORY))
        self._losses.append(loss.detach())
        return self._losses[-1]

    def mean_loss(self) -> float:
        """The mean loss of the last steps.

        Raises:
            UserError: it is NaN or infinite.
        """
        mean = torch.stack(tuple(self._losses)).mean().item()
        if not math.isfinite(mean):
            raise self._diverged(self.state_file, "the loss is")
        return mean

    @torch.no_grad()
    def _update_mean(self, memory: float) -> None:
        torch._foreach_lerp_(*self._averaged, 1 - memory)

    @torch.no_grad()
    def save(self, batches) -> None:
        """Save the training state, then validate the mean weights and save these.

        If validation ends early, for a sample that cannot be read or by a signal, no step is lost.

        Raises:
            UserError: a loss or a weight is NaN or infinite, and nothing more is saved; a sample cannot be
                read; or a file cannot be written.
        """
        weights = self.mean.state_dict()
        state = {"phase": self.options.phase, "settings": self._settings}
        state |= {"step": self.step, "mean": weights}
        state["network"] = self.network.state_dict()
        state["optimizer"] = self.optimizer.state_dict()
        state["seconds"] = time.perf_counter() - self.started
        if self._losses:
            self.mean_loss()
        if not is_finite(state):
            raise self._diverged(self.state_file, "weights are")
        save(state, self.state_file)
        torch.manual_seed(0)  # of what a loss draws
        eval_loss = _mean([(self._loss(self.mean, batch).item(), len(batch[0])) for batch in batches])
        print(f"step {self.step}: eval loss {eval_loss:.5f}", flush=True)
        if not math.isfinite(eval_loss):
            raise self._diverged(self._weights_file, "the eval loss is")
        save(weights, self._weights_file)
        self.saved_step = self.step

    def _diverged(self, file: Path, what: str) -> UserError:
        remedy = "lower --lr"
        if self._weights_file.exists():
            remedy += f" and start in another folder with --init {self._weights_file}"
        return UserError(
            f"{file}: not written: {what} NaN or infinite after step {self.step}, training has "
            f"diverged; what was saved before is intact; {remedy}"
        )

    def _groups(self) -> dict[float, list[nn.Parameter]]:
        """The trained parameters by their learning rate, relative to that of the options."""
        groups: dict[float, list[nn.Parameter]] = {}
        for name, parameter in self.phase.trained_part(self.network).named_parameters():
            groups.setdefault(self.phase.rates.get(name.split(".")[0], 1), []).append(parameter)
        return groups

    def _averaged_tensors(self) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """The tensors of the mean and those of the network, in the same order; counters have no mean."""
        both = (each.state_dict().values() for each in (self.mean, self.network))
        return tuple([each for each in values if each.is_floating_point()] for values in both)

    def _loss(self, network: nn.Module, batch: Batch | ClipBatch | PlateBatch) -> torch.Tensor:
        return self.phase.loss(network, self.mean, batch, self.options.pyramid_weight)


def _mean(weighted: Sequence[tuple[float, int]]) -> float:
    """The mean of values, each given with its weight."""
    values, weights = zip(*weighted, strict=True)
    return float(np.average(values, weights=weights))


def main() -> None:
    """The command line."""
    parser = make_parser(__doc__)
    options = parser.parse_args()
    check_options(options, parser)
    with locked(options.output):
        remove_leftovers(Path(options.output))
        _train(options)


def _train(options: argparse.Namespace) -> None:
    training = Training(options)
    open_samples = training.phase.open_samples
    sizes = {"size": options.size, "batch": options.batch, "seed": options.seed, "device": training.device}
    validation = open_samples(options.data, "eval", **sizes)
    if options.pictures:
        samples = Pictures(options.pictures, capacity=options.capacity, **sizes)
    else:
        samples = open_samples(options.data, "train", **sizes, workers=options.workers)
    started, first = time.perf_counter(), training.step
    for batch in samples.endless(training.step):
        if training.step >= training.steps:
            break
        training.train_step(batch)
        if training.step % _LOSSES_SHOWN == 0:
            loss = training.mean_loss()
            seconds = (time.perf_counter() - started) / (training.step - first)
            print(f"step {training.step}: loss {loss:.5f}, {seconds:.2f} s per step", flush=True)
        if training.step % options.save_steps == 0:
            training.save(validation.whole_split())
    # Also where nothing was left to do: an earlier run may have been killed before it saved its weights.
    # A run without time for a step leaves those that it began with.
    if training.saved_step != training.step:
        training.save(validation.whole_split())


if __name__ == "__main__":
    # src has set this before: what makes MindSpore's convolutions faster makes PyTorch's slower.
    if os.environ["ONEDNN_MAX_CPU_ISA"] == MINDSPORE_ISA:
        os.environ["ONEDNN_MAX_CPU_ISA"] = "DEFAULT"
    run_command(main)
