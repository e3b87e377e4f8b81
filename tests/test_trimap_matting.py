"""Alpha from trimaps: the trimap, the solvers, every kind of trimap, and predict.py --trimap."""

import re

import cv2
import numpy as np
import pytest
import scipy.sparse

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import predict
from scripts import measure_matting
from src.common.errors import UserError
from src.images.files import read_gray, write_image
from src.portrait.scene import render_portrait
from src.trimap_matting import solvers
from src.trimap_matting.matting import make_plan, solve_trimap
from src.trimap_matting.solvers import SOLVERS
from src.trimap_matting.trimap import probabilities_from_alpha, trimap_from_classes


def soft_disc(height: int, width: int, softness: float = 6) -> np.ndarray:
    """A disc in the middle, (H, W) float32."""
    rows, columns = np.mgrid[:height, :width]
    distance = np.hypot(rows - height / 2, columns - width / 2)
    return np.clip((0.3 * min(height, width) - distance) / softness + 0.5, 0, 1).astype(np.float32)


def picture_of(alpha: np.ndarray) -> np.ndarray:
    """An orange disc before a blue wall, both a little uneven, BGR."""
    rows = np.linspace(0, 25, len(alpha), dtype=np.float32)[:, np.newaxis, np.newaxis]
    front, back = np.float32([30, 120, 215]) + rows, np.float32([190, 90, 40]) - rows
    alpha = alpha[..., np.newaxis]
    return np.round(alpha * front + (1 - alpha) * back).astype(np.uint8)


def trimap_of(alpha: np.ndarray) -> np.ndarray:
    return np.select([alpha == 0, alpha == 1], [0, 255], 128).astype(np.uint8)


