"""The benchmark's own arithmetic; what it measures is not tested here."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from src.benchmark import networks, plain_script
from src.benchmark.contender import Contender, LeftOutError
from src.benchmark.results import Result, draw, markdown, measure, summary
from src.benchmark.rows import BOUND, Row, Work, network_rows, plate_rows, step_rows
from src.common.device import use_device

SMALL, LARGE = Work("networks:matrix_product", (64,)), Work("networks:matrix_product", (256,))


def test_a_contender_works_when_asked_and_tells_its_memory():
    contender = Contender("networks:matrix_product", 64)
    assert all(0 < contender.seconds() < 1e-6 for _ in range(3))
    assert 1 << 20 < contender.close() < 1 << 32


def test_a_contender_that_cannot_work_says_why():
    with pytest.raises(LeftOutError, match="No module named 'src.benchmark.no_such_module'"):
        Contender("no_such_module:work")


def test_a_contender_that_fails_is_an_error():
    with pytest.raises(RuntimeError, match="(?s)no_such_work failed with status 1:.*AttributeError"):
        Contender("networks:no_such_work")


def test_the_limit_for_mindspore_does_not_slow_pytorch():
    steps = step_rows(32, [2], dict.fromkeys(("pre_train_t_net", "pre_train_m_net", "end_to_end"), 1))
    rows = [*network_rows(32, 1, Path("unused")), *plate_rows(Path("unused")), *steps]
    works = [work for row in rows for label, work in row.works.items() if label.startswith("PyTorch")]
    assert len(works) == 7
    program = "import os, src; assert os.environ['ONEDNN_MAX_CPU_ISA'] == 'DEFAULT'"
    for environment in {tuple(work.environment.items()) for work in works}:
        Contender("files:command", "-c", program, environment=dict(environment)).close()


def test_a_row_is_compared_with_its_baseline_and_its_bound():
    works = {"ours": LARGE, "theirs": SMALL, "gone": Work("no_such_module:work")}
    row = Row("products", "product", works, "theirs", operations=1000, rounds=5)
    found = {each.label: each for each in measure(row, 1e-12)}
    ours, theirs, gone, bound = (found[label] for label in ("ours", "theirs", "gone", BOUND))
    assert ours.low <= ours.median <= ours.high
    assert ours.ratio > 0 and theirs.ratio is None and gone.left_out
    assert bound.median == pytest.approx(1e-9)
    assert ours.of_bound == pytest.approx(1e-9 / ours.median)


def test_the_tables_and_the_chart(tmp_path):
    results = [
        Result("a row", "photo", "ours", 0.01, 0.009, 0.02, 2.5, 0.5, is_ours=True, is_shown=True),
        Result("a row", "photo", "theirs", 2.5, 2, 3, None, 0.002, is_shown=True),
        Result("a row", "photo", "gone", left_out="no such package", is_shown=True),
        Result("a row", "photo", BOUND, 0.005, is_shown=True),
        Result("another row", "step", "ours", 1, 1, 1, is_ours=True),
        Result("set-up, size", "set-up", "ours", 512.3, is_ours=True, is_shown=True, unit="MB"),
    ]
    table = markdown(results).splitlines()
    assert table[2:5] == [
        "| a row | ours | 10 ms a photo | 9 ms to 20 ms | 2.50 | 50% |",
        "|  | theirs | 2.50 s a photo | 2.00 s to 3.00 s |  | 0% |",
        "|  | gone | left out: no such package | | | |",
    ]
    assert table[-1] == "| set-up, size | ours | 512 MB a set-up |  |  |  |"
    assert summary(results).splitlines()[2:] == [
        "| a row | ours 10 ms | theirs 2.50 s |",
        "| set-up, size | ours 512 MB |  |",
    ]
    draw(results, tmp_path / "chart.png")
    assert (tmp_path / "chart.png").stat().st_size > 1000


def test_the_plain_script_mattes_a_photo_and_a_video(tmp_path):
    """What predict.py is compared with does the work it claims."""
    photo, film = tmp_path / "photo.png", tmp_path / "film.mp4"
    cv2.imwrite(str(photo), np.full((60, 40, 3), 90, np.uint8))
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*"mp4v"), 25, (64, 48))
    for _ in range(3):
        writer.write(np.full((48, 64, 3), 90, np.uint8))
    writer.release()
    network = plain_script.open_network("onnx")
    plain_script.matte_photo(network, photo, str(tmp_path))
    plain_script.matte_video(network, str(film), str(tmp_path))
    assert cv2.imread(str(tmp_path / "photo_alpha.png"), cv2.IMREAD_UNCHANGED).shape == (60, 40)
    assert cv2.imread(str(tmp_path / "photo_cutout.png"), cv2.IMREAD_UNCHANGED).shape == (60, 40, 4)
    for name in ("alpha", "composite"):
        assert cv2.VideoCapture(str(tmp_path / f"{name}.mp4")).get(cv2.CAP_PROP_FRAME_COUNT) == 3


def test_multiply_accumulates_grow_with_the_pixels():
    use_device("CPU")
    small, large = networks.multiply_accumulates(32), networks.multiply_accumulates(64)
    assert {phase: 4 * count for phase, count in small.items()} == large
    assert large["end_to_end"] == large["pre_train_t_net"] + large["pre_train_m_net"]
    by_hand = 64 * 64 * 3 * 16 * 9  # T-Net's last convolution alone
    assert large["pre_train_t_net"] > by_hand
