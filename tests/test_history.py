"""The table of a run's epochs, also where others have written to it."""

import csv
from pathlib import Path
from types import SimpleNamespace

import pytest

from src.common.errors import UserError
from src.training.history import METRICS_FILE, record_epoch


def system(score: str, phase: str) -> SimpleNamespace:
    return SimpleNamespace(scores=(score,), phases={phase: SimpleNamespace(title=phase)})


ONE, OTHER = system("sad", "first"), system("mean_iou", "second")


def read(folder: Path) -> list[dict[str, str]]:
    with (folder / METRICS_FILE).open(newline="") as file:
        return list(csv.DictReader(file))


def test_two_systems_in_one_folder_keep_their_columns(tmp_path):
    for epoch in (1, 2):
        record_epoch(tmp_path, {"phase": "first", "epoch": epoch, "train_loss": 1, "eval_sad": 5}, ONE)
        record_epoch(tmp_path, {"phase": "second", "epoch": epoch, "eval_mean_iou": 0.5}, OTHER)
    record_epoch(tmp_path, {"phase": "first", "epoch": 2, "train_loss": 1, "eval_sad": 4}, ONE)  # again
    rows = read(tmp_path)
    found = [(row["phase"], row["epoch"], row["eval_sad"], row["eval_mean_iou"]) for row in rows]
    assert sorted(found) == [
        ("first", "1", "5", ""),
        ("first", "2", "4", ""),
        ("second", "1", "", "0.5"),
        ("second", "2", "", "0.5"),
    ]
    assert (tmp_path / "curves.png").is_file()


@pytest.mark.parametrize("table", ["phase;epoch\nfirst;1\n", "phase,epoch\nfirst,one\n", "\xff"])
def test_a_table_that_was_changed_is_named(tmp_path, table):
    content = table.encode("latin-1")
    (tmp_path / METRICS_FILE).write_bytes(content)
    with pytest.raises(UserError, match=r"metrics\.csv: is no table as training writes it"):
        record_epoch(tmp_path, {"phase": "first", "epoch": 2, "eval_sad": 5}, ONE)
    assert (tmp_path / METRICS_FILE).read_bytes() == content
