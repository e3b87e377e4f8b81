"""The C++ runner on photos: the same mattes as predict.py, and what it does with files it cannot use."""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from src.images.files import read_gray, read_photo
from src.images.preprocessing import alpha_to_bytes
from src.images.suffixes import PHOTO_SUFFIXES
from src.inference.matting import load_matting
from src.prediction.jobs import find_jobs
from src.videos.kinds import VIDEO_SUFFIXES
from tests.runner import ENVIRONMENT, RUNNER, SKIPPED, call_runner, error_lines
from tests.small_file_system import small_file_system

STAGES = re.compile(
    r"medians of (?P<count>\d+) photos: read (?P<read>[\d.]+) ms, prepare (?P<prepare>[\d.]+) ms, "
    r"network (?P<network>[\d.]+) ms, finish (?P<finish>[\d.]+) ms, write (?P<write>[\d.]+) ms\n"
    r"whole: (?P<whole>[\d.]+) ms, network: (?P<all>[\d.]+) ms, ratio (?P<ratio>[\d.]+)\n"
)

pytestmark = pytest.mark.usefixtures("reads_photos")


def draw(height: int, width: int, channels: int = 3) -> np.ndarray:
    """A picture of smooth colours and some noise."""
    rng = np.random.default_rng(height * 10007 + width)
    coarse = rng.integers(0, 256, (5, 4, channels), np.uint8)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).reshape(
        height, width, channels
    )
    return np.clip(smooth + rng.normal(0, 5, (height, width, channels)), 0, 255).astype(np.uint8)


def save(folder: Path, name: str, pixels: np.ndarray, mode: str = "RGB", **options) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).convert(mode).save(folder / name, **options)
    return folder / name


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def run_photos(
    model: Path, photos: Path, mattes: Path, *options: str, runner: Path = RUNNER, **environment: str
) -> subprocess.CompletedProcess:
    files = "--model", model, "--photos", photos, "--mattes", mattes
    return call_runner(*files, *options, runner=runner, **environment)


