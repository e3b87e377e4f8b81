"""Which photos a command takes, and where their results go."""

import gc
import os
from pathlib import Path

import pytest

from src.common.errors import UserError
from src.common.folder_search import Entry
from src.prediction.jobs import find_jobs, left_to_do
from src.prediction.shard import Shard


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def choose(found, is_transparent: bool, *, overwrite: bool):
    """What is to be done, by its names; how much is done; and why the rest is left out."""
    problems: list[str] = []
    left = left_to_do(found, is_transparent, overwrite, tell=problems.append)
    assert left.left_out == len(problems)
    return [job.source.name for job in left.todo], left.done, problems


def results(jobs, folder: Path) -> dict[str, list[str]]:
    return {
        str(job.source.relative_to(folder)): [str(path.relative_to(folder)) for path in job.results(True)]
        for job in jobs
    }


def test_results_lie_beside_their_photos(tmp_path):
    touch(tmp_path, "a b.jpg", "v/clip.mp4")
    jobs = find_jobs([tmp_path / "a b.jpg", tmp_path / "v"], None).jobs
    assert results(jobs, tmp_path) == {
        "a b.jpg": ["a b_alpha.png", "a b_cutout.png"],
        "v/clip.mp4": ["v/clip_alpha.mp4"],
    }


def test_a_folder_keeps_its_structure(tmp_path):
    touch(tmp_path, "in/one.jpg", "in/deep/er/two.PNG", "in/notes.txt", "in/deep/one.webp")
    found = results(find_jobs([tmp_path / "in"], tmp_path / "out").jobs, tmp_path)
    assert {name: files[0] for name, files in found.items()} == {
        "in/one.jpg": "out/one_alpha.png",
        "in/deep/er/two.PNG": "out/deep/er/two_alpha.png",
        "in/deep/one.webp": "out/deep/one_alpha.png",
    }


def test_videos_have_a_composite_where_there_is_a_background(tmp_path):
    (job,) = find_jobs([touch(tmp_path, "clip.mov") / "clip.mov"], None).jobs
    assert [path.name for path in job.results(False)] == ["clip_alpha.mp4", "clip_composite.mp4"]


def test_earlier_results_are_not_photos(tmp_path):
    names = ["p.jpg", "p_alpha.png", "p_cutout.png", "p_composite.png", "lone_alpha.png"]
    jobs = find_jobs([touch(tmp_path, *names)], None).jobs
    assert [job.source.name for job in jobs] == ["lone_alpha.png", "p.jpg"]


def test_twins_keep_their_endings(tmp_path):
    jobs = find_jobs([touch(tmp_path, "p.jpg", "p.png", "q.jpg")], None).jobs
    assert [job.results(True)[0].name for job in jobs] == [
        "p.jpg_alpha.png",
        "p.png_alpha.png",
        "q_alpha.png",
    ]


def test_a_second_run_takes_no_results_for_photos(tmp_path):
    """Neither those of twins, nor those in an output folder within the folder, nor half-written files."""
    touch(tmp_path, "p.jpg", "p.png", "q.jpg", ".partial-x.png", "q_cutout.jpg")
    for job in [*find_jobs([tmp_path], tmp_path / "out").jobs, *find_jobs([tmp_path], None).jobs]:
        touch(tmp_path, *(str(path.relative_to(tmp_path)) for path in job.results(True)))
    found = [job.source.name for job in find_jobs(sorted(tmp_path.glob("[!.]*.*")), None).jobs]
    assert found == ["p.jpg", "p.png", "q.jpg", "q_cutout.jpg"]
    again = [str(job.source.relative_to(tmp_path)) for job in find_jobs([tmp_path], tmp_path / "out").jobs]
    assert again == found
    nearby = find_jobs([tmp_path], tmp_path / "p" / ".." / "out").jobs
    assert [job.source.name for job in nearby] == found


def test_what_is_given_twice_is_done_once(tmp_path):
    touch(tmp_path, "in/p.jpg", "in/.thumbnails/p.jpg")
    jobs = find_jobs([tmp_path / "in", tmp_path / "in" / "p.jpg"], tmp_path / "out").jobs
    assert results(jobs, tmp_path) == {"in/p.jpg": ["out/p_alpha.png", "out/p_cutout.png"]}


