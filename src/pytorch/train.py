"""Train the PyTorch network on a data set made by src/generate_datasets.py, then convert the weights:

    python -m src.pytorch.train DATASETS OUTPUT --phase pre_train_t_net --size 160 --steps 4000
    python src/get_init_weight.py OUTPUT/weights.pth --output init_weight.ckpt

Samples, losses and Adam are those of train.py. The learning rate falls along a cosine, and a running mean of
the weights is validated and saved. Started again, the program resumes where it stopped. On processors with
AVX512_BF16, --bfloat16 makes steps more than twice as fast.
"""

import argparse
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "DEFAULT")  # src limits MindSpore's oneDNN, not PyTorch's

from src.common.atomic_file import atomic_path
from src.common.errors import UserError
from src.config import Config
from src.conversion.torch_state_dict import torch_name
from src.data.split_files import SplitFiles
from src.dataset import MattingDataset
from src.model.weights import read_arrays
from src.pytorch.losses import phase_loss, trained_part
from src.pytorch.network import SHMNet
from src.training.running_mean import memory_at
from src.training.schedule import learning_rate

_WARM_UP = 100  # steps
_SAVE_STEPS = 200
_MEMORY = 0.998  # fraction of the running mean that is kept at each step
_PHASES = ("pre_train_t_net", "pre_train_m_net", "end_to_end")


class Training:
    """A training run and its state."""

    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        torch.manual_seed(options.seed)
        self.network = SHMNet().to(self.device, memory_format=torch.channels_last)
        if options.init:
            found = self.network.load_state_dict(read_weights(options.init), strict=False)
            missing = [name for name in found.missing_keys if not name.endswith("num_batches_tracked")]
            if missing or found.unexpected_keys:
                raise UserError(
                    f"{options.init}: wrong weights: missing {missing}, unknown {found.unexpected_keys}"
                )
        part = trained_part(self.network, options.phase)
        self.optimizer = torch.optim.Adam(part.parameters(), options.lr, weight_decay=5e-4)
        self.mean = {name: value.clone() for name, value in self.network.state_dict().items()}
        self.step = 0
        self.state_file = Path(options.output, "state.pth")
        if self.state_file.exists():
            state = torch.load(self.state_file, weights_only=True)
            self.step, self.mean = state["step"], state["mean"]
            self.network.load_state_dict(state["network"])
            self.optimizer.load_state_dict(state["optimizer"])
            print(f"resuming after step {self.step}")

    def train_step(self, batch: list[torch.Tensor]) -> float:
        """Update the weights; return the loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(
                self.step, self.options.steps, lr=self.options.lr, schedule="cosine", warmup_steps=_WARM_UP
            )
        self.network.train()
        with torch.autocast(self.device, torch.bfloat16, enabled=self.options.bfloat16):
            loss = self._loss(batch)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.step += 1
        memory = memory_at(self.step, _MEMORY)
        for name, value in self.network.state_dict().items():
            if value.is_floating_point():
                self.mean[name].lerp_(value, 1 - memory)
        return loss.item()

    @torch.no_grad()
    def save(self, batches) -> None:
        """Validate the mean weights, then save them and the training state."""
        self.network.eval()
        current = {name: value.clone() for name, value in self.network.state_dict().items()}
        self.network.load_state_dict(self.mean)
        losses = [self._loss(batch).item() for batch in batches]
        self.network.load_state_dict(current)
        print(f"step {self.step}: eval loss {np.mean(losses):.5f}", flush=True)
        state = {"step": self.step, "mean": self.mean, "network": current}
        state["optimizer"] = self.optimizer.state_dict()
        weights_file = self.state_file.with_name("weights.pth")
        for path, content in ((self.state_file, state), (weights_file, self.mean)):
            with atomic_path(path, flush=True) as temporary:
                torch.save(content, temporary)

    def _loss(self, batch: list[torch.Tensor]) -> torch.Tensor:
        options = self.options
        return phase_loss(self.network, options.phase, *batch, pyramid_weight=options.pyramid_weight)


def read_weights(path: str) -> dict[str, torch.Tensor]:
    """Read the weights of an earlier phase (.pth) or a MindSpore checkpoint (.ckpt), by PyTorch's names."""
    if not path.endswith(".ckpt"):
        return torch.load(path, weights_only=True)
    return {torch_name(name): torch.from_numpy(value) for name, value in read_arrays(path).items()}


class Samples:
    """Batches of a split, read ahead in a thread: image, class map and alpha on the device."""

    def __init__(self, options: argparse.Namespace, split: str, device: str):
        self.options, self.device = options, device
        files = SplitFiles(options.data, split)
        self.dataset = MattingDataset(
            files, patch_size=options.size, mean=Config().mean, seed=options.seed, augments=split == "train"
        )

    def whole_split(self):
        """Yield every sample once, except those of an incomplete last batch."""
        order = np.arange(len(self.dataset))
        for start in range(0, len(order) - self.options.batch + 1, self.options.batch):
            yield self._read(order[start : start + self.options.batch], 0)

    def endless(self, first_step: int):
        """Yield batches forever, in a new random order for each epoch, starting at a given step."""
        steps = len(self.dataset) // self.options.batch
        with ThreadPoolExecutor(1) as pool:
            ahead = []
            step = first_step
            while True:
                while len(ahead) < 4:
                    epoch, place = divmod(step, steps)
                    order = np.random.default_rng((self.options.seed, epoch)).permutation(len(self.dataset))
                    part = order[place * self.options.batch :][: self.options.batch]
                    ahead.append(pool.submit(self._read, part, epoch))
                    step += 1
                yield ahead.pop(0).result()

    def _read(self, indices: np.ndarray, epoch: int) -> list[torch.Tensor]:
        samples = [self.dataset.sample(int(index), epoch) for index in indices]
        image, class_map, alpha = (torch.from_numpy(np.stack(each)) for each in zip(*samples, strict=True))
        image = image.to(self.device, memory_format=torch.channels_last)
        return [image, class_map.long().to(self.device), alpha.to(self.device)]


def main() -> None:
    """The command line."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=formatter)
    parser.add_argument("data", metavar="DATASETS")
    parser.add_argument("output", metavar="OUTPUT")
    parser.add_argument("--phase", choices=_PHASES, required=True)
    parser.add_argument("--size", type=int, default=320)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--pyramid_weight", type=float, default=0, help="weight of a loss that sharpens edges (default: 0)"
    )
    parser.add_argument("--bfloat16", action="store_true", help="compute the layers in bfloat16")
    parser.add_argument("--init", metavar="FILE", help="weights of an earlier phase (.pth), or a checkpoint")
    options = parser.parse_args()
    training = Training(options)
    validation = Samples(options, "eval", training.device)
    started, losses = time.perf_counter(), []
    for batch in Samples(options, "train", training.device).endless(training.step):
        if training.step >= options.steps:
            break
        losses.append(training.train_step(batch))
        if training.step % 20 == 0:
            seconds = (time.perf_counter() - started) / len(losses)
            loss = np.mean(losses[-20:])
            print(f"step {training.step}: loss {loss:.5f}, {seconds:.2f} s per step", flush=True)
        if training.step % _SAVE_STEPS == 0 or training.step == options.steps:
            training.save(validation.whole_split())


if __name__ == "__main__":
    main()
