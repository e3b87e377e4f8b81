"""Which photos a command takes, and where their results go."""

from pathlib import Path

import pytest

from src.common.errors import UserError
from src.inference.jobs import find_jobs, left_to_do


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def results(jobs, folder: Path) -> dict[str, list[str]]:
    return {
        str(job.source.relative_to(folder)): [str(path.relative_to(folder)) for path in job.results(True)]
        for job in jobs
    }


def test_results_lie_beside_their_photos(tmp_path):
    touch(tmp_path, "a b.jpg", "v/clip.mp4")
    jobs = find_jobs([tmp_path / "a b.jpg", tmp_path / "v"], None)
    assert results(jobs, tmp_path) == {
        "a b.jpg": ["a b_alpha.png", "a b_cutout.png"],
        "v/clip.mp4": ["v/clip_alpha.mp4"],
    }


def test_a_folder_keeps_its_structure(tmp_path):
    touch(tmp_path, "in/one.jpg", "in/deep/er/two.PNG", "in/notes.txt", "in/deep/one.webp")
    found = results(find_jobs([tmp_path / "in"], tmp_path / "out"), tmp_path)
    assert {name: files[0] for name, files in found.items()} == {
        "in/one.jpg": "out/one_alpha.png",
        "in/deep/er/two.PNG": "out/deep/er/two_alpha.png",
        "in/deep/one.webp": "out/deep/one_alpha.png",
    }


def test_videos_have_a_composite_where_there_is_a_background(tmp_path):
    (job,) = find_jobs([touch(tmp_path, "clip.mov") / "clip.mov"], None)
    assert [path.name for path in job.results(False)] == ["clip_alpha.mp4", "clip_composite.mp4"]


def test_earlier_results_are_not_photos(tmp_path):
    names = ["p.jpg", "p_alpha.png", "p_cutout.png", "p_composite.png", "lone_alpha.png"]
    jobs = find_jobs([touch(tmp_path, *names)], None)
    assert [job.source.name for job in jobs] == ["lone_alpha.png", "p.jpg"]


def test_twins_keep_their_endings(tmp_path):
    jobs = find_jobs([touch(tmp_path, "p.jpg", "p.png", "q.jpg")], None)
    assert [job.results(True)[0].name for job in jobs] == [
        "p.jpg_alpha.png",
        "p.png_alpha.png",
        "q_alpha.png",
    ]


def test_a_second_run_takes_no_results_for_photos(tmp_path):
    """Neither those of twins, nor those in an output folder within the folder, nor half-written files."""
    touch(tmp_path, "p.jpg", "p.png", "q.jpg", ".partial-x.png", "q_cutout.jpg")
    for job in find_jobs([tmp_path], tmp_path / "out") + find_jobs([tmp_path], None):
        touch(tmp_path, *(str(path.relative_to(tmp_path)) for path in job.results(True)))
    found = [job.source.name for job in find_jobs(sorted(tmp_path.glob("[!.]*.*")), None)]
    assert found == ["p.jpg", "p.png", "q.jpg", "q_cutout.jpg"]
    again = [str(job.source.relative_to(tmp_path)) for job in find_jobs([tmp_path], tmp_path / "out")]
    assert again == found
    nearby = find_jobs([tmp_path], tmp_path / "p" / ".." / "out")
    assert [job.source.name for job in nearby] == found


def test_what_is_given_twice_is_done_once(tmp_path):
    touch(tmp_path, "in/p.jpg", "in/.thumbnails/p.jpg")
    jobs = find_jobs([tmp_path / "in", tmp_path / "in" / "p.jpg"], tmp_path / "out")
    assert results(jobs, tmp_path) == {"in/p.jpg": ["out/p_alpha.png", "out/p_cutout.png"]}


def test_photos_of_one_name_cannot_share_an_output(tmp_path):
    touch(tmp_path, "a/p.jpg", "b/p.jpg")
    with pytest.raises(UserError, match="b/p.jpg and .*a/p.jpg: would have the same results"):
        find_jobs([tmp_path / "a", tmp_path / "b"], tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "message"), [("gone", "no such file"), ("empty", "holds no photo or video")]
)
def test_inputs_that_are_none_are_named(tmp_path, name, message):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=f"{name}: {message}"):
        find_jobs([tmp_path / name], None)


def test_a_photo_is_never_replaced_by_the_result_of_another(tmp_path):
    touch(tmp_path, "in/p.jpg", "p_alpha.png")
    jobs = find_jobs([tmp_path / "in", tmp_path / "p_alpha.png"], tmp_path / "out")
    jobs[0] = jobs[0]._replace(target=tmp_path / "p")
    with pytest.raises(UserError, match="p_alpha.png: is in the way of a result"):
        left_to_do(jobs, True, overwrite=True)


def test_what_is_done_stays_unless_it_is_to_be_overwritten(tmp_path):
    touch(tmp_path, "p.jpg", "p_alpha.png", "p_cutout.png", "q.jpg", "q_alpha.png")
    jobs = find_jobs([tmp_path], None)
    todo, done = left_to_do(jobs, True, overwrite=False)
    assert ([job.source.name for job in todo], done) == (["q.jpg"], 1)
    assert [path.name for path in todo[0].missing(True, overwrite=False)] == ["q_cutout.png"]
    todo, done = left_to_do(jobs, True, overwrite=True)
    assert ([job.source.name for job in todo], done) == (["p.jpg", "q.jpg"], 0)


def test_a_photo_is_never_its_own_result(tmp_path):
    touch(tmp_path, "p.jpg")
    (tmp_path / "p_alpha.png").symlink_to(tmp_path / "p.jpg")
    with pytest.raises(UserError, match="p_alpha.png: is in the way of a result"):
        left_to_do(find_jobs([tmp_path / "p.jpg"], None), True, overwrite=True)