def enlarge(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    return cv2.resize(alpha, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def solved(image, trimap, name="cf", otherwise=None, most_bytes=1e9):
    otherwise = np.full(trimap.shape, 0.25, np.float32) if otherwise is None else otherwise
    return solve_trimap(image, trimap, make_plan(trimap, name, most_bytes), enlarge, otherwise)


@pytest.mark.parametrize("name", SOLVERS)
def test_every_solver_finds_the_alpha_that_the_picture_was_made_with(name):
    alpha = soft_disc(36, 60, softness=14)
    solution = solved(picture_of(alpha), trimap_of(alpha), name)
    unknown = (alpha > 0) & (alpha < 1)
    assert solution.remark == ""
    assert solution.alpha.dtype == np.float32
    np.testing.assert_array_equal(solution.alpha[~unknown], alpha[~unknown])
    error = np.abs(solution.alpha - alpha)[unknown].mean()
    assert error < {"cf": 0.03, "lbdm": 0.03, "knn": 0.15, "rw": 0.15, "lkm": 0.1}[name]
    assert error > 0


@pytest.mark.parametrize("name", ["cf", "lbdm"])
def test_an_island_takes_the_side_of_its_neighbours(name):
    """Also where no foreground is near any unknown pixel: the equations' right side is 0 then."""
    trimap = np.zeros((40, 40), np.uint8)
    trimap[4:12, 4:12], trimap[25:30, 25:30] = 255, 128
    assert solved(picture_of(soft_disc(40, 40)), trimap, name).alpha[25:30, 25:30].max() < 1e-9
    trimap = 255 - trimap
    trimap[25:30, 25:30] = 128
    flat = np.full((40, 40, 3), 90, np.uint8)
    np.testing.assert_allclose(solved(flat, trimap, name).alpha[25:30, 25:30], 1, atol=1e-4)


@pytest.mark.parametrize(
    ("values", "expected", "said"),
    [
        ((0,), 0, "nobody found"),
        ((0, 128), 0, "nobody found"),
        ((255,), 1, "no background"),
        ((255, 128), 1, "no background"),
        ((128,), 0.25, "unknown everywhere"),
    ],
)
def test_trimaps_that_lack_a_class_are_not_solved(values, expected, said):
    trimap = np.resize(np.uint8(values), (20, 20))
    solution = solved(np.zeros((20, 20, 3), np.uint8), trimap)
    assert (solution.alpha == expected).all()
    assert said in solution.remark


def test_known_trimaps_are_the_alpha_and_thin_photos_take_the_network_s():
    trimap = np.zeros((20, 20), np.uint8)
    trimap[5:] = 255
    photo = np.zeros((20, 20, 3), np.uint8)
    solution = solved(photo, trimap)
    np.testing.assert_array_equal(solution.alpha, trimap / 255)
    assert solution.remark == ""
    trimap[4:8] = 128
    thin = solved(photo[:, :2], trimap[:, :2])
    assert thin.alpha[:, 0].tolist() == [0] * 4 + [0.25] * 4 + [1] * 12
    assert "2" not in thin.remark and "3 pixels" in thin.remark


def test_a_foreground_that_the_copy_loses_is_kept():
    trimap = np.full((1500, 1500), 128, np.uint8)
    trimap[:700], trimap[1100, 1100] = 0, 255
    solution = solved(np.zeros((1500, 1500, 3), np.uint8), trimap)
    assert "too thin" in solution.remark
    assert solution.alpha[1100, 1100] == 1 and solution.alpha[1200, 0] == 0.25


def test_a_solver_that_fails_is_tried_again_and_replaced(monkeypatch):
    import pymatting

    alpha = soft_disc(40, 40)
    original, epsilons = pymatting.estimate_alpha_cf, []

    def fail_first(image, trimap, laplacian_kwargs, cg_kwargs):
        epsilons.append(laplacian_kwargs.get("epsilon"))
        if len(epsilons) == 1:
            raise ValueError("did not converge")
        return original(image, trimap, laplacian_kwargs=laplacian_kwargs, cg_kwargs=cg_kwargs)

    monkeypatch.setattr(pymatting, "estimate_alpha_cf", fail_first)
    solution = solved(picture_of(alpha), trimap_of(alpha))
    assert epsilons == [None, 1e-5] and "1e-5" in solution.remark
    assert np.abs(solution.alpha - alpha).mean() < 0.01

    monkeypatch.setattr(solvers, "_LEAST_SECONDS", -1e9)  # the time is over at the first step
    monkeypatch.setattr(solvers, "_PATIENCE", 0)
    monkeypatch.setattr(pymatting, "estimate_alpha_cf", original)
    solution = solved(picture_of(alpha), trimap_of(alpha))
    assert "shared matting" in solution.remark
    assert np.abs(solution.alpha - alpha).mean() < 0.05


def test_pymatting_prints_nothing(capsys):
    ichol = solvers._library().ichol
    ichol(scipy.sparse.csc_matrix([[1.0, 2.0], [2.0, 1.0]]))  # not positive definite
    assert capsys.readouterr().out == ""


def test_large_photos_are_solved_on_a_copy():
    alpha = soft_disc(1500, 1200, softness=20)
    trimap = trimap_of(alpha)
    plan = make_plan(trimap, "cf")
    assert 0.98e6 < plan.height * plan.width < 1.02e6
    assert plan.width / plan.height == pytest.approx(1200 / 1500, rel=2e-3)
    solution = solve_trimap(picture_of(alpha), trimap, plan, enlarge, alpha)
    np.testing.assert_array_equal(solution.alpha[trimap != 128], alpha[trimap != 128])
    assert np.abs(solution.alpha - alpha).max() < 0.1


def test_plans_keep_within_the_memory():
    trimap = trimap_of(soft_disc(900, 900))
    for name in SOLVERS:
        plan = make_plan(trimap, name, most_bytes=2e8)
        assert plan.cost.bytes <= 2e8
        assert f"{plan.width}x{plan.height}" in str(plan) and "MB" in str(plan)
    assert make_plan(np.full((900, 900), 128, np.uint8), "cf").unknown <= 150_000


def person_at_the_edge() -> np.ndarray:
    """Classes (3, 40, 30): a person that the lower edge cuts off, and a speck."""
    alpha = np.zeros((40, 30), np.float32)
    alpha[15:, 8:22] = 1
    alpha[2:4, 2:4] = 1
    return probabilities_from_alpha(alpha)


def test_the_trimap_grows_with_the_photo_and_not_at_its_edge():
    for scale, band in ((10, 10), (20, 20)):  # a network's pixel, which is more than 0.006
        trimap = trimap_from_classes(person_at_the_edge(), 40 * scale, 30 * scale)
        column = trimap[:, 15 * scale]
        assert column[-1] == 255  # the person goes on there
        first, last = np.flatnonzero(column == 128)[[0, -1]]
        assert abs((last - first + 1) - 2 * band) <= 2
        assert (first + last + 1) / 2 == pytest.approx(15 * scale, abs=1)
        assert not trimap[: 8 * scale, : 8 * scale].any()  # the speck is gone
    wide = trimap_from_classes(person_at_the_edge(), 400, 300, band=0.05)
    assert np.count_nonzero(wide[:, 150] == 128) == pytest.approx(40, abs=2)


def test_the_trimap_of_a_large_photo_is_that_of_a_smaller_one():
    small = trimap_from_classes(person_at_the_edge(), 1000, 750)
    large = trimap_from_classes(person_at_the_edge(), 3000, 2250)
    assert np.mean(large[1::3, 1::3] == small) > 0.995


def write_halves(folder, names=("me",), size=(40, 30)):
    """Photos, and trimaps that have the person on the right."""
    trimap = np.zeros(size, np.uint8)
    trimap[:, 10:20], trimap[:, 20:] = 128, 255
    for name in names:
        write_image(folder / "photos" / f"{name}.jpg", picture_of(np.tile(np.linspace(0, 1, 30), (40, 1))))
        write_image(folder / "trimaps" / f"{name}.png", trimap)


def test_predict_solves_the_trimap_of_a_file(tmp_path, predict_left):
    write_halves(tmp_path)
    photo = tmp_path / "photos" / "me.jpg"
    status, screen = predict_left(photo, "--trimap", tmp_path / "trimaps" / "me.png", "--solver", "rw")
    assert status == 0 and "random walk matting of 400 unknown pixels at 30x40" in screen
    alpha = read_gray(tmp_path / "photos" / "me_alpha.png")
    assert not alpha[:, :10].any() and (alpha[:, 20:] == 255).all()  # the network has it on the left
    assert np.unique(alpha[:, 10:20]).size > 5


def test_predict_takes_a_folder_of_trimaps_and_leaves_out_what_has_none(tmp_path, predict_left):
    write_halves(tmp_path, ("a/me", "you", "odd"))
    write_image(tmp_path / "trimaps" / "odd.png", np.zeros((10, 12), np.uint8))
    (tmp_path / "trimaps" / "you.png").unlink()
    status, screen = predict_left(
        tmp_path / "photos", "--trimap", tmp_path / "trimaps", "--output", tmp_path / "o"
    )
    assert status == 3
    assert read_gray(tmp_path / "o" / "a" / "me_alpha.png")[0, -1] == 255
    assert not list((tmp_path / "o").glob("*.png"))
    assert f"{tmp_path}/photos/you.jpg" in screen and "12x10" in screen and "30x40" in screen


@pytest.mark.parametrize("way", ["auto", "tnet"])
def test_predict_makes_the_trimap_itself(tmp_path, predict_left, way):
    """The stand-in's T-Net calls everything background, its alpha the left half the person."""
    write_halves(tmp_path)
    status, screen = predict_left(tmp_path / "photos" / "me.jpg", "--trimap", way)
    alpha = read_gray(tmp_path / "photos" / "me_alpha.png")
    assert status == 0
    if way == "auto":
        assert (alpha[:, :10] == 255).all() and not alpha[:, 20:].any()
    else:
        assert not alpha.any() and "nobody found" in screen


def test_what_cannot_be_meant_is_refused(tmp_path, predict_left, monkeypatch, capsys):
    write_halves(tmp_path, ("me", "you"))
    for trimap, said in ((tmp_path / "none.png", "none.png"), (tmp_path / "trimaps" / "me.png", "several")):
        with pytest.raises(UserError, match=said):
            predict_left(tmp_path / "photos", "--trimap", trimap)
    monkeypatch.setattr("sys.argv", ["predict.py", str(tmp_path / "photos"), "--solver", "cf"])
    with pytest.raises(SystemExit) as stop:
        predict.main()
    assert stop.value.code == 2 and "--solver needs --trimap" in capsys.readouterr().err


def test_trimaps_are_measured(tmp_path, monkeypatch, capsys):
    """On a drawn portrait, the true trimap is the best."""
    for kind, picture in zip(("image", "alpha"), render_portrait(7, 24), strict=True):
        small = cv2.resize(picture, (180, 240), interpolation=cv2.INTER_AREA)
        write_image(tmp_path / kind / "portrait.png", small)

    def sad(*flags: str) -> float:
        monkeypatch.setattr("sys.argv", ["measure_matting.py", str(tmp_path), *flags])
        assert measure_matting.main() == 0
        return float(re.search(r"sad: mean ([\d.]+)", capsys.readouterr().out)[1])

    network, own, true = sad(), sad("--trimap", "auto"), sad("--trimap", "true")
    assert 2 * true < min(network, own) and network != own
    assert sad("--trimap", "true", "--solver", "rw") != true
