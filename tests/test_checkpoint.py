"""Saving, keeping and finding checkpoints, and loading weights from them."""

from pathlib import Path

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import mindspore as ms
from mindspore import Parameter, Tensor, nn

from src.common.errors import UserError
from src.common.world import World
from src.description.model_info import ModelInfo, read_model_info
from src.load_model import load_network
from src.model.network import SHMNet
from src.model.weights import load_weights, save_parameters
from src.systems.shm import SHM
from src.training.checkpoint import BEST_FILE, STEP_FILE, PhaseCheckpoints, Progress, best_or_newest_weights
from src.training.start import load_earlier_weights

pytestmark = pytest.mark.usefixtures("thin_networks")

INFO = ModelInfo(size=64, mean=(1, 2, 3))


def filled(cell: nn.Cell, value: float) -> nn.Cell:
    """The cell with one value everywhere."""
    for parameter in cell.get_parameters():
        parameter.set_data(Tensor(np.full(parameter.shape, value, np.float32)))
    return cell


def values(cell: nn.Cell | Parameter) -> set[float]:
    """All different values of the cell's parameters, or of one parameter."""
    parameters = cell.get_parameters() if isinstance(cell, nn.Cell) else [cell]
    return {float(value) for parameter in parameters for value in np.unique(parameter.asnumpy())}


def small_cell(value: float = 0, inputs: int = 3) -> nn.Cell:
    return filled(nn.SequentialCell(nn.Dense(inputs, 2), nn.Dense(2, 1)), value)


def small_state(value: float = 0) -> dict[str, Parameter]:
    """State of an optimizer: a moment and a step count."""
    return {
        "moment1": Parameter(Tensor(np.full((2, 3), value, np.float32)), name="any"),
        "global_step": Parameter(Tensor([int(value)], ms.int32), name="thing"),
    }


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def files_of_epochs(*epochs: int) -> set[str]:
    kinds = ("semantic_hm_latest_{}.ckpt", "semantic_hm_latest_{}.ckpt.yaml", "resume_{}.ckpt")
    return {kind.format(epoch) for epoch in epochs for kind in kinds}


