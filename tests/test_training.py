"""Training runs as a whole: their files, their logs, going on after a stop, and what ends them."""

import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import mindspore as ms
from mindspore import Tensor

from src.common.errors import UserError
from src.common.world import World
from src.config import Config, load_config
from src.data.split_files import SplitFiles
from src.dataset import MattingDataset, training_batches, validation_batches
from src.images.files import read_gray
from src.load_model import load_network
from src.systems.shm import PHASES
from src.training.validation import validate
from tests.golden_weights import golden_value
from tests.small_dataset import photo_file, write_dataset
from tests.training_runs import (
    BATCH,
    PATCH,
    VERSION,
    Run,
    assert_same_outcome,
    assert_same_parameters,
    make_config,
    read_epochs,
    read_events,
    read_parameters,
    read_steps,
    run_training,
)

TOO_LARGE = np.float32(3e38)  # finite, but not its products
pytestmark = pytest.mark.usefixtures("thin_networks")

COUNTS = {"train": 9, "eval": 3}  # the last training image of an epoch is left out, eval's batch filled up
STEPS = COUNTS["train"] // BATCH
PARAMETERS = 13
LOGS = {"log_latest.txt", "log_best.txt"}

T_NET, M_NET, END_TO_END = "pre_train_t_net", "pre_train_m_net", "end_to_end"
WHOLE_RUN = {
    T_NET: {"nEpochs": 3, "save_epoch": 2, "keep_checkpoint_max": "all"},
    M_NET: {"nEpochs": 3, "keep_checkpoint_max": "2"},
    END_TO_END: {"nEpochs": 2, "lr": 1e-6},  # so that it stays near what it starts from
}
SAVED_EPOCHS = {T_NET: [2, 3], M_NET: [2, 3], END_TO_END: [1, 2]}
M_NET_EPOCHS = 4


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """A data set that no test changes."""
    folder = tmp_path_factory.mktemp("datasets")
    write_dataset(folder, COUNTS)
    return folder


