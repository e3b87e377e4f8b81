"""The checkpoints of one training phase: weights, and beside them what resuming needs.

semantic_hm_latest_N.ckpt    weights after epoch N, 355 parameters, loadable by older code
resume_N.ckpt                optimizer, loss scale and best score after epoch N
semantic_hm_best.ckpt        weights of the best epoch
"""

import re
from pathlib import Path

import mindspore as ms
from mindspore import Parameter, Tensor, nn

from src.atomic_file import atomic_path
from src.errors import UserError

BEST_FILE = "semantic_hm_best.ckpt"
_LATEST_PATTERN = re.compile(r"semantic_hm_latest_(\d+)\.ckpt")
_BEST_SCORE = "best_score"


class PhaseCheckpoints:
    """Saves, keeps and finds the checkpoints in a phase's folder.

    Args:
        folder: of the phase.
        keep: how many of the newest stay; None for all.
    """

    def __init__(self, folder: Path, keep: int | None):
        self._folder = folder
        self._keep = keep

    def newest_epoch(self) -> int:
        """The last epoch that was saved; 0 if none was."""
        return max(_latest_epochs(self._folder), default=0)

    def weights(self, epoch: int) -> Path:
        """The file with the weights after an epoch."""
        return self._folder / f"semantic_hm_latest_{epoch}.ckpt"

    def save(self, epoch: int, network: nn.Cell, state: dict[str, Parameter], best_score: float) -> None:
        """Save the weights after an epoch and what resuming needs, then remove what is not to be kept.

        Args:
            epoch: number of epochs trained.
            network: the weights to save, whole, whatever the phase trains.
            state: parameters of optimizer and loss scaler by name.
            best_score: of the epochs so far.
        """
        # Weights last: an epoch counts as saved when its weights are there.
        entries = [{"name": name, "data": Tensor(value)} for name, value in state.items()]
        entries.append({"name": _BEST_SCORE, "data": Tensor(best_score, ms.float32)})
        save_parameters(entries, self._state_file(epoch))
        save_parameters(network, self.weights(epoch))
        self._remove_old()

    def save_best(self, network: nn.Cell) -> None:
        """Save the weights of the best epoch so far."""
        save_parameters(network, self._folder / BEST_FILE)

    def restore(self, epoch: int, state: dict[str, Parameter]) -> float:
        """Put the saved values back into `state`; returns the best score so far.

        Raises:
            UserError: the file is missing or does not fit.
        """
        path = self._state_file(epoch)
        if not path.is_file():
            raise UserError(
                f"{path}: is missing, so training cannot go on from {self.weights(epoch).name}; to start "
                f"anew from those weights, give them as --init_weight and another ckpt_version"
            )
        try:
            saved = ms.load_checkpoint(str(path))
            for name, parameter in state.items():
                if saved[name].shape != parameter.shape:  # set_data would take it
                    raise ValueError(f"{name} has the shape {tuple(saved[name].shape)}")
                parameter.set_data(saved[name])
            return float(saved[_BEST_SCORE].asnumpy())
        except (KeyError, ValueError, RuntimeError, TypeError) as error:
            raise UserError(f"{path}: does not fit this phase: {str(error).splitlines()[0]}") from None

    def _state_file(self, epoch: int) -> Path:
        return self._folder / f"resume_{epoch}.ckpt"

    def _remove_old(self) -> None:
        if self._keep is None:
            return
        epochs = sorted(_latest_epochs(self._folder))
        for epoch in epochs[: max(0, len(epochs) - self._keep)]:
            self.weights(epoch).unlink()
            self._state_file(epoch).unlink(missing_ok=True)


def best_or_newest_weights(folder: Path) -> Path | None:
    """The weights that a later phase starts from; None where the phase has not run."""
    if (folder / BEST_FILE).is_file():
        return folder / BEST_FILE
    epochs = _latest_epochs(folder)
    return folder / f"semantic_hm_latest_{max(epochs)}.ckpt" if epochs else None


def _latest_epochs(folder: Path) -> list[int]:
    matches = (_LATEST_PATTERN.fullmatch(path.name) for path in folder.glob("semantic_hm_latest_*.ckpt"))
    return [int(match[1]) for match in matches if match]


def save_parameters(what: nn.Cell | list[dict], path: str | Path) -> None:
    """Write a network, or entries {"name", "data"}, as a checkpoint: whole, on the disk, or not at all."""
    with atomic_path(path, flush=True) as temporary:
        ms.save_checkpoint(what, str(temporary))
