"""The messages printed while the data set is made."""

from collections import Counter
from collections.abc import Mapping, Sequence

from src.config import GenerateDataConfig
from src.generation.one_pass import SWITCH_OF_KIND
from src.generation.pairing import Pair
from src.generation.pixel_sums import PixelSums
from src.generation.splits import SPLITS


def print_splits(split_of: Mapping[Pair, str], parts: Sequence[int]) -> None:
    """Print how the images were divided."""
    for split, part in zip(SPLITS, parts, strict=True):
        pairs = [pair for pair, its_split in split_of.items() if its_split == split]
        groups = len({pair.group for pair in pairs})
        got, asked = len(pairs) / len(split_of), part / sum(parts)
        print(f"{split}: {len(pairs)} images of {groups} groups ({got:.1%}, requested {asked:.1%})")


def print_stages(config: GenerateDataConfig) -> None:
    """Print what the single pass over the source makes."""
    if config.copy_pic:
        for split in SPLITS:
            print(f"Copying source files to {split} dir...")
    if config.generate_mask:
        print("Generate mask ...")
    if config.generate_trimap:
        print("Generate trimap ...")
    if config.generate_alpha:
        print("Generate alpha ...")
    if config.generate_alpha and config.generate_mask:
        for split in SPLITS:
            print(f"Copying {split} mask into alpha...")


def print_outdated(outdated: Counter[str], folder: str) -> None:
    """Report files of disabled kinds that no longer match the configuration or the source."""
    for kind, count in outdated.items():
        print(
            f"note: {count} {kind} files in {folder} were made with another kernel size or from an older "
            f"source; set generate_data.{SWITCH_OF_KIND[kind]}: True to make them again"
        )


def print_unlisted(count: int, folder: str) -> None:
    """Report files of earlier runs whose images are no longer listed."""
    if count:
        print(f"note: {count} files of earlier runs in {folder} are no longer listed; they are kept")


def print_statistics(clip: PixelSums, trimap: PixelSums) -> None:
    """Print mean and standard deviation, BGR: divided by 255, and as values 0..255 truncated to integers."""
    for name, sums in (("clip", clip), ("trimap", trimap)):
        for quantity, values in (("mean", sums.mean()), ("std", sums.deviation())):
            channels = values if len(values) == 3 else values * 3
            parts_of_255 = ", ".join(f"{value / 255:.5f}" for value in channels)
            print(f"{quantity}_{name}:  [{parts_of_255}] {[int(value) for value in channels]}")
