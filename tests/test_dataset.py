"""Lists of files, samples and batches."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from src.common.errors import UserError
from src.data.split_files import SplitFiles
from src.dataset import Batch, MattingDataset, training_batches, validation_batches
from src.images.files import read_gray, read_image, write_image
from src.images.preprocessing import alpha_to_float, normalise
from src.images.trimap import TrimapClass, trimap_to_class_map
from tests.small_dataset import write_dataset

ROOT = Path(__file__).resolve().parent.parent
MEAN = (114, 121, 134)
PATCH = 32
COUNTS = {"train": 10, "eval": 5}

# Prints what the samples of epoch 3 are, last to first.
DIGEST = """
import sys
from tests.test_dataset import digest, make_dataset
print(digest(make_dataset(sys.argv[1]).sample(index, epoch=3) for index in reversed(range(10))))
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Path:
    """A data set that no test changes."""
    folder = tmp_path_factory.mktemp("datasets")
    write_dataset(folder, COUNTS)
    return folder


@pytest.fixture
def folder(tmp_path) -> Path:
    """A data set to be damaged."""
    write_dataset(tmp_path, COUNTS)
    return tmp_path


def make_dataset(folder: str | Path, split: str = "train", **changes) -> MattingDataset:
    options = {"patch_size": PATCH, "mean": MEAN, "seed": 1, "augments": split == "train", **changes}
    return MattingDataset(SplitFiles(folder, split), **options)


def train(
    dataset: MattingDataset, epoch: int = 1, seed: int = 1, batch_size: int = 4, workers: int = 2
) -> list:
    return list(training_batches(dataset, epoch, seed=seed, batch_size=batch_size, workers=workers))


def digest(samples) -> str:
    """A number for everything in the samples."""
    result = hashlib.sha256()
    for sample in samples:
        for array in sample:
            result.update(np.ascontiguousarray(array).tobytes())
    return result.hexdigest()


def arrays_of(batch: Batch) -> tuple[np.ndarray, ...]:
    return *(batch.tensors[name].asnumpy() for name in ("image", "class_map", "alpha")), batch.index


def order_of(batches: list[Batch]) -> list[int]:
    return np.concatenate([batch.index for batch in batches]).tolist()


def list_file(folder: Path, split: str = "train") -> Path:
    return folder / split / f"{split}.txt"


def test_a_split_finds_the_files_of_its_list(shared):
    files = SplitFiles(shared, "train")
    assert len(files) == len(files.names) == 10
    assert files.names == list_file(shared).read_text().splitlines()
    for index in range(len(files)):
        found = files.photo(index), files.trimap(index), files.alpha(index)
        assert all(path.is_file() for path in found)
        assert len({path.stem for path in found}) == 1


def test_lists_of_other_editors(folder):
    names = SplitFiles(folder, "train").names
    list_file(folder).write_bytes("\ufeff\r\n".encode() + "\r\n\r\n  ".join(names).encode() + b"\r\n \r\n")
    assert SplitFiles(folder, "train").names == names


@pytest.mark.parametrize("suffix", [".jpeg", ".JPG", ".png"])
def test_photos_of_other_formats_are_found(folder, suffix):
    photo = SplitFiles(folder, "train").photo(2)
    photo.rename(photo.with_suffix(suffix))
    assert SplitFiles(folder, "train").photo(2) == photo.with_suffix(suffix)


@pytest.mark.parametrize("content", [b"", b"\n \r\n\n"], ids=["no line", "blank lines"])
def test_an_empty_list(folder, content):
    list_file(folder).write_bytes(content)
    with pytest.raises(UserError, match=r"train\.txt: lists no image"):
        SplitFiles(folder, "train")


def test_a_missing_list(folder):
    with pytest.raises(UserError, match=r"test\.txt: no such file; .*generate_datasets"):
        SplitFiles(folder, "test")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", None], ids=["not UTF-8", "a folder"])
def test_a_list_that_cannot_be_read(folder, content):
    path = list_file(folder)
    path.unlink()
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(UserError, match=r"train\.txt: cannot be read"):
        SplitFiles(folder, "train")


def test_a_missing_photo_is_named_at_once(folder):
    photo = SplitFiles(folder, "train").photo(7)
    photo.unlink()
    with pytest.raises(UserError) as caught:
        SplitFiles(folder, "train")
    assert str(list_file(folder)) in str(caught.value)
    assert f"its photo {photo} is missing" in str(caught.value)


