"""matte() and load_matting() in programs: threads, forks, event loops, every kind of array."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
from src.inference.matting import load_matting
from tests.predicting import PHOTO, SIZE

ROOT = Path(__file__).resolve().parent.parent

THREADS = """
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from src.inference import matting

checkpoints = sys.argv[1:]
matting.load_matting.__kwdefaults__["size"] = 32
matting.load_matting.__defaults__ = (checkpoints[0],)  # the model that matte() takes
other = matting.load_matting(checkpoints[1])
rng = np.random.default_rng(0)
photos = [rng.integers(0, 256, (40 + 3 * i, 50, 3), dtype=np.uint8) for i in range(4)]
calls = [(call, photo) for photo in photos for call in (matting.matte, other)]


def together():
    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(lambda each: each[0](each[1]), calls))


cold, warm = together(), together()
one_by_one = [call(photo) for call, photo in calls]
for results in cold, warm:
    assert [np.array_equal(*pair) for pair in zip(results, one_by_one)] == [True] * len(calls)
assert np.ptp(one_by_one[0]) > 0 and not np.array_equal(*one_by_one[:2])
"""

FORK = """
import multiprocessing, sys

import numpy as np

from src.inference import matting
from src.engines.turn import ForkedError

photo = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
loaded = matting.load_matting(sys.argv[1], size=32)


def use_one(how):
    try:
        loaded(photo) if how == "loaded" else matting.matte(photo)
    except ForkedError as error:
        return str(error)


with multiprocessing.get_context("fork").Pool(1) as pool:
    for how in ("loaded", "new"):
        assert "spawn" in pool.apply_async(use_one, (how,)).get(timeout=20)
"""


def run_program(program: str, *arguments: object, cwd: Path) -> None:
    """Run a program with thin networks, which must leave nothing in its folder."""
    folders = [ROOT, ROOT / "tests" / "thin_commands"]
    result = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": ":".join(map(str, folders))},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    assert list(cwd.iterdir()) == []


@pytest.fixture(scope="module")
def matting(thin_checkpoint):
    from tests.thin_network import make_networks_thin

    with pytest.MonkeyPatch.context() as patch:
        make_networks_thin(patch)
        return load_matting(thin_checkpoint, size=SIZE)


@pytest.fixture
def two_checkpoints(thin, thin_checkpoint, tmp_path_factory) -> list[Path]:
    """Of the same network, with different weights."""
    from src.load_model import load_network
    from src.model.weights import save_parameters

    network = load_network(thin_checkpoint)
    network.t_net.last_conv.weight.set_data(-network.t_net.last_conv.weight)
    other = tmp_path_factory.mktemp("other") / "other.ckpt"
    save_parameters(network, other)
    return [thin_checkpoint, other]


def test_threads_give_the_values_of_one_after_the_other(two_checkpoints, tmp_path):
    """Also when they are the first to use the networks."""
    run_program(THREADS, *two_checkpoints, cwd=tmp_path)


def test_after_a_fork_there_is_an_error_and_no_hang(thin_checkpoint, tmp_path):
    run_program(FORK, thin_checkpoint, cwd=tmp_path)


def test_an_event_loop_may_call_it_and_hand_it_to_threads(matting):
    photos = [PHOTO[top:] for top in range(4)]

    async def matte_all() -> list[np.ndarray]:
        in_threads = [asyncio.to_thread(matting, photo) for photo in photos[1:]]
        return [matting(photos[0]), *await asyncio.gather(*in_threads)]

    for photo, alpha in zip(photos, asyncio.run(matte_all()), strict=True):
        np.testing.assert_array_equal(alpha, matting(photo))


def test_every_layout_of_an_array_gives_the_same_values(matting):
    expected = matting(PHOTO)
    read_only = PHOTO.copy()
    read_only.flags.writeable = False
    wide = np.zeros((PHOTO.shape[0], 2 * PHOTO.shape[1], 4), np.uint8)
    every_other = wide[:, ::2, :3]
    every_other[...] = PHOTO
    backwards = np.ascontiguousarray(PHOTO[::-1, ::-1, ::-1])[::-1, ::-1, ::-1]
    for image in (read_only, every_other, backwards, np.asfortranarray(PHOTO)):
        np.testing.assert_array_equal(matting(image), expected)


@pytest.mark.parametrize("shape", [(0, 40, 3), (40, 0, 3), (0, 0, 3)])
def test_arrays_without_a_pixel_are_no_photos(matting, shape):
    with pytest.raises(ValueError, match=rf"image must be .*, not uint8 \({shape[0]}, {shape[1]}, 3\)"):
        matting(np.zeros(shape, np.uint8))