@pytest.fixture(scope="module")
def whole_run(data, tmp_path_factory) -> Run:
    """All three phases; no test changes its files."""
    return run_training(make_config(WHOLE_RUN), data, tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def unbroken(data, thin_checkpoint, tmp_path_factory) -> Run:
    """M-Net, trained without a stop from the golden weights; no test changes its files."""
    return run_training(m_net_config(), data, tmp_path_factory.mktemp("unbroken"), thin_checkpoint)


@pytest.fixture(scope="module")
def first_epoch(data, thin_checkpoint, tmp_path_factory) -> Run:
    """The same run, ended after its first epoch; no test changes its files."""
    output = tmp_path_factory.mktemp("first_epoch")
    return run_training(m_net_config(nEpochs=1), data, output, thin_checkpoint)


def m_net_config(**changes) -> Config:
    section = {"nEpochs": M_NET_EPOCHS, "keep_checkpoint_max": "all", **changes}
    return make_config({M_NET: section})


def copy_run(run: Run, output: Path) -> Path:
    """Copy the files of a run to where it can go on; returns the folder of the copy."""
    return Path(shutil.copytree(run.folder, output / "single" / VERSION))


def latest(folder: Path, epoch: int) -> Path:
    return folder / f"semantic_hm_latest_{epoch}.ckpt"


def change_checkpoint(path: Path, name: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
    """Replace one value of a checkpoint."""
    values = read_parameters(path)
    values[name] = change(values[name])
    ms.save_checkpoint([{"name": key, "data": Tensor(value)} for key, value in values.items()], str(path))


def checkpoint_contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.ckpt")}


def test_output_files(whole_run):
    expected = {"config.yaml", "metrics.csv", "curves.png", *LOGS}
    for phase, epochs in SAVED_EPOCHS.items():
        weights = {"semantic_hm_best.ckpt", *(f"semantic_hm_latest_{n}.ckpt" for n in epochs)}
        files = {*LOGS, "config.yaml", *weights, *(f"{name}.yaml" for name in weights)}
        files |= {f"resume_{n}.ckpt" for n in epochs}
        expected |= {f"{phase}/{file}" for file in files} | {f"events/{phase}"}
    found = {path.relative_to(whole_run.folder) for path in whole_run.folder.rglob("*") if path.is_file()}
    found = {path.parent if path.parts[0] == "events" else path for path in found}
    assert {path.as_posix() for path in found} == expected
    assert whole_run.folder.parts[-2:] == ("single", VERSION)


def test_logs_hold_every_step(whole_run):
    of_phases = [read_steps(whole_run.folder / phase / "log_latest.txt") for phase in WHOLE_RUN]
    for steps, section in zip(of_phases, WHOLE_RUN.values(), strict=True):
        expected = [(e, s) for e in range(1, section["nEpochs"] + 1) for s in range(1, STEPS + 1)]
        assert [step[:2] for step in steps] == expected
        assert all(loss > 0 for _, _, loss in steps)
    assert read_steps(whole_run.folder / "log_latest.txt") == sum(of_phases, [])


def test_the_screen_shows_what_the_log_holds(whole_run):
    logged = (whole_run.folder / "log_latest.txt").read_text().splitlines()
    assert [line for line in whole_run.screen.splitlines() if "epoch: " in line] == logged


def test_saved_configuration_loads_back_to_the_same(whole_run):
    resolved = {"amp_level": "O0", "rank": 0, "group_size": 1}  # 'auto' on a CPU, one process
    used = whole_run.config.model_copy(update=resolved)
    assert whole_run.config.amp_level == "auto"
    assert load_config(whole_run.folder / "config.yaml") == used


def test_checkpoints_hold_all_parameters_of_the_network_and_no_more(whole_run, thin_checkpoint):
    names = read_parameters(thin_checkpoint).keys()
    assert len(names) == PARAMETERS
    paths = list(whole_run.folder.rglob("semantic_hm_*.ckpt"))
    assert len(paths) == len(SAVED_EPOCHS) + sum(map(len, SAVED_EPOCHS.values()))
    for path in paths:
        values = read_parameters(path)
        assert values.keys() == names, path
        assert all(np.isfinite(value).all() for value in values.values()), path


def test_the_best_checkpoint_is_that_of_the_epoch_with_the_lowest_sad(whole_run):
    rows = read_epochs(whole_run.folder, END_TO_END)
    best = min(rows, key=lambda row: float(row["eval_sad"]))
    folder = whole_run.folder / END_TO_END
    assert_same_parameters(folder / "semantic_hm_best.ckpt", latest(folder, int(best["epoch"])))
    assert (
        (folder / "log_best.txt")
        .read_text()
        .splitlines()[-1]
        .startswith(f"End to end epoch: {best['epoch']}, ")
    )


def test_log_best_holds_epochs_that_improved(unbroken):
    lines = (unbroken.folder / M_NET / "log_best.txt").read_text().splitlines()
    scores = [row["eval_sad"] for row in read_epochs(unbroken.folder, M_NET)]
    improved = [n for n, score in enumerate(scores) if all(float(score) < float(e) for e in scores[:n])]
    assert len(lines) == len(improved)
    for line, n in zip(lines, improved, strict=True):
        assert line.startswith(f"M-Net epoch: {n + 1}, ")
        assert line.endswith(f"eval sad: {scores[n]}")
    assert (unbroken.folder / "log_best.txt").read_text().splitlines() == lines


def test_end_to_end_starts_from_the_weights_of_both_earlier_phases(whole_run):
    origins = {"T-Net": T_NET, "M-Net": M_NET}
    wanted = [f"{net} from {whole_run.folder / origins[net] / 'semantic_hm_best.ckpt'}" for net in origins]
    assert f"End to end: starting with {', '.join(wanted)}" in whole_run.screen.splitlines()
    started = read_parameters(latest(whole_run.folder / END_TO_END, 1))
    trained = {
        prefix: read_parameters(whole_run.folder / phase / "semantic_hm_best.ckpt")
        for prefix, phase in (("t_net", T_NET), ("m_net", M_NET))
    }
    for name, value in started.items():
        if "moving_" not in name:  # training statistics move whatever the learning rate
            np.testing.assert_allclose(value, trained[name.split(".")[0]][name], atol=1e-5, err_msg=name)
    weight = "t_net.last_conv.weight"  # not what M-Net's phase holds, which has not trained T-Net
    assert np.abs(started[weight] - trained["m_net"][weight]).max() > 1e-4


def test_metrics_of_every_epoch(whole_run):
    filled = {T_NET: {"eval_mean_iou"}, M_NET: {"eval_sad"}, END_TO_END: {"eval_mean_iou", "eval_sad"}}
    always = {"epoch", "train_loss", "eval_loss", "lr", "images_per_s", "seconds"}
    for phase, section in WHOLE_RUN.items():
        rows = read_epochs(whole_run.folder, phase)
        assert [int(row.pop("epoch")) for row in rows] == list(range(1, section["nEpochs"] + 1))
        for row in rows:
            assert row.pop("phase") == phase
            numbers = {name: float(text) for name, text in row.items() if text}
            assert numbers.keys() == (always | filled[phase]) - {"epoch"}
            assert all(0 <= value < math.inf for value in numbers.values())
        losses = [loss for epoch, _, loss in read_steps(whole_run.folder / phase / "log_latest.txt")]
        means = np.reshape(losses, (-1, STEPS)).mean(axis=1)
        np.testing.assert_allclose([float(row["train_loss"]) for row in rows], means, atol=1e-6)


@pytest.mark.parametrize(
    ("phase", "terms", "scores"),
    [
        (T_NET, {"loss"}, {"iou_background", "iou_foreground", "iou_unsure", "mean_iou"}),
        (M_NET, {"loss", "alpha", "composition"}, {"sad"}),
        (
            END_TO_END,
            {"loss", "alpha", "composition", "trimap"},
            {"iou_background", "iou_foreground", "iou_unsure", "mean_iou", "sad"},
        ),
    ],
)
def test_tensorboard_events(whole_run, phase, terms, scores):
    scalars: dict[str, list[tuple[int, float]]] = {}
    pictures = []
    for event in read_events(whole_run.folder / "events" / phase):
        for value in event.summary.value:
            if value.HasField("image"):
                pictures.append((value.tag, event.step, value.image.encoded_image_string))
            else:
                scalars.setdefault(value.tag, []).append((event.step, value.simple_value))

    epochs = WHOLE_RUN[phase]["nEpochs"]
    of_steps = {f"train/{name}" for name in terms | {"lr"}}
    of_epochs = {f"eval/{name}" for name in terms | scores}
    assert scalars.keys() == of_steps | of_epochs
    epoch_ends = [epoch * STEPS for epoch in range(1, epochs + 1)]
    for tag, points in scalars.items():
        wanted = list(range(1, epochs * STEPS + 1)) if tag in of_steps else epoch_ends
        assert [step for step, _ in points] == wanted, tag
    logged = [loss for _, _, loss in read_steps(whole_run.folder / phase / "log_latest.txt")]
    np.testing.assert_allclose([value for _, value in scalars["train/loss"]], logged, rtol=1e-5)
    assert [(tag, step) for tag, step, _ in pictures] == [("eval/predictions", end) for end in epoch_ends]
    for _, _, encoded in pictures:
        assert cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR).std() > 1


def test_a_finished_run_started_again_trains_nothing(whole_run, data, tmp_path):
    folder = copy_run(whole_run, tmp_path)
    again = run_training(whole_run.config, data, tmp_path)
    assert "train epoch" not in again.screen
    assert again.screen.count("epochs are trained") == len(WHOLE_RUN)
    assert checkpoint_contents(folder) == checkpoint_contents(whole_run.folder)
    assert (folder / "metrics.csv").read_bytes() == (whole_run.folder / "metrics.csv").read_bytes()


def test_init_weight_is_what_training_starts_from(unbroken, thin_checkpoint):
    assert f"M-Net: starting with all weights from {thin_checkpoint}" in unbroken.screen
    values = read_parameters(latest(unbroken.folder / M_NET, 1))
    for name, value in values.items():
        golden = golden_value(name, value.shape)
        if name.startswith("t_net."):  # this phase does not touch it
            np.testing.assert_array_equal(value, golden, err_msg=name)
        elif "moving_" not in name:
            np.testing.assert_allclose(value, golden, atol=5 * STEPS * 1e-3, err_msg=name)
            assert not np.array_equal(value, golden), name


def test_stopped_and_continued_equals_unbroken(first_epoch, unbroken, data, tmp_path):
    """And the number of threads does not matter."""
    folder = copy_run(first_epoch, tmp_path)
    assert first_epoch.config.pre_train_m_net.nThreads == unbroken.config.pre_train_m_net.nThreads == 1
    continued = run_training(m_net_config(nThreads=2), data, tmp_path)
    assert f"from {latest(folder / M_NET, 1)}" in continued.screen
    steps = [(e, s) for e in range(2, M_NET_EPOCHS + 1) for s in range(1, STEPS + 1)]
    assert [step[:2] for step in read_steps(folder / M_NET / "log_latest.txt")][STEPS:] == steps
    assert_same_outcome(folder, unbroken.folder)


def test_a_worse_epoch_does_not_replace_the_best_after_continuing(first_epoch, data, tmp_path):
    folder = copy_run(first_epoch, tmp_path) / M_NET
    change_checkpoint(folder / "resume_1.ckpt", "best_score", np.zeros_like)  # no epoch can be better
    before = (folder / "semantic_hm_best.ckpt").read_bytes(), (folder / "log_best.txt").read_bytes()
    run_training(m_net_config(nEpochs=2), data, tmp_path)
    assert latest(folder, 2).exists()
    assert ((folder / "semantic_hm_best.ckpt").read_bytes(), (folder / "log_best.txt").read_bytes()) == before


def test_finetuning_false_refuses_existing_checkpoints(first_epoch, data, tmp_path):
    folder = copy_run(first_epoch, tmp_path)
    before = checkpoint_contents(folder)
    with pytest.raises(UserError, match="semantic_hm_latest_1.ckpt.*pre_train_m_net.finetuning is False"):
        run_training(m_net_config(finetuning=False), data, tmp_path)
    assert checkpoint_contents(folder) == before


def test_a_loss_that_is_no_number_names_its_batch_and_spares_the_checkpoints(first_epoch, data, tmp_path):
    folder = copy_run(first_epoch, tmp_path)
    change_checkpoint(latest(folder / M_NET, 1), "m_net.conv.weight", lambda value: value * 0 + TOO_LARGE)
    before = checkpoint_contents(folder)
    config = m_net_config()
    with pytest.raises(UserError) as caught:
        run_training(config, data, tmp_path)
    message = str(caught.value)
    assert re.match(r"pre_train_m_net: the loss is (inf|nan) in epoch 2, step 1", message)
    files = SplitFiles(data, "train")
    train_set = MattingDataset(files, patch_size=PATCH, mean=config.mean)
    batch = next(iter(training_batches(train_set, 2, seed=config.seed, batch_size=BATCH, workers=1)))
    in_batch = {files.names[index] for index in batch.index}
    assert {name for name in files.names if name in message} == in_batch
    assert checkpoint_contents(folder) == before


def test_weights_that_give_no_number_stop_training_at_once(thin_checkpoint, data, tmp_path):
    damaged = tmp_path / "damaged.ckpt"
    shutil.copy(thin_checkpoint, damaged)
    change_checkpoint(damaged, "m_net.conv.weight", lambda value: value * 0 + TOO_LARGE)
    with pytest.raises(UserError, match=r"pre_train_m_net: the loss is (inf|nan) in epoch 1, step 1"):
        run_training(m_net_config(), data, tmp_path / "out", damaged)
    assert checkpoint_contents(tmp_path / "out") == {}


@pytest.mark.parametrize("threads", [1, 2])
def test_a_damaged_training_photo_is_named(threads, tmp_path):
    write_dataset(tmp_path, {"train": BATCH, "eval": 1})
    photo = photo_file(tmp_path, "train", SplitFiles(tmp_path, "train").names[2])
    photo.write_bytes(photo.read_bytes()[:200])
    with pytest.raises(UserError) as caught:
        run_training(m_net_config(nThreads=threads), tmp_path, tmp_path / "out")
    assert str(photo) in str(caught.value)


def test_too_few_images_for_a_batch(data, tmp_path):
    too_many = COUNTS["train"] + 1
    with pytest.raises(
        UserError, match="has 9 training images.*set pre_train_m_net.train_batch to 9 or less"
    ):
        run_training(m_net_config(train_batch=too_many), data, tmp_path)


@pytest.mark.parametrize("split", ["train", "eval"])
def test_a_missing_split_is_named(split, tmp_path):
    write_dataset(tmp_path, {other: BATCH for other in ("train", "eval") if other != split})
    with pytest.raises(UserError, match=f"{split}.txt: no such file"):
        run_training(m_net_config(), tmp_path, tmp_path / "out")


@pytest.mark.parametrize("phase", PHASES.values(), ids=PHASES)
def test_validation_counts_every_image_once(phase, thin_checkpoint, tmp_path):
    write_dataset(tmp_path, {"eval": 4})
    eval_set = MattingDataset(SplitFiles(tmp_path, "eval"), patch_size=PATCH, mean=(114, 121, 134))
    network = load_network(thin_checkpoint)

    def predict(**batch):
        return phase.predict(network, batch)

    filled_up, one_by_one = (
        validate(
            phase, predict, validation_batches(eval_set, batch_size=size, workers=1), len(eval_set), World()
        )
        for size in (3, 1)
    )
    assert filled_up.keys() == one_by_one.keys()
    for name, value in filled_up.items():
        assert value == pytest.approx(one_by_one[name], abs=1e-5 if name == "sad" else 1e-6), name
    if phase.outputs[-1].name == "alpha":
        assert one_by_one["sad"] == pytest.approx(mean_sad(phase, predict, eval_set), abs=1e-5)


def mean_sad(phase, predict, eval_set: MattingDataset) -> float:
    """The mean over images of the sum of absolute differences / 1000, image by image."""
    values = []
    for index in range(len(eval_set)):
        image, class_map, _ = (Tensor(each[np.newaxis]) for each in eval_set.sample(index))
        pred = np.clip(predict(image=image, class_map=class_map)[-1].asnumpy()[0, 0], 0, 1)
        true = cv2.resize(
            read_gray(eval_set.files.alpha(index)), (PATCH, PATCH), interpolation=cv2.INTER_AREA
        )
        values.append(np.abs(pred - true / 255).sum() / 1000)
    return float(np.mean(values))