def test_of_photos_of_one_name_the_first_keeps_the_output(tmp_path):
    touch(tmp_path, "a/p.jpg", "b/p.jpg", "b/q.jpg")
    found = find_jobs([tmp_path / "a", tmp_path / "b"], tmp_path / "out")
    assert [str(job.source.relative_to(tmp_path)) for job in found.jobs] == ["a/p.jpg", "b/q.jpg"]
    (problem,) = found.problems
    assert str(tmp_path / "b/p.jpg") in problem and str(tmp_path / "a/p.jpg") in problem


def test_endings_that_do_not_tell_twins_apart_leave_the_others(tmp_path):
    touch(tmp_path, "a.jpg", "a.png", "a.jpg.png", "b.jpg")
    found = find_jobs([tmp_path], None)
    assert [job.source.name for job in found.jobs] == ["a.jpg", "a.png", "b.jpg"]
    (problem,) = found.problems
    assert problem.startswith(f"{tmp_path / 'a.jpg.png'}: ") and f"{tmp_path / 'a.jpg'}," in problem


@pytest.mark.parametrize(
    ("name", "message"), [("gone", "no such file"), ("empty", "holds no photo or video")]
)
def test_inputs_that_are_none_are_named(tmp_path, name, message):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=f"{name}: {message}"):
        find_jobs([tmp_path / name], None)


def test_an_input_that_is_gone_does_not_stop_the_others(tmp_path):
    touch(tmp_path, "p.jpg")
    (tmp_path / "empty").mkdir()
    found = find_jobs(
        [tmp_path / "gone", tmp_path / "empty", tmp_path / ("x" * 300), tmp_path / "p.jpg"], None
    )
    assert [job.source.name for job in found.jobs] == ["p.jpg"]
    assert [problem.partition(": ")[0] for problem in found.problems] == [
        str(tmp_path / name) for name in ("gone", "empty", "x" * 300)
    ]


def test_a_photo_is_never_replaced_by_the_result_of_another(tmp_path):
    touch(tmp_path, "in/p.jpg", "in/q.jpg", "in/r.jpg", "out/r_cutout.png/file")
    (tmp_path / "out" / "p_alpha.png").symlink_to(tmp_path / "in" / "q.jpg")
    found = find_jobs([tmp_path / "in"], tmp_path / "out")
    todo, done, problems = choose(found, True, overwrite=True)
    assert (todo, done) == (["q.jpg"], 0)
    assert len(problems) == 2
    for name, file, problem in zip("pr", ("p_alpha.png", "r_cutout.png"), problems, strict=True):
        assert problem.startswith(f"{tmp_path / 'in' / name}.jpg: {tmp_path / 'out' / file} is in the way")


def test_names_too_long_for_results_are_left_out(tmp_path):
    """A result adds eleven bytes to the name of its photo without the ending; a file system takes 255."""
    long, longest = "\N{LATIN SMALL LETTER E WITH ACUTE}" * 122, "x" * 245
    touch(tmp_path, f"{long}.jpg", f"{longest}.jpg", "p.jpg")
    todo, _, problems = choose(find_jobs([tmp_path], None), True, overwrite=False)
    assert set(todo) == {f"{long}.jpg", "p.jpg"}
    (problem,) = problems
    assert problem.startswith(f"{tmp_path / longest}.jpg: ") and "too long" in problem


def test_folders_that_cannot_be_written_to_leave_the_others(tmp_path):
    touch(tmp_path, "in/deep/p.jpg", "in/q.jpg", "out/deep")
    todo, _, problems = choose(find_jobs([tmp_path / "in"], tmp_path / "out"), True, overwrite=False)
    assert todo == ["q.jpg"]
    (problem,) = problems
    assert problem.startswith(
        f"{tmp_path / 'in' / 'deep' / 'p.jpg'}: {tmp_path / 'out' / 'deep'} is no folder"
    )


def test_what_is_done_stays_unless_it_is_to_be_overwritten(tmp_path):
    touch(tmp_path, "p.jpg", "p_alpha.png", "p_cutout.png", "q.jpg", "q_alpha.png")
    found = find_jobs([tmp_path], None)
    assert choose(found, True, overwrite=False)[:2] == (["q.jpg"], 1)
    (job,) = found.todo
    assert [path.name for path in job.missing(True, overwrite=False)] == ["q_cutout.png"]
    assert choose(find_jobs([tmp_path], None), True, overwrite=True)[:2] == (["p.jpg", "q.jpg"], 0)