@pytest.mark.parametrize("line", ["portrait.png", "group/portrait.png", "group/clip_0/portrait.png"])
def test_a_line_of_another_form(folder, line):
    list_file(folder).write_text(line)
    with pytest.raises(UserError, match=f"'{line}' must have the form <group>/matting_<sub>/<name>.png"):
        SplitFiles(folder, "train")


@pytest.mark.parametrize("augments", [False, True])
def test_shapes_and_ranges_of_a_sample(shared, augments):
    image, class_map, alpha = make_dataset(shared, augments=augments).sample(3)
    assert (image.shape, image.dtype) == ((3, PATCH, PATCH), np.float32)
    assert (class_map.shape, class_map.dtype) == ((PATCH, PATCH), np.int32)
    assert (alpha.shape, alpha.dtype) == ((1, PATCH, PATCH), np.float32)
    assert set(np.unique(class_map)) == set(TrimapClass)
    assert (alpha.min(), alpha.max()) == (0, 1)
    assert -134 / 255 <= image.min() < image.max() <= 141 / 255


def test_without_augmentation_a_sample_of_its_own_size_is_the_files(tmp_path):
    write_dataset(tmp_path, {"eval": 2}, size=(PATCH, PATCH))
    dataset = make_dataset(tmp_path, "eval")
    files = dataset.files
    for index in range(2):
        image, class_map, alpha = dataset.sample(index)
        np.testing.assert_array_equal(image, normalise(read_image(files.photo(index)), MEAN))
        np.testing.assert_array_equal(class_map, trimap_to_class_map(read_gray(files.trimap(index))))
        np.testing.assert_array_equal(alpha[0], alpha_to_float(read_gray(files.alpha(index))))


def test_augmented_samples_stay_aligned(shared):
    """The person is bright where alpha is opaque, dark elsewhere, and the trimap agrees."""
    dataset = make_dataset(shared, vertical_flip=True)
    for epoch in range(4):
        for index in range(len(dataset)):
            image, class_map, alpha = dataset.sample(index, epoch)
            bright = image.mean(axis=0) > 0.1
            certain = class_map != TrimapClass.UNSURE
            assert (bright == (alpha[0] > 0.5))[certain].mean() > 0.99
            assert alpha[0][class_map == TrimapClass.FOREGROUND].min() > 0.9
            assert alpha[0][class_map == TrimapClass.BACKGROUND].max() < 0.1


def test_validation_samples_are_the_same_in_every_epoch(shared):
    dataset = make_dataset(shared, "eval")
    assert digest([dataset.sample(2, epoch=1)]) == digest([dataset.sample(2, epoch=9)])


@pytest.mark.parametrize("change", ["seed", "epoch", "index"])
def test_augmentation_depends_on_seed_epoch_and_index(shared, change):
    """The same photo is listed twice, so that only the number differs."""

    def sample(seed: int = 1, epoch: int = 1, index: int = 0):
        dataset = make_dataset(shared, seed=seed)
        dataset.files.photo = lambda _: SplitFiles(shared, "train").photo(0)
        dataset.files.trimap = lambda _: SplitFiles(shared, "train").trimap(0)
        dataset.files.alpha = lambda _: SplitFiles(shared, "train").alpha(0)
        return digest([dataset.sample(index, epoch)])

    assert sample() == sample()
    assert len({sample(), *(sample(**{change: value}) for value in range(2, 8))}) > 3


