"""A small copy of the data set, for debugging."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from src.generation.file_links import link_or_copy
from src.generation.folder import KINDS, path_in_split
from src.generation.pairing import Pair
from src.generation.splits import divide


def choose_debug_pairs(
    pairs_of: Mapping[str, Sequence[Pair]], count: int, parts: Sequence[int]
) -> dict[str, list[Pair]]:
    """Choose `count` pairs (or all, if there are fewer), dividing them among the splits as in `parts`.

    If a split has too few pairs, other splits make up for it. Within a split, the chosen pairs are
    spread evenly over its list.
    """
    shares = [
        min(share, len(pairs)) for share, pairs in zip(divide(count, parts), pairs_of.values(), strict=True)
    ]
    for index, pairs in enumerate(pairs_of.values()):
        shares[index] += min(count - sum(shares), len(pairs) - shares[index])
    return {
        split: [pairs[len(pairs) * position // share] for position in range(share)]
        for (split, pairs), share in zip(pairs_of.items(), shares, strict=True)
    }


def link_debug_files(save: Path, debug: Path, pairs_of: Mapping[str, Sequence[Pair]]) -> None:
    """Link every file of these pairs from the data set in `save` into `debug`.

    Raises:
        UserError: `debug` is not writable.
    """
    for split, pairs in pairs_of.items():
        for pair in pairs:
            for kind in KINDS:
                file = Path(split, path_in_split(kind, pair))
                if (save / file).exists():
                    link_or_copy(save / file, debug / file)
