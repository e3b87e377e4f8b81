"""The division into train, eval and test."""

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.common.errors import UserError
from src.generation.debug_set import choose_debug_pairs
from src.generation.pairing import Pair
from src.generation.splits import SPLITS, assign_splits, divide, group_of

PARTS = st.tuples(st.integers(1, 100), st.integers(0, 100), st.integers(0, 100))
SIZES = st.lists(st.integers(1, 40), min_size=3, max_size=12)
SEEDS = st.integers(0, 2**32)


def names_of(sizes: list[int]) -> list[str]:
    return sorted(
        f"g{group}/matting_00000000/{number:04d}.png"
        for group, size in enumerate(sizes)
        for number in range(size)
    )


def counts(assignment: dict[str, str]) -> list[int]:
    counted = Counter(assignment.values())
    return [counted[split] for split in SPLITS]


def distance(sizes: list[int] | tuple[int, ...], parts: tuple[int, ...]) -> int:
    """Sum of the squared differences to the proportion, in whole numbers."""
    return sum((sum(sizes) * part - sum(parts) * size) ** 2 for size, part in zip(sizes, parts, strict=True))


@given(SIZES, PARTS, st.sampled_from(["group", "image"]), SEEDS)
def test_every_image_has_one_split_and_none_is_empty(sizes, parts, split_by, seed):
    names = names_of(sizes)
    assignment = assign_splits(names, parts, split_by, seed)
    assert list(assignment) == names
    for count, part in zip(counts(assignment), parts, strict=True):
        assert (count > 0) == (part > 0)


@given(SIZES, PARTS, SEEDS)
def test_groups_stay_whole_and_the_same_seed_gives_the_same(sizes, parts, seed):
    names = names_of(sizes)
    assignment = assign_splits(names, parts, "group", seed)
    splits_of_group = {(group_of(name), split) for name, split in assignment.items()}
    assert len(splits_of_group) == len(sizes)
    assert assign_splits(names, parts, "group", seed) == assignment


@given(st.lists(st.integers(1, 40), min_size=3, max_size=6), PARTS, SEEDS)
def test_few_groups_are_divided_as_well_as_possible(sizes, parts, seed):
    """Against all ways to divide them: no other is nearer by more than one image."""
    filled = {index for index, part in enumerate(parts) if part}
    best = min(
        distance(
            [sum(size for size, at in zip(sizes, choice, strict=True) if at == index) for index in range(3)],
            parts,
        )
        for choice in itertools.product(filled, repeat=len(sizes))
        if set(choice) == filled
    )
    reached = distance(counts(assign_splits(names_of(sizes), parts, "group", seed)), parts)
    assert reached**0.5 <= best**0.5 + sum(parts)


@given(st.lists(st.integers(1, 40), min_size=20, max_size=60), SEEDS)
def test_many_groups_come_near_the_proportion(sizes, seed):
    got = counts(assign_splits(names_of(sizes), (6, 2, 2), "group", seed))
    for count, part in zip(got, (0.6, 0.2, 0.2), strict=True):
        assert abs(count - part * sum(sizes)) <= max(sizes) / 2


def test_the_seed_matters():
    names = names_of([10] * 10)
    assignments = {tuple(assign_splits(names, (6, 2, 2), "group", seed).values()) for seed in range(5)}
    assert len(assignments) > 1


@given(st.integers(3, 300), PARTS)
def test_images_are_cut_in_order(count, parts):
    assignment = assign_splits(names_of([count]), parts, "image", seed=0)
    order = [SPLITS.index(split) for split in assignment.values()]
    assert order == sorted(order)
    for got, share in zip(counts(assignment), divide(count, parts), strict=True):
        assert abs(got - share) <= 2  # more only where a split would be empty


@pytest.mark.parametrize(
    ("parts", "expected"),
    [((6, 2, 2), [6, 2, 2]), ((7, 2, 1), [7, 2, 1]), ((98, 1, 1), [8, 1, 1]), ((1, 0, 0), [10, 0, 0])],
)
def test_published_proportions(parts, expected):
    for split_by, sizes in (("image", [10]), ("group", [1] * 10)):
        assert counts(assign_splits(names_of(sizes), parts, split_by, seed=9527)) == expected


@pytest.mark.parametrize(("split_by", "sizes"), [("group", [50, 50]), ("image", [2])])
def test_too_few_to_fill_the_splits(split_by, sizes):
    with pytest.raises(UserError, match=r"generate_data.proportion = 98:1:1 .* only 2 (groups|images)"):
        assign_splits(names_of(sizes), (98, 1, 1), split_by, seed=0)
    assert len(assign_splits(names_of(sizes), (98, 2, 0), split_by, seed=0)) == sum(sizes)


@given(st.integers(0, 10**6), PARTS)
def test_largest_remainder(total, parts):
    shares = divide(total, parts)
    assert sum(shares) == total
    for share, part in zip(shares, parts, strict=True):
        assert abs(share - total * part / sum(parts)) < 1


def test_the_largest_remainder_gets_the_rest():
    assert divide(5, (6, 2, 2)) == [3, 1, 1]
    assert divide(4, (6, 2, 2)) == [2, 1, 1]
    assert divide(100, (1, 1, 1)) == [34, 33, 33]


@given(st.tuples(*[st.integers(0, 30)] * 3), st.integers(0, 100), PARTS)
def test_debug_set_has_the_number_asked_for(available, count, parts):
    pairs_of = {
        split: [Pair(f"{split}/matting_0/{number}.png", "") for number in range(size)]
        for split, size in zip(SPLITS, available, strict=True)
    }
    chosen = choose_debug_pairs(pairs_of, count, parts)
    assert sum(map(len, chosen.values())) == min(count, sum(available))
    for split, pairs in chosen.items():
        assert len(set(pairs)) == len(pairs)
        assert set(pairs) <= set(pairs_of[split])
    if all(share <= size for share, size in zip(divide(count, parts), available, strict=True)):
        assert list(map(len, chosen.values())) == divide(count, parts)


def test_debug_set_is_spread_over_the_list():
    pairs = [Pair(f"g{number}/matting_0/x.png", "") for number in range(10)]
    chosen = choose_debug_pairs({"train": pairs, "eval": [], "test": []}, 4, (1, 0, 0))
    assert chosen["train"] == [pairs[0], pairs[2], pairs[5], pairs[7]]
