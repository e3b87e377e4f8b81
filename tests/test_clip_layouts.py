"""Clips are found in every layout, by name; what is wrong with one is told, and the others are used."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from src.clips.clip import Clip
from src.clips.layouts import find_clips, find_split
from src.clips.video_frames import VideoFrames
from src.common.errors import UserError
from src.data.binary_masks import as_binary, far_from_edge
from src.images.files import ImageError
from tests.small_clips import HEIGHT, WIDTH, alpha, cut_off, frame, write, write_frames, write_mp4

NUMBERS = [2, 3, 5, 10, 11, 17]  # names do not sort as numbers, and frame 17 has none before it


def found_in(folder, split=None) -> tuple[list[Clip], list[str]]:
    problems: list[str] = []
    clips = find_split(folder, split, problems.append) if split else find_clips(folder, problems.append)
    return clips, problems


def require_frames(clip: Clip, numbers, tolerance: float) -> None:
    """The clip's frames and alphas are those of these numbers."""
    assert clip.numbers == tuple(numbers) and clip.size == (HEIGHT, WIDTH)
    for number in (numbers[-1], numbers[0]):
        (image,), (true_alpha,) = clip.frames.images([number]), clip.frames.alphas([number])
        assert image.shape == (HEIGHT, WIDTH, 3) and image.dtype == true_alpha.dtype == np.uint8
        assert abs(image.mean() - frame(number).mean()) < tolerance
        np.testing.assert_allclose(true_alpha.astype(int), alpha(number), atol=4 * tolerance)


def composed(folder, numbers=NUMBERS) -> None:
    write_frames(folder / "com", numbers, "{}.png")
    write_frames(folder / "pha", numbers, "{}.png", alpha)


def in_one_folder(folder, numbers=NUMBERS) -> None:
    write_frames(folder, numbers, "frame_{:04d}.jpg")
    write_frames(folder, numbers, "alpha_{:04d}.png", alpha)


def foreground_frames(folder, numbers=NUMBERS) -> None:
    write_frames(folder.parent / "fgr" / folder.name, numbers, "{}.jpg")
    write_frames(folder.parent / "pha" / folder.name, numbers, "{}.jpg", alpha)


@pytest.mark.parametrize(
    ("make", "kind"), [(composed, "composed"), (in_one_folder, "composed"), (foreground_frames, "foreground")]
)
def test_clips_of_frames(tmp_path, make, kind):
    for name in ("b", "a"):
        make(tmp_path / "train" / name)
    clips, problems = found_in(tmp_path, "train")
    assert [(clip.name, clip.kind) for clip in clips] == [("a", kind), ("b", kind)] and not problems
    require_frames(clips[0], NUMBERS, 2)


def test_a_folder_that_is_itself_a_clip(tmp_path):
    in_one_folder(tmp_path / "mine")
    clips, _ = found_in(tmp_path / "mine")
    assert [clip.name for clip in clips] == ["mine"]


def test_the_frame_before_is_at_most_five_lower(tmp_path):
    composed(tmp_path / "a")
    (clip,), _ = found_in(tmp_path)
    assert [clip.before(number) for number in NUMBERS] == [None, 2, 3, 5, 10, None]


def test_clips_of_videos(tmp_path):
    """20 frames, of which every eighth can be decoded without others."""
    write_mp4(tmp_path / "fgr" / "0001.mp4", [frame(number) for number in range(20)])
    write_mp4(tmp_path / "pha" / "0001.mp4", [alpha(number) for number in range(20)])
    (clip,), problems = found_in(tmp_path)
    assert clip.kind == "foreground" and not problems and clip.before(0) is None and clip.before(13) == 12
    require_frames(clip, range(20), 3)


def test_frames_of_a_video_are_those_asked_for_in_any_order(tmp_path):
    video = VideoFrames(write_mp4(tmp_path / "a.mp4", [frame(number) for number in range(20)]))
    numbers = [17, 3, 16, 0, 19, 3]
    means = [image.mean() for image in video.read(numbers)]
    np.testing.assert_allclose(means, [frame(number).mean() for number in numbers], atol=3)
    assert len(video) == 20
    with pytest.raises(ImageError, match=r"a\.mp4: frame 20 "):
        video.read([20])


def test_conference_videos_are_sorted_as_numbers_and_their_masks_are_binary(tmp_path):
    for number in NUMBERS:
        write(tmp_path / "original_training" / f"original2_{number}.jpg", frame(number))
        write(tmp_path / "ground_truth_training" / f"gt2_{number}.jpg", alpha(number))
        write(tmp_path / "original_testing" / f"original11_{number}.jpg", frame(number))
        write(tmp_path / "ground_truth_testing" / f"gt11_{number}.jpg", alpha(number))
    write(tmp_path / "original_training" / "original10_4.jpg", frame(4))
    clips, problems = found_in(tmp_path, "train")
    assert [(clip.name, clip.kind, clip.numbers) for clip in clips] == [
        ("original_training/2", "mask", tuple(NUMBERS))
    ]
    assert len(problems) == 1 and "original_training/10" in problems[0] and "original10_4.jpg" in problems[0]
    (mask,) = clips[0].frames.alphas([10])
    assert set(np.unique(mask)) == {0, 255}
    assert (mask == as_binary(alpha(10))).mean() > 0.99
    assert [clip.name for clip in found_in(tmp_path, "test")[0]] == ["original_testing/11"]
    assert len(found_in(tmp_path)[0]) == 2


def drop_alpha(clip) -> str:
    (clip / "pha" / "10.png").unlink()
    return "com/10.png"


def drop_frame(clip) -> str:
    (clip / "com" / "10.png").unlink()
    return "pha/10.png"


