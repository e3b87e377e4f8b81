"""run_infer_cpp.sh: photos in, mattes and SAD out, as Python computes them; nothing lost when it fails."""

import contextlib
import csv
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
import pytest

import eval as eval_command
from src.common.errors import UserError
from src.config import Config
from src.data.split_files import SplitFiles
from src.deployment.compare import PICTURE_FILE, TABLE_FILE, compare
from src.deployment.export import export_network
from src.description.model_info import ModelInfo
from src.engines.engine import open_engine
from src.images.files import read_image, write_image
from src.inference.matting import Matting
from src.inference.protocol import PUBLISHED
from src.load_model import load_network
from tests.published_input import published_input
from tests.python_program import write_python
from tests.runner import COPY_ENVIRONMENT, ENVIRONMENT, ROOT, SKIPPED, call_runner, read_output
from tests.small_dataset import make_person, write_dataset
from tests.thin_video_model import ThinFrameMatte

SIZE = 64
MEAN = (114, 121, 134)
PHOTO_SIZES = [(48, 64), (70, 40), (64, 64), (131, 90), (20, 33), (300, 200)]
TREE = {"preprocess_Result", "result_Files", "postprocess_Result", "time_Result", "infer.log", "acc.log"}

pytestmark = pytest.mark.usefixtures("runner", "thin_networks")


