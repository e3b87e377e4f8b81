"""The learning rate over the steps of a phase."""

import math

import pytest

from src.training.schedule import learning_rate

STEPS = 200
LR = 3e-4


def rates(schedule: str, warmup_steps: int) -> list[float]:
    options = {"lr": LR, "schedule": schedule, "warmup_steps": warmup_steps}
    return [learning_rate(step, STEPS, **options) for step in range(STEPS)]


def test_a_constant_rate_is_the_configured_number_itself():
    assert rates("constant", 0) == [LR] * STEPS


def test_a_warm_up_rises_evenly_to_the_rate_and_stays():
    found = rates("constant", 40)
    assert found[:40] == pytest.approx([LR * (step + 1) / 40 for step in range(40)])
    assert found[39:] == [LR] * (STEPS - 39)


def test_a_cosine_falls_from_the_rate_to_nearly_nothing():
    found = rates("cosine", 0)
    assert found[0] == LR
    assert found[STEPS // 2] == pytest.approx(LR / 2)
    assert found[STEPS // 3] == pytest.approx(LR * (1 + math.cos(math.pi * (STEPS // 3) / STEPS)) / 2)
    assert 0 < found[-1] < LR * 1e-3
    assert sorted(found, reverse=True) == found


def test_a_warm_up_scales_the_cosine():
    found, without = rates("cosine", 40), rates("cosine", 0)
    assert found[:40] == pytest.approx([rate * (step + 1) / 40 for step, rate in enumerate(without[:40])])
    assert found[40:] == without[40:]
