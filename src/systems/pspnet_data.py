"""PSPNet's samples; see `pspnet` for the columns."""

import numpy as np

from src.data.samples import MattingDataset
from src.model.pspnet.network import dropout_shares

_DROPOUT_STREAM = 1  # beside the augmentation's random numbers


class TrimapSamples(MattingDataset):
    """The samples of one split; see `MattingDataset`."""

    columns = ("image", "class_map", "kept")

    def sample(self, index: int, epoch: int = 0) -> tuple[np.ndarray, ...]:
        """Sample `index` as `epoch` sees it, an array for each column; errors as `MattingDataset.sample`."""
        image, class_map, _ = super().sample(index, epoch)
        rng = np.random.default_rng((self._seed, epoch, index, _DROPOUT_STREAM))
        kept = [rng.random(channels) >= share for channels, share in dropout_shares()]
        return image, class_map, np.concatenate(kept).astype(np.uint8)

    def picture(self, index: int) -> np.ndarray:
        """The photo of a sample, as the network sees it: BGR (S, S, 3) uint8."""
        image = self.sample(index)[0].transpose(1, 2, 0)
        return np.round(image * 255 + np.asarray(self._mean)).clip(0, 255).astype(np.uint8)