def save(cell: nn.Cell, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    ms.save_checkpoint(cell, str(path))
    return path


# Saving, keeping, finding


def checkpoints_of(folder: Path, keep: int | None = None, value: float = 0, state=None) -> PhaseCheckpoints:
    """The checkpoints of a small cell and its state, both with one value."""
    return PhaseCheckpoints(folder, keep, small_cell(value), state or small_state(value), INFO)


def weights_of(folder: Path, epoch: int) -> Path:
    return folder / f"semantic_hm_latest_{epoch}.ckpt"


class Restored:
    """What comes back from a folder."""

    def __init__(self, folder: Path):
        cell, self.state = small_cell(), small_state()
        self.progress, self.weights = PhaseCheckpoints(folder, None, cell, self.state, INFO).restore()
        self.values = values(cell)
        self.moments = set(np.unique(self.state["moment1"].asnumpy()).tolist())


@pytest.mark.parametrize(
    ("keep", "kept"), [(None, (8, 9, 10, 11)), (2, (10, 11)), (1, (11,)), (9, (8, 9, 10, 11)), (0, ())]
)
def test_so_many_of_the_newest_epochs_are_kept(tmp_path, keep, kept):
    for epoch in (8, 9, 10, 11):  # 10 sorts before 9 as text
        checkpoints_of(tmp_path, keep).save(Progress(epoch))
    assert names(tmp_path) == files_of_epochs(*kept)
    assert Restored(tmp_path).progress.epoch == max(kept, default=0)


def test_removing_old_epochs_spares_all_other_files(tmp_path):
    checkpoints = checkpoints_of(tmp_path, keep=1)
    checkpoints.save_best()
    others = {BEST_FILE, "semantic_hm_latest_x.ckpt", "semantic_hm_latest_1.ckpt.old", "notes.txt"}
    for name in others - {BEST_FILE}:
        (tmp_path / name).touch()
    others.add(f"{BEST_FILE}.yaml")
    for epoch in (1, 2, 3):
        checkpoints.save(Progress(epoch))
    assert names(tmp_path) == others | files_of_epochs(3)


@pytest.mark.parametrize("folder", [".", "missing"])
def test_no_progress_in_an_empty_or_missing_folder(tmp_path, folder):
    restored = Restored(tmp_path / folder)
    assert (restored.progress, restored.weights) == (Progress(), None)


def test_an_epoch_counts_when_its_weights_are_there(tmp_path):
    """What a crash between the two files leaves behind is no saved epoch."""
    for epoch in (1, 2):
        checkpoints_of(tmp_path).save(Progress(epoch))
    weights_of(tmp_path, 2).unlink()
    assert Restored(tmp_path).progress.epoch == 1


def test_all_that_was_saved_comes_back(tmp_path):
    progress = Progress(4, best_score=1 / 3, train_mark=2**32 - 1, eval_mark=7)
    checkpoints_of(tmp_path, value=7).save(progress)
    restored = Restored(tmp_path)
    assert (restored.progress, restored.weights) == (progress, weights_of(tmp_path, 4))
    assert restored.values == restored.moments == {7}
    for name, parameter in small_state(7).items():
        np.testing.assert_array_equal(restored.state[name].asnumpy(), parameter.asnumpy())
        assert restored.state[name].dtype == parameter.dtype


def test_no_best_score_yet_comes_back_as_infinite(tmp_path):
    checkpoints_of(tmp_path).save(Progress(1))
    assert Restored(tmp_path).progress.best_score == float("inf")


def test_what_is_saved_within_an_epoch_comes_back(tmp_path):
    checkpoints_of(tmp_path, value=1).save(Progress(1))
    for step in (3, 5):
        checkpoints_of(tmp_path, value=step).save_within_epoch(Progress(1, step, loss_sum=1 / 7))
    assert names(tmp_path) == files_of_epochs(1) | {STEP_FILE}
    restored = Restored(tmp_path)
    assert (restored.progress, restored.weights) == (Progress(1, 5, loss_sum=1 / 7), tmp_path / STEP_FILE)
    assert restored.values == restored.moments == {5}
    checkpoints_of(tmp_path, value=2).save(Progress(2))
    assert names(tmp_path) == files_of_epochs(1, 2)
    assert Restored(tmp_path).progress.epoch == 2


def test_the_loss_scale_begins_anew_where_there_was_none(tmp_path):
    """amp_level may be changed by force."""
    checkpoints_of(tmp_path, value=4).save(Progress(1))
    scale = {"loss_scale": Parameter(Tensor(65536.0), name="scale")}
    checkpoints_of(tmp_path, state={**small_state(), **scale}).restore()
    assert float(scale["loss_scale"].asnumpy()) == 65536


def test_each_process_gets_its_own_statistics_back(tmp_path):
    """Within an epoch; where as many processes run again."""

    class TwoProcesses(World):
        def sum(self, table):
            return table + (np.arange(2)[:, np.newaxis] != self.rank) * np.float32(7)

    def cell_of(value: float) -> nn.Cell:
        return filled(nn.SequentialCell(nn.BatchNorm2d(3)), value)

    first = PhaseCheckpoints(tmp_path, None, cell_of(5), {}, INFO, world=TwoProcesses(0, 2))
    first.save_within_epoch(Progress(0, 1))
    restored = []
    for world in (World(0, 2), World(1, 2), World()):
        cell = cell_of(0)
        PhaseCheckpoints(tmp_path, None, cell, {}, INFO, world=world).restore()
        restored.append({each.name: values(each) for each in cell.get_parameters()})
    for found, expected in zip(restored, (5, 7, 6), strict=True):
        assert found["0.moving_mean"] == found["0.moving_variance"] == {expected}
        assert found["0.gamma"] == {5}


def test_the_weights_file_holds_the_parameters_alone(tmp_path):
    """So that older code loads it."""
    PhaseCheckpoints(tmp_path, None, SHMNet(), small_state(), INFO).save(Progress(1))
    expected = [parameter.name for parameter in SHMNet().get_parameters()]
    assert list(ms.load_checkpoint(str(weights_of(tmp_path, 1)))) == expected


def test_saving_again_replaces_the_earlier_files(tmp_path):
    for value in (1, 2):
        checkpoints_of(tmp_path, value=value).save(Progress(1, best_score=value))
        checkpoints_of(tmp_path, value=value).save_best()
    assert names(tmp_path) == files_of_epochs(1) | {BEST_FILE, f"{BEST_FILE}.yaml"}
    restored = Restored(tmp_path)
    assert (restored.values, restored.progress.best_score) == ({2}, 2)
    cell = small_cell()
    load_weights(cell, tmp_path / BEST_FILE)
    assert values(cell) == {2}


def test_beside_weights_lies_what_the_model_is(tmp_path):
    checkpoints = checkpoints_of(tmp_path)
    checkpoints.save(Progress(1))
    checkpoints.save_best()
    assert read_model_info(weights_of(tmp_path, 1)) == read_model_info(tmp_path / BEST_FILE) == INFO


def test_restoring_without_its_file_says_what_to_do(tmp_path):
    checkpoints_of(tmp_path).save(Progress(3))
    (tmp_path / "resume_3.ckpt").unlink()
    with pytest.raises(UserError, match=r"(?s)no checkpoint.*resume_3\.ckpt.*missing.*--init_weight"):
        Restored(tmp_path)


def damage_file(path: Path, damage: str) -> None:
    content = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes({"truncated": content[: len(content) // 2], "empty": b""}[damage])


@pytest.mark.parametrize("damage", ["of another phase", "of another shape", "of an older version"])
def test_restoring_from_a_wrong_file_names_it(tmp_path, damage):
    state = small_state()
    if damage == "of another phase":
        del state["moment1"]
    elif damage == "of another shape":
        state["moment1"] = Parameter(Tensor(np.zeros((5, 5), np.float32)), name="any")
    checkpoints_of(tmp_path, state=state).save(Progress(3))
    if damage == "of an older version":
        entries = [{"name": name, "data": parameter} for name, parameter in state.items()]
        save_parameters(entries, tmp_path / "resume_3.ckpt")
    with pytest.raises(UserError, match=r"resume_3\.ckpt: does not fit this phase"):
        Restored(tmp_path)


@pytest.mark.parametrize("damage", ["truncated", "empty"])
@pytest.mark.parametrize("file", ["semantic_hm_latest_3.ckpt", "resume_3.ckpt", STEP_FILE])
def test_a_damaged_newest_checkpoint_is_reported_and_the_one_before_is_used(tmp_path, capsys, file, damage):
    for epoch in (2, 3):
        checkpoints_of(tmp_path, value=epoch).save(Progress(epoch))
    if file == STEP_FILE:
        checkpoints_of(tmp_path, value=9).save_within_epoch(Progress(3, 1))
    damage_file(tmp_path / file, damage)
    restored = Restored(tmp_path)
    before = 3 if file == STEP_FILE else 2
    assert restored.progress.epoch == before
    assert restored.values == restored.moments == {before}
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{tmp_path / file}: is no checkpoint, or a damaged one: ")
    assert line.endswith("; continuing from the checkpoint before it")


def test_if_all_are_damaged_nothing_is_taken(tmp_path):
    for epoch in (2, 3):
        checkpoints_of(tmp_path, value=epoch).save(Progress(epoch))
        damage_file(weights_of(tmp_path, epoch), "truncated")
    with pytest.raises(UserError, match=r"(?s)no checkpoint of this phase can be used.*latest_3.*latest_2"):
        Restored(tmp_path)


def test_the_best_is_preferred_to_the_newest(tmp_path):
    assert best_or_newest_weights(tmp_path) is None
    for epoch in (9, 10):
        checkpoints_of(tmp_path).save(Progress(epoch))
    assert best_or_newest_weights(tmp_path) == weights_of(tmp_path, 10)
    checkpoints_of(tmp_path).save_best()
    assert best_or_newest_weights(tmp_path) == tmp_path / BEST_FILE


# Loading weights


def test_entries_that_the_network_lacks_are_ignored(tmp_path):
    entries = [{"name": name, "data": parameter} for name, parameter in small_state().items()]
    for parameter in small_cell(0.5).get_parameters():
        entries.append({"name": parameter.name, "data": parameter})
    ms.save_checkpoint(entries, str(tmp_path / "more.ckpt"))
    cell = small_cell()
    load_weights(cell, tmp_path / "more.ckpt")
    assert values(cell) == {0.5}


def test_a_part_is_loaded_alone(tmp_path):
    path = save(filled(SHMNet(), 0.5), tmp_path / "whole.ckpt")
    network = filled(SHMNet(), 0.25)
    load_weights(network.t_net, path)
    assert values(network.t_net) == {0.5}
    assert values(network.m_net) == {0.25}


def test_a_part_is_loaded_from_a_checkpoint_of_that_part(tmp_path):
    path = save(filled(SHMNet(), 0.5).m_net, tmp_path / "part.ckpt")
    network = filled(SHMNet(), 0.25)
    load_weights(network.m_net, path)
    assert values(network.m_net) == {0.5}
    assert values(network.t_net) == {0.25}
    with pytest.raises(UserError, match=r"part\.ckpt.*missing.*t_net\.conv_bn_relu"):
        load_weights(network, path)


def test_loaded_network_is_ready_for_evaluation(tmp_path):
    network = load_network(save(filled(SHMNet(), 0.5), tmp_path / "whole.ckpt"))
    assert values(network) == {0.5}
    assert not any(cell.training for _, cell in network.cells_and_names())


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 this is no checkpoint", b"\x00" * 1000], ids=len)
def test_a_file_that_is_no_checkpoint_is_named(tmp_path, content):
    path = tmp_path / "wrong.ckpt"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"wrong\.ckpt"):
        load_weights(small_cell(), path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999999])
def test_a_truncated_checkpoint_is_named_and_changes_nothing(tmp_path, share):
    path = save(filled(SHMNet(), 0.5), tmp_path / "cut.ckpt")
    content = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(content[: int(len(content) * share)])
    network = filled(SHMNet(), 0.25)
    with pytest.raises(UserError, match=r"cut\.ckpt"):
        load_weights(network, path)
    assert values(network) == {0.25}


@pytest.mark.parametrize("name", ["missing.ckpt", "folder.ckpt"])
def test_a_missing_file_is_named(tmp_path, name):
    (tmp_path / "folder.ckpt").mkdir()
    with pytest.raises(UserError, match=f"{name}: no such checkpoint"):
        load_network(tmp_path / name)


def test_a_file_with_another_suffix_is_named(tmp_path):
    path = save(small_cell(), tmp_path / "model.ckpt").rename(tmp_path / "model.pth")
    with pytest.raises(UserError, match=r"model\.pth"):
        load_weights(small_cell(), path)


def test_a_checkpoint_of_another_network_is_named(tmp_path):
    path = save(nn.Conv2d(1, 1, 1), tmp_path / "other.ckpt")
    cell = small_cell(0.25)
    with pytest.raises(UserError, match=r"other\.ckpt.*4 of 4 parameters are missing.*0\.weight"):
        load_weights(cell, path)
    assert values(cell) == {0.25}


def test_another_shape_is_named(tmp_path):
    path = save(small_cell(0.5, inputs=4), tmp_path / "wider.ckpt")
    with pytest.raises(UserError, match=r"wider\.ckpt: 0\.weight has the shape \(2, 4\).*\(2, 3\)"):
        load_weights(small_cell(), path)


# What a phase starts from

INIT, T_NET, T_NET_BEST, M_NET = 0.125, 0.25, 0.5, 0.75


def fill_run(folder: Path, *files: str) -> str:
    """Write checkpoints of earlier phases, each with its own value; returns that for --init_weight."""
    contents = {
        "t_net": ("pre_train_t_net/semantic_hm_latest_12.ckpt", T_NET),
        "older t_net": ("pre_train_t_net/semantic_hm_latest_9.ckpt", 9),
        "best t_net": ("pre_train_t_net/semantic_hm_best.ckpt", T_NET_BEST),
        "m_net": ("pre_train_m_net/semantic_hm_latest_1.ckpt", M_NET),
    }
    for file in files:
        name, value = contents[file]
        save(filled(SHMNet(), value), folder / name)
    return str(save(filled(SHMNet(), INIT), folder / "init_weight.ckpt"))


@pytest.mark.parametrize(
    ("phase", "files", "has_init", "t_net", "m_net"),
    [
        ("end_to_end", (), False, -1, -1),
        ("end_to_end", (), True, INIT, INIT),
        ("end_to_end", ("t_net", "older t_net"), False, T_NET, -1),
        ("end_to_end", ("t_net", "best t_net"), True, T_NET_BEST, INIT),
        ("end_to_end", ("t_net", "best t_net", "m_net"), True, T_NET_BEST, M_NET),
        ("end_to_end", ("m_net",), False, -1, M_NET),
        ("pre_train_t_net", ("t_net", "m_net"), False, -1, -1),
        ("pre_train_m_net", ("t_net", "m_net"), True, INIT, INIT),
    ],
)
def test_each_part_starts_from_its_own_phase_else_from_init_weight(
    tmp_path, phase, files, has_init, t_net, m_net
):
    init_weight = fill_run(tmp_path, *files)
    network = filled(SHMNet(), -1)
    origins = load_earlier_weights(
        network, SHM, SHM.phases[phase], tmp_path, init_weight if has_init else None
    )
    assert values(network.t_net) == {t_net}
    assert values(network.m_net) == {m_net}
    said = "; ".join(origins)
    assert ("init_weight.ckpt" in said) == has_init
    assert ("T-Net from" in said) == (t_net in (T_NET, T_NET_BEST))
    assert ("M-Net from" in said) == (m_net == M_NET)
    assert (said == "fresh weights") == (t_net == m_net == -1)


def test_a_missing_init_weight_is_named(tmp_path):
    with pytest.raises(UserError, match=r"absent\.ckpt: no such checkpoint"):
        load_earlier_weights(SHMNet(), SHM, SHM.phases["end_to_end"], tmp_path, str(tmp_path / "absent.ckpt"))
