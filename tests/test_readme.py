"""Every command and program of the documentation runs, in a copy of the project with small settings.

The networks are thin ones; the quickstart, which .ci/run runs, has whole ones.

Blocks in bash and Python run, those of text do not. A command that stands on several pages runs once.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from src.conversion.torch_state_dict import torch_name
from src.description.model_info import ModelInfo
from src.engines.embedded_info import find_model_info, is_export_of
from src.model.network import SHMNet
from src.sample_data import make_sample_data
from tests.conftest import THIN_COMMANDS
from tests.python_program import write_python
from tests.runner import COPY_ENVIRONMENT

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = (
    "README.md",
    "docs/dataset.md",
    "docs/training.md",
    "docs/evaluation.md",
    "docs/deployment.md",
    "docs/prediction.md",
    "docs/live.md",
    "docs/id_photo.md",
    "docs/configuration.md",
    "docs/modnet.md",
    "docs/background_matting.md",
    "docs/performance.md",
    "docs/differences.md",
    "pretrained/README.md",
    "pretrained/modnet_video.md",
    "pretrained/background_matting.md",
    "README_CN.md",
)
TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in DOCUMENTS}
# Run by .ci/run, not here: they set up an environment of their own.
SET_UP_COMMANDS = {"bash scripts/run_quickstart.sh", "bash scripts/run_tests.sh"}
# Run by tests/test_distributed.py.
DISTRIBUTED = "cd scripts && bash run_train.sh --workers 2 ../config.yaml /cache/datasets /cache/output"
SMALL_SETTINGS = {
    "patch_size: 320": "patch_size: 32",
    "train_batch: 8": "train_batch: 2",
    "nEpochs: 1000": "nEpochs: 1",
    "nEpochs: 200": "nEpochs: 1",
}


def blocks(language: str) -> list[str]:
    """The different blocks of all pages, in their order."""
    pattern = re.compile(rf"^```{language}\n(.*?)^```", re.MULTILINE | re.DOTALL)
    return list(dict.fromkeys(block for text in TEXTS.values() for block in pattern.findall(text)))


def lines() -> list[str]:
    """The different lines of the blocks in bash, without comments."""
    found = (line.split(" # ")[0].strip() for block in blocks("bash") for line in block.splitlines())
    return list(dict.fromkeys(line for line in found if line))


def commands() -> list[str]:
    return [line for line in lines() if line not in {*SET_UP_COMMANDS, DISTRIBUTED}]


def without_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(text: str) -> set[str]:
    """What GitHub calls the headings of a page in links."""
    headings = re.findall(r"^#+ (.+)$", without_blocks(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


class Project:
    """A copy of the project whose /cache lies in a temporary folder."""

    def __init__(self, folder: Path):
        self.folder = folder / "project"
        self.cache = folder / "cache"
        for name in ("src", "scripts", "ascend_infer"):
            ignored = shutil.ignore_patterns("__pycache__", "build", "*_Result", "result_Files")
            shutil.copytree(ROOT / name, self.folder / name, ignore=ignored)
        for name in ("predict.py", "train.py", "eval.py", "export.py", "preprocess.py", "postprocess.py"):
            shutil.copy(ROOT / name, self.folder)
        shutil.copytree(ROOT / "pretrained", self.folder / "pretrained")
        if (ROOT / ".cache").exists():  # the runner's runtime, which should not be fetched twice
            (self.folder / ".cache").symlink_to(ROOT / ".cache")
        settings = (ROOT / "config.yaml").read_text(encoding="utf-8").replace("/cache/", f"{self.cache}/")
        for default, small in SMALL_SETTINGS.items():
            assert default in settings
            settings = settings.replace(default, small)
        (self.folder / "config.yaml").write_text(settings, encoding="utf-8")
        self._programs = folder / "bin"
        for name in ("python", "python3"):
            write_python(self._programs / name)

    def run(self, command: str) -> str:
        """Run a command of the documentation; returns what it printed."""
        path = f"{self._programs}:{os.environ['PATH']}"
        environment = {**os.environ, **COPY_ENVIRONMENT, "PATH": path, "PYTHONPATH": THIN_COMMANDS}
        if "=./init_weight.ckpt" in command:  # one phase of three is enough
            command += ' --set "train_phases=[pre_train_m_net]"'
        result = subprocess.run(
            [
                "bash",
                "-c",
                re.sub("--count [0-9]+", "--count 4", command.replace("/cache/", f"{self.cache}/")),
            ],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
        return result.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("readme"))
    make_sample_data(project.cache / "human_matting", 12)  # a session for each split
    photo = next((project.cache / "human_matting").glob("clip_img/*/*/*.jpg"))
    for copy in ("photo.jpg", "photos/one.jpg", "photos/more/two.jpg"):
        (project.folder / copy).parent.mkdir(exist_ok=True)
        shutil.copy(photo, project.folder / copy)
    for made, name in (("photos_without_people/sea.jpg", "photo.jpg"), ("people/me.png", None)):
        (project.cache / made).parent.mkdir()
        matting = next((project.cache / "human_matting").glob("matting/*/*/*.png"))
        shutil.copy(project.folder / name if name else matting, project.cache / made)
    return project


def having(*words: str) -> list[str]:
    found = [command for command in commands() if all(word in command for word in words)]
    assert found, words
    return found


def needs_more_than_the_requirements(command: str) -> bool:
    """Whether the command needs PyTorch, a compiler, or what a command before it leaves."""
    words = ("get_init_weight", "=./init_weight", "run_infer", "compare_runner")
    return any(word in command for word in words)


@pytest.fixture(scope="module")
def outputs(project) -> dict[str, str]:
    """What the commands that need no more than the requirements print, one after the other."""
    plain = [command for command in commands() if not needs_more_than_the_requirements(command)]
    ordered = dict.fromkeys([*having("src/sample_data.py"), *plain])
    return {command: project.run(command) for command in ordered}


def test_the_commands_run_one_after_the_other(project, outputs):
    evaluations = [output for command, output in outputs.items() if "eval" in command]
    assert evaluations
    for output in evaluations:
        assert re.search(r"^ave_sad: \d+\.\d{4}$", output, re.MULTILINE)
    assert find_model_info(project.folder / "shm_export.mindir") == ModelInfo(size=32)
    trained = project.cache / "output/single/ckpt_s2/end_to_end/semantic_hm_best.ckpt"
    assert is_export_of(trained.with_suffix(".onnx"), trained)


@pytest.mark.usefixtures("outputs")
def test_run_eval_takes_the_model_of_the_configuration(project):
    settings = project.folder / "config.yaml"
    settings.write_text(settings.read_text().replace("output/distribute/ckpt_s2", "output/single/ckpt_s2"))
    assert re.search(r"^ave_sad: ", project.run("bash scripts/run_eval.sh 0"), re.MULTILINE)


def test_the_program_mattes_a_photo(project):
    (program,) = blocks("python")
    program += "assert alpha.shape == (800, 600) and 0 <= alpha.min() < alpha.max() <= 1"
    subprocess.run([sys.executable, "-c", program], cwd=project.folder, check=True, timeout=120)


@pytest.mark.usefixtures("outputs")
def test_the_photos_are_matted(project):
    """By the commands."""
    for name in ("photo_alpha.png", "photo_cutout.png", "mattes/one_composite.png"):
        assert (project.folder / name).stat().st_size > 1_000
    assert (project.folder / "mattes" / "more" / "two_alpha.png").is_file()


@pytest.mark.usefixtures("outputs")
def test_the_runner_mattes_the_test_split(project, runner):
    for file in (project.cache / "output/single/ckpt_s2/end_to_end").glob("semantic_hm_best.ckpt*"):
        shutil.copy(file, project.folder)  # the weights, and what the model is
    (command,) = having("run_infer_cpp.sh")
    output = project.run(command)
    assert re.search(r"^Total images: \d+, total sad: [\d.]+, ave sad: [\d.]+$", output, re.MULTILINE)
    (comparison,) = having("compare_runner.py")
    difference = re.search(r"largest difference of any alpha: (\S+)", project.run(comparison))[1]
    assert float(difference) < 1e-4


@pytest.mark.usefixtures("outputs")
def test_the_conversion_from_pytorch_runs(project, thin):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    weights = {torch_name(each.name): each.asnumpy() for each in SHMNet().get_parameters()}
    original = {name: torch.from_numpy(value) for name, value in weights.items()}
    torch.save(original, project.folder / "original_model.pth")
    for command in [*having("get_init_weight"), *having("=./init_weight")]:
        project.run(command)
    assert (project.folder / "init_weight.ckpt").is_file()


def test_the_set_up_commands_are_run_by_ci():
    ci = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert {*SET_UP_COMMANDS, DISTRIBUTED} <= set(lines())
    for command in SET_UP_COMMANDS:
        assert command in ci


def test_no_gap_was_left_to_fill():
    for text in TEXTS.values():
        assert not re.findall(r"\b[A-Z_]+_(?:OUTPUT|TIME|CAPTION)\b", text)


def test_every_page_is_tested():
    found = (path for folder in (".", "docs", "pretrained") for path in (ROOT / folder).glob("*.md"))
    assert {path.relative_to(ROOT).as_posix() for path in found} == set(DOCUMENTS)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_to_a_file_and_a_heading(name):
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", without_blocks(TEXTS[name])):
        file, _, anchor = target.partition("#")
        path = (ROOT / name).parent / file if file else ROOT / name
        assert path.is_file(), target
        if anchor:
            assert anchor in anchors(path.read_text(encoding="utf-8")), target