class Project(NamedTuple):
    """A copy of the project in a folder with a space, with a Python of the tests' own on the PATH."""

    folder: Path
    data: Path
    programs: Path

    @property
    def scripts(self) -> Path:
        return self.folder / "scripts"

    def environment(self, **changes: str) -> dict[str, str]:
        path = f"{self.programs}:{os.environ['PATH']}"
        unset = ("LITE_HOME", "MS_LITE_HOME", "DEVICE_ID")
        kept = {name: value for name, value in ENVIRONMENT.items() if name not in unset}
        return {**kept, **COPY_ENVIRONMENT, "PATH": path, **changes}

    def run(
        self,
        *arguments: str | Path,
        script: str = "run_infer_cpp.sh",
        cwd: Path | None = None,
        **changes: str,
    ) -> subprocess.CompletedProcess:
        """Run the script in its own folder, on the test split."""
        command = ["bash", self.scripts / script if cwd else script, *arguments, *self.settings()]
        return subprocess.run(
            command,
            cwd=cwd or self.scripts,
            env=self.environment(**changes),
            capture_output=True,
            text=True,
            timeout=200,
        )

    def start(self, *arguments: str | Path) -> subprocess.Popen:
        """Start the script as `run` does, in a session of its own and with both outputs in one."""
        return subprocess.Popen(
            ["bash", "run_infer_cpp.sh", *arguments, *self.settings()],
            cwd=self.scripts,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def settings(self) -> list[str]:
        return [f"--set=infer.file_test_list={self.data}/test/test.txt", "--set", f"infer.size={SIZE}"]


@pytest.fixture(scope="module")
def project(thin_mindir, tmp_path_factory) -> Project:
    """The copy; tests that change its data put it back."""
    room = tmp_path_factory.mktemp("room")
    folder = room / "my project 图"
    for name in ("src", "scripts", "ascend_infer"):
        ignored = shutil.ignore_patterns("__pycache__", "build", *TREE)
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("preprocess.py", "postprocess.py", "config.yaml", "requirements.txt"):
        shutil.copy(ROOT / name, folder)
    if (ROOT / ".cache").exists():
        (folder / ".cache").symlink_to(ROOT / ".cache")
    shutil.copy(thin_mindir, folder / "shm_export.mindir")
    for name in ("python", "python3"):
        write_python(room / "bin" / name)
    data = room / "数据 set"
    write_dataset(data, {"test": len(PHOTO_SIZES)})
    files = SplitFiles(data, "test")
    for index, size in enumerate(PHOTO_SIZES):
        photo, alpha = make_person((9, index), *size)
        write_image(files.photo(index), photo)
        write_image(files.alpha(index), alpha)
    return Project(folder, data, room / "bin")


@pytest.fixture(scope="module")
def finished(project) -> subprocess.CompletedProcess:
    """One run on CPU that succeeded."""
    result = project.run("../shm_export.mindir", "CPU")
    assert result.returncode == 0, result.stdout + result.stderr
    return result


@pytest.fixture
def results(project, finished, tmp_path) -> Path:
    """A folder with the results of that run, for tests that may change them."""
    folder = tmp_path / "results"
    folder.mkdir()
    for name in TREE:
        copy = shutil.copytree if (project.scripts / name).is_dir() else shutil.copy
        copy(project.scripts / name, folder / name)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def sample(index: int, files: SplitFiles) -> str:
    return f"matting_{index:04d}_{files.photo(index).stem}"


def test_the_tree_is_that_of_the_published_readme(project, finished):
    names = {path.name for path in project.scripts.iterdir()} - {p.name for p in (ROOT / "scripts").iterdir()}
    assert names | TREE == TREE
    assert all((project.scripts / name).exists() for name in TREE)
    files = SplitFiles(project.data, "test")
    for index in range(len(files)):
        name = sample(index, files)
        for path in (
            f"preprocess_Result/clip_data/{name}.jpg",
            f"preprocess_Result/img_data/{name}.bin",
            f"preprocess_Result/label/{name}.png",
            f"result_Files/{name}_0.bin",
            f"result_Files/{name}_1.bin",
            f"postprocess_Result/{name}.jpg",
        ):
            assert (project.scripts / path).is_file(), path
    times = (project.scripts / "time_Result/test_perform_static.txt").read_text()
    pattern = rf"^NN inference cost average time: [\d.]+ ms of infer_count {len(files)}$"
    assert re.search(pattern, times, re.MULTILINE)
    assert len([line for line in times.splitlines() if "time" in line]) == 1
    assert times in (project.scripts / "infer.log").read_text()


def test_alphas_are_those_of_mindspore(project, finished, thin_checkpoint):
    from mindspore import Tensor

    network = load_network(thin_checkpoint).set_train(False)
    matting = Matting(open_engine(thin_checkpoint, size=SIZE, mean=MEAN), PUBLISHED)
    files = SplitFiles(project.data, "test")
    for index in range(len(files)):
        photo = read_image(files.photo(index))
        logits, alpha = network(Tensor(published_input(photo, SIZE, MEAN)))
        results = project.scripts / "result_Files"
        found = read_output(results, f"{sample(index, files)}_1", alpha.shape)
        np.testing.assert_allclose(found, alpha.asnumpy(), atol=1e-4)
        found = read_output(results, f"{sample(index, files)}_0", logits.shape)
        np.testing.assert_allclose(found, logits.asnumpy(), atol=1e-4)
        written = read_image(project.scripts / "postprocess_Result/alpha" / f"{sample(index, files)}.png")
        np.testing.assert_allclose(written[..., 0] / 255, matting(photo), atol=0.51 / 255 + 1e-4)


def test_sad_is_that_of_eval(project, finished, thin_checkpoint, tmp_path):
    test = {"model": str(thin_checkpoint), "test_pic_path": str(project.data), "output_path": str(tmp_path)}
    test |= {"size": SIZE, "device_target": "CPU"}
    means, _ = eval_command.run_evaluation(Config.model_validate({"mean": MEAN, "test": test}))
    last = (project.scripts / "acc.log").read_text().splitlines()[-1]
    count, total, mean = re.fullmatch(
        r"Total images: (\d+), total sad: ([\d.]+), ave sad: ([\d.]+)", last
    ).groups()
    assert int(count) == len(PHOTO_SIZES)
    assert float(mean) == pytest.approx(means["sad"], abs=1e-3)
    assert float(total) == pytest.approx(len(PHOTO_SIZES) * means["sad"], abs=1e-2)
    tables = []
    for path in (tmp_path / "metrics.csv", project.scripts / "postprocess_Result/metrics.csv"):
        with path.open(newline="") as file:
            tables.append([{k: v for k, v in row.items() if k != "image"} for row in csv.DictReader(file)])
    for one, other in zip(*tables, strict=True):
        assert {key: float(value) for key, value in one.items()} == pytest.approx(
            {key: float(value) for key, value in other.items()}, abs=1e-3
        )


def test_the_comparison_with_python(project, finished, thin_checkpoint, tmp_path):
    comparison = compare(open_engine(thin_checkpoint, size=SIZE), project.scripts, tmp_path)
    assert len(comparison.photos) == len(PHOTO_SIZES)
    for photo in comparison.photos:
        assert photo.largest_difference < 1e-4
        assert photo.runner_sad == pytest.approx(photo.python_sad, abs=1e-3)
        assert photo.python_milliseconds > 0
    mean = np.mean([photo.runner_sad for photo in comparison.photos])
    (line,) = [line for line in comparison.table().splitlines() if line.startswith("ave sad")]
    assert line.split() == ["ave", "sad", f"{mean:.4f}", f"{mean:.4f}"]
    assert len((tmp_path / TABLE_FILE).read_text().splitlines()) == len(PHOTO_SIZES) + 1
    assert read_image(tmp_path / PICTURE_FILE).std() > 10


def test_a_comparison_at_another_size_is_refused(project, finished, thin_checkpoint, tmp_path):
    with pytest.raises(
        UserError, match="img_data/.*bin: has 49152 bytes instead of 12288; infer.size and export"
    ):
        compare(open_engine(thin_checkpoint, size=32), project.scripts, tmp_path)


def test_an_unreadable_photo_is_left_out(project, finished, tmp_path):
    photo = SplitFiles(project.data, "test").photo(2)
    whole = photo.read_bytes()
    photo.unlink()  # results of earlier runs are linked to it
    photo.write_bytes(whole[:200])
    try:
        result = project.run("../shm_export.mindir", "CPU", "--output", tmp_path)
    finally:
        photo.unlink()
        photo.write_bytes(whole)
    assert result.returncode == SKIPPED
    assert f"skipped: {photo}: " in result.stdout
    last = (tmp_path / "acc.log").read_text().splitlines()[-1]
    assert last.startswith(f"Total images: {len(PHOTO_SIZES) - 1}, ")


def test_a_damaged_model_leaves_earlier_results(project, results, tmp_path):
    """Damage of all kinds is tested with the runner itself."""
    before = contents(results)
    model = tmp_path / "damaged.mindir"
    model.write_bytes(b"no MINDIR\n" * 99)
    result = project.run(model, "CPU", "--output", results)
    assert result.returncode == 1
    log = results / "infer_failed" / "infer.log"
    assert result.stderr.splitlines()[-1].startswith(f"error: inference failed with status 1; see {log}; ")
    assert f"error: {model}: " in log.read_text()
    after = contents(results)
    assert {name: after[name] for name in after if not name.startswith("infer_failed")} == before


def test_a_model_for_another_size(project, tmp_path):
    command = ["bash", "run_infer_cpp.sh", "../shm_export.mindir", "CPU", "--output", tmp_path / "other"]
    settings = [*project.settings(), "--set", "infer.size=32"]
    result = subprocess.run(
        [*command, *settings], cwd=project.scripts, env=project.environment(), capture_output=True, text=True
    )
    assert result.returncode == 1
    log = (tmp_path / "other" / "infer_failed" / "infer.log").read_text()
    assert "but the network's input has 49152; infer.size and export.size must be equal" in log
    assert f"error: none of {len(PHOTO_SIZES)} inputs could be used" in log


def test_without_photos(project, tmp_path):
    empty = tmp_path / "test" / "test.txt"
    empty.parent.mkdir()
    empty.write_text("\n")
    command = ["bash", "run_infer_cpp.sh", "../shm_export.mindir", "CPU", "--output", tmp_path / "out"]
    result = subprocess.run(
        [*command, "--set", f"infer.file_test_list={empty}"],
        cwd=project.scripts,
        env=project.environment(),
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    log = tmp_path / "out" / "infer_failed" / "preprocess.log"
    assert f"preprocess.py failed with status 1; see {log}" in result.stderr
    assert f"error: {empty}: lists no image" in log.read_text()


def test_an_output_folder_that_cannot_be_made(project, tmp_path):
    (tmp_path / "out").write_text("a file is in the way")
    result = project.run("../shm_export.mindir", "CPU", "--output", tmp_path / "out")
    assert result.returncode == 1
    assert str(tmp_path / "out") in result.stderr
    assert (tmp_path / "out").read_text() == "a file is in the way"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("../shm_export.mindir", "TPU"), "DEVICE_TYPE must be Ascend, GPU or CPU, not 'TPU'"),
        (("../shm_export.mindir",), "MINDIR_PATH and DEVICE_TYPE are needed"),
        (("../shm_export.mindir", "CPU", "first"), "DEVICE_ID must be a number, not 'first'"),
        (("../shm_export.mindir", "CPU", "--colour", "red"), "--colour: unknown option"),
        (("../shm_export.mindir", "CPU", "--threads", "two"), "--threads two: must be a number"),
        (("a", "CPU", "0", "b"), "MINDIR_PATH and DEVICE_TYPE are needed"),
    ],
)
def test_a_wrong_command_line(project, finished, arguments, reason):
    before = contents(project.scripts)
    result = project.run(*arguments)
    assert result.returncode == 2
    error, usage = result.stderr.splitlines()
    assert error == f"error: {reason}"
    assert usage.startswith("usage: bash run_infer_cpp.sh MINDIR_PATH DEVICE_TYPE [DEVICE_ID]")
    assert contents(project.scripts) == before