def files_of(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


@pytest.fixture(scope="module")
def reads_photos(runner) -> None:
    """The runner was built with libjpeg and libpng, which CI has."""
    result = run_photos(RUNNER, Path("absent"), Path("absent"))
    if "apt install libjpeg-dev libpng-dev" in result.stderr and not os.environ.get("CI"):
        pytest.skip("the runner was built without libjpeg or libpng")


@pytest.fixture
def photos(tmp_path) -> Path:
    """A folder with three good photos."""
    folder = tmp_path / "photos"
    save(folder, "a.jpg", draw(90, 70))
    save(folder, "b.png", draw(70, 90))
    save(folder / "more", "c.JPEG", draw(64, 64), format="JPEG")
    return folder


def save_all_kinds(folder: Path) -> None:
    """Shapes that shrink, grow or stay, in blocks or not; all orientations; all kinds of colours."""
    for height, width in [(240, 131), (131, 240), (128, 128), (64, 64), (50, 61), (300, 9), (1, 80), (1, 1)]:
        save(folder, f"{height}x{width}.png", draw(height, width))
        save(folder, f"{height}x{width}_q.jpg", draw(height, width), quality=90)
    for height, width in [(400, 280), (285, 200), (200, 110)]:  # tall, and dark: no person to a thin network
        save(folder, f"dark{height}x{width}.png", draw(height, width) // 2)
    for colour in [(0, 0, 0), (0, 0, 255), (0, 255, 0)]:  # red is a person to a thin network
        for rows, columns in [(100, 15), (60, 80), (12, 9)]:  # the last one is found by a search
            picture = np.full((150, 240, 3), colour, np.uint8)
            picture[20 : 20 + rows, 60 : 60 + columns] = (255, 0, 0)
            save(folder, f"red{colour.index(max(colour))}{max(colour)}_{rows}.png", picture)
    for orientation in range(1, 9):
        suffix = "png" if orientation in (5, 6) else "jpg"
        save(folder, f"turned{orientation}.{suffix}", draw(120, 90), exif=turned(orientation))
    save_turned_otherwise(folder)
    save(folder, "progressive.jpg", draw(120, 90), progressive=True)
    save(folder, "cmyk.jpg", draw(120, 90), "CMYK")
    save(folder, "grey.jpg", draw(120, 90), "L")
    save(folder, "grey.png", draw(120, 90), "L")
    save(folder, "two_tones.png", draw(120, 90), "1")
    save(folder, "palette.png", draw(120, 90), "P", transparency=3)
    save(folder, "alpha.png", draw(120, 90, 4), "RGBA")
    save(folder, "turned_alpha.png", draw(120, 90, 4), "RGBA", exif=turned(6))
    save(folder, "two_channels.png", draw(120, 90, 4), "LA")
    for name, channels in (("grey16", 1), ("colour16", 3), ("alpha16", 4)):
        deep = draw(120, 90, channels).astype(np.uint16).squeeze() * 250 + 77
        cv2.imwrite(str(folder / f"{name}.png"), deep)


def save_turned_otherwise(folder: Path) -> None:
    """How the camera was held is stated in XMP data, or by EXIF data in the text of older programs."""
    attribute, element = '<x tiff:Orientation="8"/>', "<tiff:Orientation>6</tiff:Orientation>"
    save(folder, "xmp.jpg", draw(120, 90), xmp=element.encode())
    nothing = Image.Exif()
    nothing[0x010F] = "maker"
    save(folder, "exif_without.jpg", draw(120, 90), exif=nothing, xmp=attribute.encode())
    save(folder, "exif_counts.jpg", draw(120, 90), exif=turned(3), xmp=attribute.encode())
    texts = {name: PngInfo() for name in ("xmp", "xmp_wrong", "old_exif", "old_exif_wrong")}
    texts["xmp"].add_itxt("XML:com.adobe.xmp", attribute, zip=True)
    texts["xmp_wrong"].add_itxt("XML:com.adobe.xmp", "tiff:Orientation=x tiff:Orientation>0")
    digits = turned(6).tobytes().hex()
    lines = f"\nexif\n{len(digits) // 2:8}\n{digits[:72]}\n{digits[72:]}\n"
    texts["old_exif"].add_text("Raw profile type exif", lines, zip=True)
    texts["old_exif_wrong"].add_text("Raw profile type exif", "\nexif")
    for name, text in texts.items():
        save(folder, f"{name}.png", draw(120, 90), pnginfo=text)


def test_the_mattes_are_those_of_python(thin_lowered, tmp_path):
    save_all_kinds(tmp_path / "in")
    result = run_photos(thin_lowered, tmp_path / "in", tmp_path / "out")
    assert (result.returncode, error_lines(result)) == (0, [])
    matting = load_matting(thin_lowered, engine="lite")  # whose outputs other tests compare
    paths = sorted((tmp_path / "in").iterdir())
    searched: set[int] = set()  # numbers of tiles
    spread, looks = [], set()  # kinds of closer looks: the number of parts, and whether of the whole photo
    for path in paths:
        photo = read_photo(path)
        outputs = matting.run(photo.seen())
        look = outputs.look
        searched.add(len(outputs.tiles))
        looks.add((len(look.parts), (look.region.height, look.region.width) == photo.seen().shape[:2]))
        expected = alpha_to_bytes(matting.finish(photo.seen(), outputs).alpha)
        if photo.alpha is not None:
            expected = np.minimum(expected, photo.alpha)
        name = path.name if path.stem in ("grey", "xmp") else path.stem  # of which there are two
        found = read_gray(tmp_path / "out" / f"{name}_alpha.png")
        np.testing.assert_allclose(found.astype(int), expected, atol=1, err_msg=path.name)
        spread.append(found.std())
    assert len(files_of(tmp_path / "out")) == len(paths)
    assert np.mean(np.array(spread) > 10) > 0.6  # the mattes are not flat
    assert {0, 6} <= searched
    assert looks == {(0, True), (1, False), (2, True), (2, False)}


def test_the_report_adds_up(thin_lowered, photos, tmp_path):
    result = run_photos(thin_lowered, photos, tmp_path / "out", "--time_result", str(tmp_path / "time"))
    report = result.stdout.split("\n", 1)[1]
    numbers = {key: float(value) for key, value in STAGES.fullmatch(report).groupdict().items()}
    assert numbers["count"] == 3
    assert numbers["whole"] >= numbers["all"] >= numbers["network"] > 0
    assert numbers["ratio"] == pytest.approx(numbers["whole"] / numbers["all"], rel=0.1)
    assert (tmp_path / "time" / "test_perform_static.txt").read_text() == report


def test_results_have_the_names_of_predict(thin_lowered, photos, tmp_path):
    shutil.copy(photos / "b.png", photos / "a.png")
    (photos / ".hidden.jpg").write_bytes(b"")
    assert run_photos(thin_lowered, photos, tmp_path / "out").returncode == 0
    names = ["a.jpg_alpha.png", "a.png_alpha.png", "b_alpha.png", "more/c_alpha.png"]
    assert files_of(tmp_path / "out") == names


def test_results_that_are_there_are_kept(thin_lowered, photos):
    assert run_photos(thin_lowered, photos, photos).returncode == 0
    whole = (photos / "a_alpha.png").read_bytes()
    before = files_of(photos)
    (photos / "a_alpha.png").write_bytes(b"old")
    (photos / "b_alpha.png").unlink()
    again = run_photos(thin_lowered, photos, photos)
    assert (again.returncode, error_lines(again)) == (0, [])
    assert again.stdout.startswith("2 have their results already")
    assert "medians of 1 photos" in again.stdout
    assert (photos / "a_alpha.png").read_bytes() == b"old"
    assert run_photos(thin_lowered, photos, photos, "--overwrite").returncode == 0
    assert (photos / "a_alpha.png").read_bytes() == whole
    assert files_of(photos) == before


def test_bad_files_are_named_and_skipped(thin_lowered, photos, tmp_path):
    content = (photos / "a.jpg").read_bytes()
    (photos / "half.jpg").write_bytes(content[: len(content) // 2])
    (photos / "half.png").write_bytes((photos / "b.png").read_bytes()[:3000])
    (photos / "text.jpg").write_text("no photo")
    (photos / "empty.png").write_bytes(b"")
    (photos / "notes.txt").write_text("no photo")
    (photos / "link.jpg").symlink_to("absent")
    os.mkfifo(photos / "pipe.jpg")
    save(photos, f"{'x' * 246}.png", draw(9, 9))
    result = run_photos(thin_lowered, photos, tmp_path / "out")
    assert (result.returncode, error_lines(result)) == (SKIPPED, ["error: 8 files were skipped"])
    reasons = dict(re.findall(r"skipped: .*?(\w+\.\w+): (.+)", result.stdout))
    assert set(reasons) == {
        *("half.jpg", "half.png", "text.jpg", "empty.png", "notes.txt", "link.jpg", "pipe.jpg"),
        f"{'x' * 246}.png",
    }
    assert "its end is missing" in reasons["half.jpg"] and "its end is missing" in reasons["half.png"]
    assert reasons["text.jpg"].endswith("neither JPEG nor PNG")
    assert files_of(tmp_path / "out") == ["a_alpha.png", "b_alpha.png", "more/c_alpha.png"]


@pytest.mark.parametrize("room", [0, 999], ids=["", "zeros instead"])
def test_a_photo_that_lacks_only_its_end_marker(thin_lowered, photos, tmp_path, room):
    """As a download leaves that made room for the whole file first."""
    photo = photos / "a.jpg"
    photo.write_bytes(photo.read_bytes().removesuffix(b"\xff\xd9") + bytes(room))
    result = run_photos(thin_lowered, photos, tmp_path / "out")
    assert result.returncode == SKIPPED
    assert re.search(r"skipped: .*a\.jpg: .*its end is missing", result.stdout)


def test_results_are_named_as_those_of_predict(thin_lowered, tmp_path):
    """Beside files of all kinds that it knows; and a folder is searched under its own path, not a link's."""
    suffixes = [each for each in PHOTO_SUFFIXES + VIDEO_SUFFIXES if each not in (".jpg", ".JPG")]
    photos, mattes = tmp_path / "photos", tmp_path / "mattes"
    for number, suffix in enumerate([*suffixes, ".txt", ""]):
        save(photos / "z", f"{number:03d}.jpg", draw(8, 8))
        (photos / "z" / f"{number:03d}{suffix.upper()}").touch()
    (photos / "a").symlink_to("z")
    run_photos(thin_lowered, photos, mattes)
    found = find_jobs([photos], mattes)
    expected = {job.results(True)[0] for job in found.jobs if job.source.suffix == ".jpg"}
    assert len(expected) == len(suffixes) + 2
    assert set(mattes.rglob("*.png")) == expected


def test_temporary_files_of_other_machines_are_left_alone(thin_lowered, photos, tmp_path):
    """Their processes may have the same number."""
    mattes = tmp_path / "mattes"
    mattes.mkdir()
    other = 'echo other >"$0/.partial-$$-0"; exec "$@"'
    command = [RUNNER, "--model", thin_lowered, "--photos", photos, "--mattes", mattes]
    result = subprocess.run(["bash", "-c", other, mattes, *command], env=ENVIRONMENT, capture_output=True)
    assert result.returncode == 0
    (left,) = mattes.glob(".partial-*")
    assert left.read_text() == "other\n"
    assert sorted(path.name for path in mattes.rglob("*.png")) == [
        "a_alpha.png",
        "b_alpha.png",
        "c_alpha.png",
    ]
    assert read_gray(mattes / "a_alpha.png").shape == (90, 70)


def test_links_that_lead_in_circles(thin_lowered, photos, tmp_path):
    (photos / "more" / "up").symlink_to("..")
    assert run_photos(thin_lowered, photos, tmp_path / "out").returncode == 0
    assert len(files_of(tmp_path / "out")) == 3


def test_damaged_files_never_crash(thin_lowered, tmp_path):
    rng = np.random.default_rng(0)
    for name, options in (("a.jpg", {"exif": turned(6)}), ("a.png", {"exif": turned(6)})):
        whole = save(tmp_path / "in", name, draw(40, 30), **options).read_bytes()
        for number in range(40):
            content = bytearray(whole)
            for place in rng.integers(8, len(whole), 6):
                content[place] = rng.integers(0, 256)
            (tmp_path / "in" / f"{number}_{name}").write_bytes(content)
    result = run_photos(thin_lowered, tmp_path / "in", tmp_path / "out")
    assert result.returncode == SKIPPED, result.stderr
    assert len(files_of(tmp_path / "out")) + result.stdout.count("skipped: ") == 82


@pytest.mark.parametrize("content", [None, [".hidden.jpg"]], ids=["missing", "no photo"])
def test_a_folder_without_photos(thin_lowered, tmp_path, content):
    folder = tmp_path / "in"
    if content is not None:
        folder.mkdir()
        for name in content:
            (folder / name).write_bytes(b"")
    result = run_photos(thin_lowered, folder, tmp_path / "out")
    assert result.returncode == 1
    assert error_lines(result)[0].startswith(f"error: {folder}: ")
    assert not (tmp_path / "out").exists()


def test_a_full_disk(thin_lowered, tmp_path):
    rng = np.random.default_rng(0)
    for number in range(4):
        noise = rng.integers(0, 256, (300, 300, 3)).astype(np.uint8)
        save(tmp_path / "in", f"{number}.png", noise)
    with small_file_system(tmp_path / "small", "64k") as disk:
        result = run_photos(thin_lowered, tmp_path / "in", disk / "out")
        (line,) = error_lines(result)
        assert result.returncode == 1
        assert line.endswith("cannot be written: No space left on device; make room")
        for name in files_of(disk / "out"):
            assert read_gray(disk / "out" / name).shape == (300, 300)


def test_ctrl_c_leaves_whole_results_and_the_same_command_goes_on(thin_lowered, tmp_path):
    photo = save(tmp_path / "in", "0.png", draw(300, 300))
    for number in range(1, 400):
        (tmp_path / "in" / f"{number}.png").symlink_to(photo)
    command = [RUNNER, "--model", thin_lowered, "--photos", tmp_path / "in", "--mattes", tmp_path / "out"]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "out" / "10_alpha.png").exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT
    assert "stopped" in errors
    written = files_of(tmp_path / "out")
    assert 2 < len(written) < 400
    assert {read_gray(tmp_path / "out" / name).shape for name in written} == {(300, 300)}
    result = run_photos(thin_lowered, tmp_path / "in", tmp_path / "out")
    assert result.returncode == 0
    assert result.stdout.startswith(f"{len(written)} have their results already")
    assert len(files_of(tmp_path / "out")) == 400


def test_a_model_without_its_description(thin_lowered, photos, tmp_path):
    model = tmp_path / "model.mindir"
    model.write_bytes(thin_lowered.read_bytes().replace(b"matting_model", b"another_thing"))
    result = run_photos(model, photos, tmp_path / "out")
    (line,) = error_lines(result)
    assert result.returncode == 1
    assert str(model) in line and "mean" in line and "export.py" in line


@pytest.mark.parametrize(
    "options",
    [
        ("--photos", "in"),
        ("--mattes", "out"),
        ("--overwrite",),
        ("--pipe", "--photos", "in"),
        ("--photos", "in", "--mattes", "out", "--background", "#00ff00"),
        ("--photos", "in", "--mattes", "out", "--format", "nv21"),
    ],
    ids=" ".join,
)
def test_a_command_line_that_lacks_something_or_has_too_much(thin_lowered, options):
    command = [RUNNER, "--model", thin_lowered, *options]
    result = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT)
    (line,) = error_lines(result)
    assert result.returncode == 2
    assert "--photos" in line
