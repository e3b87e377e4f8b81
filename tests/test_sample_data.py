"""Tests of the procedural sample data."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from src.common.atomic_file import TEMPORARY_PREFIX
from src.common.errors import UserError
from src.portrait.scene import SHOTS_PER_SESSION, render_portrait
from src.sample_data import make_sample_data

REPOSITORY = Path(__file__).resolve().parent.parent
SCRIPT = REPOSITORY / "src" / "sample_data.py"
COUNT = SHOTS_PER_SESSION + 2  # one whole session and a part of a second one
NOISE_LIMIT = 12  # mean difference, in 8-bit steps, that sensor noise and JPEG may cause


@pytest.fixture(scope="module")
def data_set(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sample") / "data"
    assert make_sample_data(folder, COUNT, seed=5, workers=2) == COUNT
    return folder


@pytest.fixture(scope="module")
def pairs(data_set) -> list[tuple[np.ndarray, np.ndarray]]:
    """Photos (BGR) and mattings (BGRA) in the order of their names."""
    photos = [cv2.imread(str(path)) for path in sorted(data_set.glob("clip_img/*/*/*.jpg"))]
    mattings = [
        cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in sorted(data_set.glob("matting/*/*/*.png"))
    ]
    return list(zip(photos, mattings, strict=True))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def run_script(*arguments, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)


def start_script(*arguments) -> subprocess.Popen:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


def wait_for_first_portrait(folder: Path, process: subprocess.Popen) -> None:
    end = time.monotonic() + 30
    while not list(folder.glob("matting/*/*/18*.png")):
        assert process.poll() is None and time.monotonic() < end, "no portrait appeared"
        time.sleep(0.02)


def test_layout_and_names(data_set):
    groups = sorted(path.name for path in (data_set / "clip_img").iterdir())
    assert len(groups) == 2
    assert all(len(group) == 10 and group.isdigit() for group in groups)
    expected = {"seed.txt"}
    for index in range(COUNT):
        group = groups[index // SHOTS_PER_SESSION]
        name = f"{group}-{index % SHOTS_PER_SESSION:08d}"
        expected.add(f"clip_img/{group}/clip_00000000/{name}.jpg")
        expected.add(f"matting/{group}/matting_00000000/{name}.png")
    assert set(contents(data_set)) == expected


def test_sizes_and_modes(data_set):
    for pattern, kind, mode in (("*.jpg", "JPEG", "RGB"), ("*.png", "PNG", "RGBA")):
        for path in data_set.rglob(pattern):
            with Image.open(path) as image:
                assert (image.format, image.mode, image.size) == (kind, mode, (600, 800))


def test_bytes_do_not_depend_on_workers(data_set, tmp_path):
    make_sample_data(tmp_path / "one", COUNT, seed=5, workers=1)
    assert contents(tmp_path / "one") == contents(data_set)


def test_second_run_makes_nothing_again(data_set):
    before = {path: path.stat().st_mtime_ns for path in data_set.rglob("*")}
    assert make_sample_data(data_set, COUNT, seed=5, workers=1) == 0
    assert {path: path.stat().st_mtime_ns for path in data_set.rglob("*")} == before


def test_missing_half_of_a_pair_is_made_again(data_set):
    before = contents(data_set)
    next(data_set.glob("matting/*/*/*-00000001.png")).unlink()
    assert make_sample_data(data_set, COUNT, seed=5, workers=1) == 1
    assert contents(data_set) == before


def test_other_seed_gives_other_pictures():
    (first, first_alpha), (second, second_alpha) = render_portrait(5, 0), render_portrait(6, 0)
    assert np.abs(first.astype(int) - second).mean() > 10
    assert (first_alpha != second_alpha).mean() > 0.02


def test_folder_of_another_seed_is_refused(data_set):
    before = contents(data_set)
    with pytest.raises(UserError, match="made with other settings"):
        make_sample_data(data_set, COUNT, seed=6)
    assert contents(data_set) == before


def test_alpha_has_solid_empty_and_soft_parts(pairs):
    for _, matting in pairs:
        alpha = matting[..., 3]
        soft = (alpha > 0) & (alpha < 255)
        assert 0.15 < alpha.mean() / 255 < 0.8
        assert (alpha == 255).mean() > 0.1
        assert (alpha == 0).mean() > 0.1
        assert 0.005 < soft.mean() < 0.2
        # True opacities, not the two or three values of a hard edge.
        assert len(np.unique(alpha[soft])) > 200


def test_hair_is_softer_than_the_edge_of_the_body(pairs):
    for _, matting in pairs:
        alpha = matting[..., 3]
        edge = cv2.morphologyEx(alpha, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
        soft = (alpha > 0) & (alpha < 255)
        rows = np.flatnonzero(alpha.max(1) > 128)[0] + np.array([0, 150])
        head, body = soft[rows[0] : rows[1]], soft[650:]
        head_edge, body_edge = edge[rows[0] : rows[1]], edge[650:]
        assert head.sum() / head_edge.sum() > 0.3
        assert head.sum() > 2 * body.sum() or body_edge.sum() == 0


def test_no_islands_outside_the_person(pairs):
    for _, matting in pairs:
        _, _, stats, _ = cv2.connectedComponentsWithStats(matting[..., 3], connectivity=8)
        assert stats[1:, cv2.CC_STAT_AREA].min() >= 200


def test_matting_has_the_colors_of_the_photo(pairs):
    for photo, matting in pairs:
        assert np.abs(photo.astype(int) - matting[..., :3]).mean() < NOISE_LIMIT / 3


def test_the_fairest_skin_is_not_turquoise():
    """Portrait 1661's skin is brighter than 255 in places; these once became 0."""
    photo, alpha = render_portrait(9527, 1661)
    blue, green, red = cv2.split(photo.astype(int))
    assert not ((alpha > 250) & (green > blue) & (blue > 150) & (red < 100)).any()