def test_samples_are_equal_in_another_process_and_order(shared):
    dataset = make_dataset(shared)
    here = [dataset.sample(index, epoch=3) for index in range(10)][::-1]
    there = subprocess.run(
        [sys.executable, "-c", DIGEST, str(shared)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    assert there.stdout.strip() == digest(here)


def test_batches_are_equal_with_any_number_of_workers(shared):
    runs = [train(make_dataset(shared), workers=workers) for workers in (1, 2, 64)]
    assert len({digest(map(arrays_of, run)) for run in runs}) == 1


def test_a_batch_holds_the_samples_of_its_indices(shared):
    dataset = make_dataset(shared)
    for batch in train(dataset, epoch=6):
        samples = [dataset.sample(int(index), epoch=6) for index in batch.index]
        for stacked, parts in zip(arrays_of(batch), zip(*samples, strict=True), strict=False):
            np.testing.assert_array_equal(stacked, np.stack(parts))


@pytest.mark.parametrize("batch_size", [1, 3, 5, 10])
def test_an_epoch_is_a_permutation_less_the_incomplete_batch(shared, batch_size):
    batches = train(make_dataset(shared), batch_size=batch_size)
    assert len(batches) == 10 // batch_size
    assert {len(batch.index) for batch in batches} == {batch_size}
    order = order_of(batches)
    assert len(set(order)) == len(order)
    assert set(order) <= set(range(10))


def test_every_image_takes_part_though_batches_stay_incomplete(shared):
    """What one epoch leaves out, another trains."""
    dataset = make_dataset(shared)
    assert set().union(*(order_of(train(dataset, epoch)) for epoch in range(6))) == set(range(10))


def test_epochs_and_seeds_differ_in_order(shared):
    dataset = make_dataset(shared)
    orders = [order_of(train(dataset, *key, batch_size=10)) for key in ((1, 1), (2, 1), (1, 2))]
    assert len(set(map(tuple, orders))) == 3
    assert order_of(train(dataset, 1, 1, batch_size=10)) == orders[0] != sorted(orders[0])


@pytest.mark.parametrize(
    ("batch_size", "expected"),
    [(1, [0, 1, 2, 3, 4]), (2, [0, 1, 2, 3, 4, 4]), (5, [0, 1, 2, 3, 4]), (8, [0, 1, 2, 3, 4, 4, 4, 4])],
)
def test_validation_yields_every_image_and_fills_the_last_batch(shared, batch_size, expected):
    dataset = make_dataset(shared, "eval")
    batches = list(validation_batches(dataset, batch_size=batch_size, workers=2))
    assert order_of(batches) == expected
    assert {batch.tensors["image"].shape for batch in batches} == {(batch_size, 3, PATCH, PATCH)}
    last = arrays_of(batches[-1])
    np.testing.assert_array_equal(last[0][-1], dataset.sample(4)[0])


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:150])


def remove(path: Path) -> None:
    path.unlink()


def shrink(path: Path) -> None:
    write_image(path, read_gray(path)[:40])


@pytest.mark.parametrize(
    ("kind", "spoil", "cause"),
    [
        ("photo", damage, "cannot be read as an image"),
        ("trimap", damage, "cannot be read as an image"),
        ("alpha", damage, "cannot be read as an image"),
        ("photo", remove, "no such file"),
        ("alpha", remove, "no such file"),
        ("trimap", shrink, "is 64x48, but {path} is 64x40"),
        ("alpha", shrink, "is 64x48, but {path} is 64x40"),
    ],
)
def test_a_file_spoilt_in_the_middle_of_an_epoch_is_named(folder, capfd, kind, spoil, cause):
    dataset = make_dataset(folder)
    batches = training_batches(dataset, 1, seed=1, batch_size=1, workers=1)
    index = order_of(train(dataset, batch_size=10))[-1]
    path = getattr(dataset.files, kind)(index)
    spoil(path)
    with pytest.raises(UserError) as caught:
        list(batches)
    named = dataset.files.photo(index) if spoil is shrink else path
    assert f"{named}: " in str(caught.value)
    assert cause.format(path=path) in str(caught.value)
    assert caught.value.__suppress_context__
    assert capfd.readouterr() == ("", "")


def test_a_fault_of_the_program_is_not_taken_for_a_file_s(shared, monkeypatch):
    dataset = make_dataset(shared)
    monkeypatch.setattr("src.data.samples.normalise", lambda *_: 1 // 0)
    with pytest.raises(RuntimeError, match="division"):
        train(dataset)


@pytest.mark.parametrize("line", ["/etc/matting_0/a.png", "../matting_0/a.png", "a/matting_0/../../b.png"])
def test_list_lines_cannot_leave_the_folder(tmp_path, line):
    write_dataset(tmp_path, {"train": 1})
    (tmp_path / "train" / "train.txt").write_text(f"{line}\n")
    with pytest.raises(UserError, match="must have the form"):
        SplitFiles(tmp_path, "train")


def test_photo_with_a_suffix_in_mixed_case_is_found(tmp_path):
    write_dataset(tmp_path, {"train": 1})
    photo = SplitFiles(tmp_path, "train").photo(0)
    photo.rename(photo.with_suffix(".Jpg"))
    assert SplitFiles(tmp_path, "train").photo(0) == photo.with_suffix(".Jpg")