def other_name(clip) -> str:
    (clip / "pha" / "10.png").rename(clip / "pha" / "010.png")
    return "com/10.png"


def other_size(clip) -> str:
    write(clip / "pha" / "10.png", alpha(10, HEIGHT, WIDTH - 2))
    return f"pha/10.png: is {WIDTH - 2}x{HEIGHT}"


def end_missing(clip) -> str:
    cut_off(clip / "com" / "10.png")
    return "com/10.png: is cut off"


def no_picture(clip) -> str:
    (clip / "com" / "10.png").write_text("nothing")
    return "com/10.png"


def no_number(clip) -> str:
    for kind in ("com", "pha"):
        (clip / kind / "10.png").rename(clip / kind / "ten.png")
    return "com/ten.png"


def same_number(clip) -> str:
    write(clip / "com" / "010.png", frame(10))
    write(clip / "pha" / "010.png", alpha(10))
    return "10.png"


def there_twice(clip) -> str:
    write(clip / "com" / "10.jpg", frame(10))
    return "10.png"


def one_frame(clip) -> str:
    for number in NUMBERS[1:]:
        for kind in ("com", "pha"):
            (clip / kind / f"{number}.png").unlink()
    return "single frame"


@pytest.mark.parametrize(
    "spoil",
    [
        *(drop_alpha, drop_frame, other_name, other_size, end_missing),
        *(no_picture, no_number, same_number, there_twice, one_frame),
    ],
)
def test_a_bad_clip_of_frames_is_named_and_left_out(tmp_path, spoil):
    composed(tmp_path / "good")
    composed(tmp_path / "bad")
    what = spoil(tmp_path / "bad")
    clips, problems = found_in(tmp_path)
    assert [clip.name for clip in clips] == ["good"]
    assert len(problems) == 1 and problems[0].startswith("clip bad: ") and what in problems[0]


def test_a_jpeg_whose_end_is_missing_is_named(tmp_path):
    in_one_folder(tmp_path / "good", NUMBERS[:2])
    in_one_folder(tmp_path / "bad", NUMBERS[:2])
    cut_off(tmp_path / "bad" / "frame_0003.jpg", 0.95)
    clips, problems = found_in(tmp_path)
    assert [clip.name for clip in clips] == ["good"] and "frame_0003.jpg: is cut off" in problems[0]


@pytest.mark.parametrize("fault", ["cut off", "no video", "size", "fewer", "lonely", "single"])
def test_a_bad_clip_of_videos_is_named_and_left_out(tmp_path, fault):
    frames, alphas = ([make(number) for number in range(12)] for make in (frame, alpha))
    for name in ("good", "bad"):
        write_mp4(tmp_path / "fgr" / f"{name}.mp4", frames)
        write_mp4(tmp_path / "pha" / f"{name}.mp4", alphas)
    bad = tmp_path / "pha" / "bad.mp4"
    if fault == "cut off":
        cut_off(bad, 0.9)
    elif fault == "no video":
        bad.write_bytes(b"nothing")
    elif fault == "size":
        write_mp4(bad, [alpha(number, HEIGHT, WIDTH - 2) for number in range(12)])
    elif fault == "fewer":
        write_mp4(bad, alphas[:-1])
    elif fault == "lonely":
        bad.unlink()
    else:
        write_mp4(bad, alphas[:1])
        write_mp4(tmp_path / "fgr" / "bad.mp4", frames[:1])
    clips, problems = found_in(tmp_path)
    assert [clip.name for clip in clips] == ["good"]
    assert len(problems) == 1 and problems[0].startswith("clip bad: ")


def test_clips_of_one_name_are_told_of(tmp_path):
    frames, alphas = ([make(number) for number in range(12)] for make in (frame, alpha))
    for kind, pictures in (("fgr", frames), ("pha", alphas)):
        for ending in (".mp4", ".mov"):
            write_mp4(tmp_path / kind / f"a{ending}", pictures)
    clips, problems = found_in(tmp_path)
    assert [clip.name for clip in clips] == ["a"]
    assert len(problems) == 2 and all("has the same name as a.mov" in each for each in problems)


def test_frames_of_phones_are_read_and_those_that_say_they_are_huge_are_named(tmp_path):
    for name in ("good", "huge"):
        in_one_folder(tmp_path / name, NUMBERS[:2])
    photo = Image.open(tmp_path / "good" / "frame_0002.jpg")
    photo.save(tmp_path / "good" / "frame_0002.jpg", "MPO", save_all=True, append_images=[photo.copy()])
    header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    (tmp_path / "huge" / "frame_0002.jpg").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk)
    clips, problems = found_in(tmp_path)
    assert [clip.name for clip in clips] == ["good"]
    assert len(problems) == 1 and "frame_0002.jpg: cannot be read" in problems[0]


def test_a_folder_without_clips_is_an_error(tmp_path):
    (tmp_path / "train" / "a").mkdir(parents=True)
    problems: list[str] = []
    with pytest.raises(UserError, match="train"):
        find_split(tmp_path, "train", problems.append)
    assert len(problems) == 1 and str(tmp_path / "train" / "a") in problems[0]
    with pytest.raises(UserError, match="valid"):
        find_split(tmp_path, "valid")


def test_a_mask_stands_for_alpha_only_far_from_its_edge():
    mask = np.zeros((4, 60), np.uint8)
    mask[:, 30:] = 255
    far = far_from_edge(mask)
    assert not far[:, 20:40].any() and far[:, :20].all() and far[:, 40:].all()
    assert (
        far_from_edge(np.zeros((4, 4), np.uint8)).all()
        and far_from_edge(np.full((4, 4), 255, np.uint8)).all()
    )