def test_session_shares_person_and_background(pairs):
    photos = [photo for photo, _ in pairs]
    empty = [matting[..., 3] == 0 for _, matting in pairs]

    def background_distance(first: int, second: int) -> float:
        both = empty[first] & empty[second]
        return float(np.abs(photos[first][both].mean(0) - photos[second][both].mean(0)).mean())

    within = max(background_distance(0, shot) for shot in range(1, SHOTS_PER_SESSION))
    across = min(background_distance(shot, SHOTS_PER_SESSION) for shot in range(SHOTS_PER_SESSION))
    assert within < across / 2
    assert np.mean(pairs[0][1][..., 3] != pairs[1][1][..., 3]) > 0.005  # the pose differs


def test_composite_is_exact_with_the_stored_alpha(monkeypatch):
    """Rendered over black and over white, the photos differ by 1 - alpha, up to rounding."""
    from src.portrait import scene

    photos = []
    for shade in (0, 255):
        session = scene._make_session(5, 0)
        plain = scene._Session(
            session.figure,
            session.camera,
            np.full_like(session.backdrop, shade),
            np.zeros_like(session.grain),
        )
        monkeypatch.setattr(scene, "_make_session", lambda seed, number, plain=plain: plain)
        photo, alpha = render_portrait(5, 0)
        monkeypatch.undo()
        photos.append(photo.astype(int))
    through = 255 - alpha.astype(int)
    assert np.abs(photos[1] - photos[0] - through[..., None]).max() <= 1


def test_killed_run_is_finished_by_the_next(data_set, tmp_path):
    folder = tmp_path / "killed"
    process = start_script(folder, "--count", COUNT, "--seed", 5, "--workers", 1)
    wait_for_first_portrait(folder, process)
    process.kill()
    process.communicate()
    time.sleep(0.5)  # the worker notices and ends
    assert len(contents(folder)) < len(contents(data_set))
    leftover = next(folder.glob("matting/*/*")) / f"{TEMPORARY_PREFIX}cut.png"
    leftover.write_bytes(b"half a picture")
    assert run_script(folder, "--count", COUNT, "--seed", 5, "--workers", 2).returncode == 0
    assert contents(folder) == contents(data_set)


@pytest.mark.skipif(os.name != "posix", reason="signals of process groups")
def test_ctrl_c_stops_quickly_and_cleanly(tmp_path):
    process = start_script(tmp_path / "long", "--count", 4000, "--workers", 2)
    wait_for_first_portrait(tmp_path / "long", process)
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    _, messages = process.communicate(timeout=20)
    assert process.returncode == 130
    assert time.monotonic() - began < 8
    assert b"Traceback" not in messages
    assert not list((tmp_path / "long").rglob(f"{TEMPORARY_PREFIX}*"))


def test_runs_from_inside_src(tmp_path):
    result = run_script(tmp_path / "data", "--count", 1, "--workers", 1, cwd=SCRIPT.parent)
    assert result.returncode == 0, result.stderr
    assert "1 portraits" in result.stdout
    assert "image" in result.stderr  # the progress bar


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"count": 0}, "count is 0"), ({"seed": -1}, "seed is -1"), ({"workers": 0}, "workers is 0")],
)
def test_bad_numbers_are_refused(tmp_path, arguments, message):
    with pytest.raises(UserError, match=message):
        make_sample_data(tmp_path / "data", **{"count": 1, **arguments})
    assert not (tmp_path / "data").exists()


def test_file_in_place_of_the_folder_is_an_error_of_one_line(tmp_path):
    place = tmp_path / "file"
    place.write_text("kept")
    for folder in (place, place / "below"):
        result = run_script(folder, "--count", 1)
        assert result.returncode == 1
        assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1
        assert str(folder) in result.stderr
    assert place.read_text() == "kept"


def test_other_data_is_never_mixed_with_samples(tmp_path):
    (tmp_path / "clip_img").mkdir()
    with pytest.raises(UserError, match="holds other data, such as clip_img"):
        make_sample_data(tmp_path, 1)