@pytest.mark.parametrize(
    ("arguments", "status", "reason"),
    [
        (("../shm_export.mindir", "cpu"), 2, "DEVICE_TYPE must be Ascend, GPU or CPU, not 'cpu'"),
        (("../shm_export.mindir", "CPU", "first"), 2, "DEVICE_ID must be a number, not 'first'"),
        (("../shm_export.mindir",), 2, "MINDIR_PATH and DEVICE_TYPE are needed"),
        (("../absent.mindir", "CPU"), 1, "../absent.mindir: no such file; export.py writes it"),
    ],
)
def test_a_wrong_command_line_for_a_video(project, arguments, status, reason):
    result = project.run(*arguments, "--video", "clip")
    assert (result.returncode, result.stderr.splitlines()[0]) == (status, f"error: {reason}")


def test_help(project):
    result = project.run("--help")
    assert result.returncode == 0
    assert "bash run_infer_cpp.sh [MINDIR_PATH] [DEVICE_TYPE] [DEVICE_ID] [options]" in result.stdout


def test_a_missing_model(project, finished):
    result = project.run("../absent.mindir", "CPU")
    assert (result.returncode, result.stderr) == (
        1,
        "error: ../absent.mindir: no such file; export.py writes it\n",
    )


@pytest.mark.parametrize("script", ["run_infer_cpp.sh", "run_infer_310.sh"])
def test_ascend_without_its_runtime(project, tmp_path, script):
    arguments = ["../shm_export.mindir", *(["Ascend", "0"] if script == "run_infer_cpp.sh" else [])]
    result = project.run(*arguments, "--output", tmp_path, script=script)
    assert result.returncode == 1
    reason = "error: Ascend needs MindSpore Lite built for it: set LITE_HOME to an unpacked release archive"
    assert reason in (tmp_path / "infer_failed" / "build.log").read_text()
    assert f"see {tmp_path}/infer_failed/build.log" in result.stderr