def test_a_photo_is_never_its_own_result(tmp_path):
    touch(tmp_path, "p.jpg")
    (tmp_path / "p_alpha.png").symlink_to(tmp_path / "p.jpg")
    todo, _, (problem,) = choose(find_jobs([tmp_path / "p.jpg"], None), True, overwrite=True)
    assert todo == [] and f"{tmp_path / 'p_alpha.png'} is in the way of a result" in problem


# --- results of earlier runs, wherever they lie ---


def test_results_of_several_outputs_are_never_photos(tmp_path):
    touch(tmp_path, "p/a.jpg", "p/b.png", "p/a.png", "p/deep/c.JPG", "p/clip.mov")
    for output, is_transparent in (("m1", True), ("m2", False), ("deep/m3", True), ("m1", False)):
        found = find_jobs([tmp_path / "p"], tmp_path / "p" / output)
        names = [str(job.source.relative_to(tmp_path / "p")) for job in found.jobs]
        assert names == ["a.jpg", "a.png", "b.png", "clip.mov", "deep/c.JPG"]
        for job in found.jobs:
            touch(tmp_path, *(str(path.relative_to(tmp_path)) for path in job.results(is_transparent)))
    assert found.results and not found.problems


def test_results_without_their_photo_tell_each_other(tmp_path):
    touch(
        tmp_path, "m/a_alpha.png", "m/a_cutout.png", "m/b_alpha.png", "m/b_composite.png", "m/lone_alpha.png"
    )
    touch(tmp_path, "m/c_alpha.mp4", "m/c_composite.mp4", "m/other_cutout.png", "n/other_alpha.png")
    found = find_jobs([tmp_path], None)
    assert [job.source.name for job in found.jobs] == [
        "lone_alpha.png",
        "other_cutout.png",
        "other_alpha.png",
    ]
    assert found.results == 6


def test_the_result_of_a_video_is_none_of_a_photo(tmp_path):
    touch(tmp_path, "a.mp4", "a_alpha.png", "b.jpg", "b_alpha.mp4")
    assert len(find_jobs([tmp_path], None).jobs) == 4


# --- nothing is passed over without a word ---


def test_all_that_is_left_out_is_named(tmp_path):
    touch(tmp_path, "in/p.jpg", "in/notes.txt", "in/raw.cr2", "in/no suffix", "in/._p.jpg", "in/Thumbs.db")
    (tmp_path / "in" / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (tmp_path / "in" / "circle.jpg").symlink_to(tmp_path / "in" / "circle.jpg")
    os.mkfifo(tmp_path / "in" / "pipe.jpg")
    found = find_jobs([tmp_path / "in"], None)
    assert [job.source.name for job in found.jobs] == ["p.jpg"]
    named = {Path(problem.partition(": ")[0]).name for problem in found.problems}
    assert named == {"notes.txt", "raw.cr2", "no suffix", "gone.jpg", "circle.jpg", "pipe.jpg"}
    assert len(found.problems) == 6


# --- large collections ---


def test_a_source_of_another_shard_is_not_replaced(tmp_path):
    folder = touch(tmp_path, *(f"in/{number}.jpg" for number in range(20)), "out/p") / "in"
    ours, theirs = (
        next(path for path in sorted(folder.iterdir()) if Shard(number, 2).holds(path)) for number in (1, 2)
    )
    result = tmp_path / "out" / f"{ours.stem}_alpha.png"
    result.symlink_to(theirs)
    problems: list[str] = []
    left = left_to_do(find_jobs([folder], tmp_path / "out"), True, True, Shard(1, 2), problems.append)
    assert ours not in {job.source for job in left.todo} and left.left_out == 1
    assert problems[0].startswith(f"{ours}: {result} is in the way")


def test_no_list_of_the_photos_is_held(tmp_path, monkeypatch):
    """Nor of the files that are none, of which there is one for each photo here."""
    count = 1000
    entries = (
        Entry(tmp_path / f"{number:04d}{suffix}") for number in range(count) for suffix in (".jpg", ".json")
    )
    monkeypatch.setattr("src.prediction.jobs.walk", lambda _: entries)
    before = paths_alive()
    found = find_jobs([tmp_path], tmp_path / "out")
    todo = left_to_do(found, True, overwrite=False).todo
    assert (len(todo), len(found.problems)) == (count, count)
    photos, problems = iter(todo.photos), iter(found.problems)
    for place in range(count // 2):
        assert int(next(photos).source.stem) == place
        assert f"{place:04d}.json" in next(problems)
    assert paths_alive() - before < 100


def paths_alive() -> int:
    gc.collect()
    return sum(issubclass(type(each), Path) for each in gc.get_objects())
