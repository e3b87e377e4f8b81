"""Divides images into train, eval and test."""

import bisect
import random
from collections import Counter
from collections.abc import Sequence
from typing import Literal

from src.common.errors import UserError

SPLITS = ("train", "eval", "test")

# A single random assignment improved by exchanges may miss the best division; the best of many rarely does.
# With many groups, few attempts suffice, so this limits the number of groups assigned in all attempts.
_GROUPS_DEALT = 2000


def group_of(name: str) -> str:
    """Return the shooting session of an image: the first folder of its name."""
    return name.partition("/")[0]


def assign_splits(
    names: Sequence[str], parts: Sequence[int], split_by: Literal["group", "image"], seed: int
) -> dict[str, str]:
    """Assign every image to a split; the same arguments give the same splits.

    Args:
        names: sorted names, <group>/matting_<sub>/<name>.png.
        parts: the proportion of train, eval and test; a part of 0 leaves its split empty.
        split_by: "group" keeps every group whole and approximates the proportion as closely as possible;
            "image" divides the sorted list in the proportion.
        seed: seed for shuffling groups; not used with "image".

    Returns:
        The split of each name, in the order of `names`.

    Raises:
        UserError: there are fewer groups (or images) than splits to fill.
    """
    if split_by == "image":
        _require_enough(len(names), "images", parts, "use a larger source")
        sizes = _leave_none_empty(divide(len(names), parts), parts)
        cut = [split for split, size in zip(SPLITS, sizes, strict=True) for _ in range(size)]
        return dict(zip(names, cut, strict=True))
    groups = Counter(map(group_of, names))
    _require_enough(len(groups), "groups", parts, "set generate_data.split_by: image")
    split_of_group = _assign_groups(groups, parts, seed)
    return {name: split_of_group[group_of(name)] for name in names}


def divide(total: int, parts: Sequence[int]) -> list[int]:
    """Divide `total` in the proportion of `parts`, by largest remainder; the sum is exact."""
    whole = sum(parts)
    shares = [total * part // whole for part in parts]
    by_remainder = sorted(range(len(parts)), key=lambda index: -(total * parts[index] % whole))
    for index in by_remainder[: total - sum(shares)]:
        shares[index] += 1
    return shares


def _require_enough(count: int, things: str, parts: Sequence[int], remedy: str) -> None:
    splits = sum(part > 0 for part in parts)
    if count < splits:
        raise UserError(
            f"generate_data.proportion = {':'.join(map(str, parts))} needs {splits} splits, but the "
            f"source has only {count} {things}; {remedy}, or give a split the part 0"
        )


def _leave_none_empty(sizes: list[int], parts: Sequence[int]) -> list[int]:
    for index, part in enumerate(parts):
        if part > 0 and sizes[index] == 0:
            sizes[sizes.index(max(sizes))] -= 1
            sizes[index] = 1
    return sizes


def _assign_groups(groups: dict[str, int], parts: Sequence[int], seed: int) -> dict[str, str]:
    """Assign shuffled groups to splits several times and take the best result."""
    shuffled = random.Random(seed)
    count = 1 + _GROUPS_DEALT // len(groups)
    deals = (_deal(groups, parts, shuffled.sample(sorted(groups), len(groups))) for _ in range(count))
    best = min(deals, key=_DealtGroups.distance)
    return {group: split for split, members in best.members.items() for group in members}


def _deal(groups: dict[str, int], parts: Sequence[int], order: Sequence[str]) -> "_DealtGroups":
    """Give each group to the split that lacks the most images, then exchange groups while that helps."""
    dealt = _DealtGroups(groups, parts)
    for position, group in enumerate(order):
        dealt.deal(group, groups_left=len(order) - position)
    while dealt.improve():
        pass
    return dealt


class _DealtGroups:
    """The groups in each split, and how many images each split lacks.

    Lacks are counted in images times the sum of the parts, which keeps them integers.
    """

    def __init__(self, groups: dict[str, int], parts: Sequence[int]):
        self._groups = groups
        self._whole = sum(parts)
        wanted = {split: part for split, part in zip(SPLITS, parts, strict=True) if part > 0}
        self.members: dict[str, list[str]] = {split: [] for split in wanted}
        self._lack = {split: sum(groups.values()) * part for split, part in wanted.items()}

    def distance(self) -> int:
        """Return the distance from the proportion: the sum of the splits' squared lacks."""
        return sum(lack * lack for lack in self._lack.values())

    def deal(self, group: str, groups_left: int) -> None:
        """Give `group` to the split that lacks the most; the last groups go to splits that are empty."""
        empty = [split for split, members in self.members.items() if not members]
        candidates = empty if groups_left <= len(empty) else self.members
        self._add(max(candidates, key=self._lack.__getitem__), group)

    def improve(self) -> bool:
        """Make the move or exchange of groups that helps most; return False if none helps."""
        gain, giver, taker, size, size_back = max(self._transfers(), default=(0, "", "", 0, 0))
        if gain <= 0:
            return False
        given = self._take(giver, size)
        if size_back:
            self._add(giver, self._take(taker, size_back))
        self._add(taker, given)
        return True

    def _transfers(self):
        """For every giver and group size, yield the best exchange with every taker, its gain first.

        The gain is half the reduction in the sum of squared lacks. It is greatest when half of the
        difference between the two lacks changes hands. size_back is 0 if no group is given in return.
        """
        sizes = {
            split: sorted({self._groups[group] for group in self.members[split]}) for split in self.members
        }
        for giver in self.members:
            for taker in self.members:
                difference = self._lack[taker] - self._lack[giver]
                if difference <= 0:
                    continue
                back = [0, *sizes[taker]] if len(self.members[giver]) > 1 else sizes[taker]
                for size in sizes[giver]:
                    best = size - difference / (2 * self._whole)
                    at = bisect.bisect(back, best)
                    for size_back in back[max(at - 1, 0) : at + 1]:
                        moved = (size - size_back) * self._whole
                        yield moved * (difference - moved), giver, taker, size, size_back

    def _add(self, split: str, group: str) -> None:
        self.members[split].append(group)
        self._lack[split] -= self._groups[group] * self._whole

    def _take(self, split: str, size: int) -> str:
        group = next(group for group in self.members[split] if self._groups[group] == size)
        self.members[split].remove(group)
        self._lack[split] += size * self._whole
        return group