def test_run_infer_310_without_a_model(project):
    result = project.run(script="run_infer_310.sh")
    assert result.returncode == 2
    assert "usage: bash run_infer_310.sh MINDIR_PATH" in result.stderr


def test_a_run_that_is_killed_leaves_earlier_results(project, results, tmp_path):
    """And nothing is left of it, nor of a run that failed, after the next that succeeds.

    The next is called from another folder, and makes the same files again.
    """
    before = contents(results)
    (results / "infer_failed").mkdir()
    process = subprocess.Popen(
        ["bash", "run_infer_cpp.sh", "../shm_export.mindir", "CPU", "--output", results, *project.settings()],
        cwd=project.scripts,
        env=project.environment(),
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not (results / ".infer_partial" / "result_Files").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    folder = os.open(results, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)  # until its last process, which may need a moment, has ended
    os.close(folder)
    after = contents(results)
    assert {name: after[name] for name in after if not name.startswith(".infer_partial")} == before
    arguments = (project.folder / "shm_export.mindir", "CPU", "0", f"--output={results}", "--threads", "1")
    result = project.run(*arguments, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert {path.name for path in results.iterdir()} == TREE
    again = contents(results)
    assert again.keys() == before.keys()
    for name in again:
        if name.startswith("preprocess_Result"):
            assert again[name] == before[name]


@pytest.mark.parametrize(
    ("step", "number", "whole_group"),
    [("preprocess_Result", signal.SIGINT, True), ("result_Files", signal.SIGTERM, False)],
)
def test_a_run_that_is_stopped_leaves_earlier_results(project, results, step, number, whole_group):
    """Ctrl-C reaches all processes, a scheduler's SIGTERM perhaps the script alone."""
    before = contents(results)
    process = project.start("../shm_export.mindir", "CPU", "--output", results)
    partial = results / ".infer_partial"
    deadline = time.monotonic() + 60
    while not (any(partial.glob(".partial-*")) if step == "preprocess_Result" else (partial / step).exists()):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    if whole_group:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode in (128 + number, -number), output
    assert contents(results) == before
    assert "infer_failed" not in output


def test_a_runner_that_crashes_is_named(project, results):
    before = contents(results)
    process = project.start("../shm_export.mindir", "CPU", "--output", results, "--warmup", "1000000")
    try:
        deadline = time.monotonic() + 60
        while not (runners := named_children(process.pid, "shm_infer")):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        runners[0].send_signal(signal.SIGSEGV)
        output, _ = process.communicate(timeout=60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 128 + signal.SIGSEGV, output
    assert "error: inference failed with status 139; see" in output
    assert (results / "infer_failed" / "infer.log").is_file()
    assert {name: contents(results)[name] for name in before} == before


def named_children(pid: int, name: str) -> list[psutil.Process]:
    found = []
    for each in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # one that has just ended
            found += [each] if each.name() == name else []
    return found


def test_results_that_were_being_put_in_place_are_put_there_by_the_next_run(project, results, tmp_path):
    """As a kill leaves them: some names moved already, the others still in .infer_complete."""
    complete = results / ".infer_complete"
    complete.mkdir()
    for name in ("time_Result", "acc.log"):
        (results / name).rename(complete / name)
    (results / "acc.log").write_text("old")
    result = project.run(tmp_path / "absent.mindir", "CPU", "--output", results)
    assert result.returncode == 1
    (tmp_path / "broken.mindir").write_text("x")
    assert project.run(tmp_path / "broken.mindir", "CPU", "--output", results).returncode == 1
    assert (results / "acc.log").read_text().splitlines()[-1].startswith("Total images: ")
    assert {path.name for path in results.iterdir()} == TREE | {"infer_failed"}


def test_a_video_from_pipe_to_pipe(project, tmp_path):
    """Of a network in MINDIR version 3; stdout holds the composites alone."""
    info = ModelInfo(system="modnet_video", size=32)
    model = export_network(ThinFrameMatte(), str(tmp_path / "video"), "MINDIR", info)
    frames = np.random.default_rng(0).integers(0, 256, (2, 40, 64, 3), np.uint8)
    options = ["--video", "-", "--size=64x40", "--format", "rgb", "--output", "-", "--background", "#000000"]
    result = subprocess.run(
        ["bash", project.scripts / "run_infer_cpp.sh", model, "CPU", *options],
        input=frames.tobytes(),
        cwd=tmp_path,
        env=project.environment(),
        capture_output=True,
    )
    assert result.returncode == 0, result.stderr
    composites = np.frombuffer(result.stdout, np.uint8).reshape(frames.shape)
    assert (composites <= frames).all() and composites.any()  # over black
    assert b"camera to display" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["video.mindir"]


def test_two_runs_at_once(project, tmp_path):
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    result = project.run("../shm_export.mindir", "CPU", "--output", tmp_path)
    os.close(folder)
    assert result.returncode == 1
    assert "another run" in result.stderr and "--output" in result.stderr


def link(source: str | Path, target: str | Path) -> None:
    """Make a hard link, or across file systems a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@pytest.fixture
def release_archive(tmp_path) -> Path:
    """The fetched runtime, laid out as an unpacked release archive."""
    fetched = ROOT / ".cache" / "mindspore-lite-2.0.0"
    if not fetched.exists():
        pytest.skip("the runtime was not fetched: LITE_HOME is set")
    home = tmp_path / "mindspore lite"
    (home / "runtime").mkdir(parents=True)
    (home / "runtime" / "include").symlink_to(fetched / "include")
    shutil.copytree(fetched / "lib", home / "runtime" / "lib", symlinks=True, copy_function=link)
    library = home / "runtime" / "lib" / "libmindspore-lite.so"
    link(fetched / "lib" / "libmindspore-extendrt_python.so", library)
    return home


def test_a_release_archive_in_a_copied_checkout(project, finished, release_archive, tmp_path):
    """LITE_HOME goes before MS_LITE_HOME. The runner is compiled with the other C++ ABI: here all at once, as
    on a machine without libjpeg.

    Neither the copy's old build nor its half-made environment without packages is used.
    """
    copy = tmp_path / "copy"
    shutil.copytree(project.folder, copy, symlinks=True, ignore=shutil.ignore_patterns(*TREE))
    assert (copy / "ascend_infer" / "build" / "CMakeCache.txt").exists()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", copy / ".venv"], check=True)
    build = copy / "ascend_infer" / "CMakeLists.txt"
    one_unit = build.read_text().replace("UNITY_BUILD_BATCH_SIZE 6", "UNITY_BUILD_BATCH_SIZE 0")
    build.write_text(f"set(CMAKE_DISABLE_FIND_PACKAGE_JPEG ON)\n{one_unit}")
    variables = {"LITE_HOME": str(release_archive), "MS_LITE_HOME": "/absent"}
    arguments = "../shm_export.mindir", "CPU", "--output", tmp_path / "out"
    result = project._replace(folder=copy).run(*arguments, **variables)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "MINDIR version 1" in result.stdout
    cache = (copy / "ascend_infer/build/CMakeCache.txt").read_text()
    assert f"{release_archive}/runtime/lib/libmindspore-lite.so" in cache
    files = "--model", copy / "shm_export.mindir", "--photos", tmp_path, "--mattes", tmp_path / "mattes"
    photos = call_runner(*files, runner=copy / "ascend_infer/build/shm_infer")
    assert photos.returncode == 1 and "built without libjpeg or libpng" in photos.stderr


@pytest.mark.parametrize(("variable", "kind"), [("LITE_HOME", "missing"), ("MS_LITE_HOME", "empty")])
def test_a_folder_that_is_no_release_archive(project, tmp_path, variable, kind):
    home = tmp_path / "lite"
    if kind == "empty":
        home.mkdir()
    home_variable = {variable: str(home)}
    result = project.run("../shm_export.mindir", "CPU", "--output", tmp_path / "out", **home_variable)
    assert result.returncode == 1
    reason = {"missing": "no such folder", "empty": "libmindspore-lite.so or include/api/model.h"}
    assert reason[kind] in (tmp_path / "out/infer_failed/build.log").read_text()


def test_a_runtime_that_cannot_be_fetched(project, tmp_path):
    """Without an index pip fails; nothing half is left, and the next build tries again."""
    copy = tmp_path / "project"
    shutil.copytree(
        project.folder / "ascend_infer", copy / "ascend_infer", ignore=shutil.ignore_patterns("build")
    )
    shutil.copytree(project.folder / "scripts", copy / "scripts", ignore=shutil.ignore_patterns(*TREE))
    environment = project.environment(PIP_NO_INDEX="1", PIP_FIND_LINKS="")
    for _ in range(2):
        result = subprocess.run(
            ["bash", "ascend_infer/build.sh"], cwd=copy, env=environment, capture_output=True, text=True
        )
        assert result.returncode == 5
        assert "error: MindSpore Lite could not be downloaded" in result.stderr
        assert not (copy / ".cache" / "mindspore-lite-2.0.0").exists()


def test_without_a_compiler(project, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "dirname", "cmake", "make"):
        (tools / name).symlink_to(shutil.which(name))
    result = subprocess.run(
        [shutil.which("bash"), project.folder / "ascend_infer/build.sh"],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
    )
    expected = "error: building the runner needs g++ (Debian, Ubuntu: apt install cmake make g++)\n"
    assert (result.returncode, result.stderr) == (5, expected)
