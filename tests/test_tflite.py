"""Reading the convolutions of TensorFlow Lite files."""

import sys

import numpy as np
import pytest

from src.common.errors import UserError
from src.conversion.tflite import read_tflite_convolutions


@pytest.fixture
def writer():
    pytest.importorskip("tflite")
    from tests import tflite_writer

    return tflite_writer


def test_convolutions_are_dequantised(writer, tmp_path):
    rng = np.random.default_rng(4)
    quantised = rng.integers(0, 256, (6, 3, 2, 5), np.uint8)  # O, kh, kw, I
    by_channel = rng.integers(-128, 128, (1, 3, 3, 4), np.int8)  # 1, kh, kw, C
    biases = rng.integers(-1000, 1000, 6).astype(np.int32), rng.integers(-1000, 1000, 4).astype(np.int32)
    plain = rng.normal(size=(2, 1, 1, 7)).astype(np.float16)
    scales, bias_scales = [0.5, 0.25, 2.0, 1.0], [0.125, 4.0, 1.0, 0.5]
    stored = writer.Stored
    writer.write_tflite(
        tmp_path / "made.tflite",
        [
            writer.Operator("RELU", []),
            writer.Operator("CONV_2D", [stored(quantised, [0.25], [131]), stored(biases[0], [0.0625], [0])]),
            writer.Operator(
                "DEPTHWISE_CONV_2D",
                [stored(by_channel, scales, axis=3), stored(biases[1], bias_scales, [0] * 4)],
            ),
            writer.Operator("CONV_2D", [stored(plain), stored(np.ones(2, np.float32))]),
        ],
    )
    first, second, third = read_tflite_convolutions(tmp_path / "made.tflite")
    expected = (quantised.astype(np.float32) - 131) * 0.25
    np.testing.assert_array_equal(first.weight, expected.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(first.bias, biases[0] * 0.0625)
    np.testing.assert_array_equal(second.weight, (by_channel * np.array(scales)).transpose(3, 0, 1, 2))
    np.testing.assert_array_equal(second.bias, biases[1] * np.array(bias_scales))
    np.testing.assert_array_equal(third.weight, plain.transpose(0, 3, 1, 2))
    assert all(each.dtype == np.float32 for conv in (first, second, third) for each in conv)


def test_convolutions_that_are_stored_otherwise_are_refused(writer, tmp_path):
    weight, bias = writer.Stored(np.ones((2, 1, 1, 3), np.float32)), writer.Stored(np.ones(2, np.float32))
    empty = writer.Stored(np.ones((0, 1, 1, 3), np.float32))
    for constants, part in (([weight], "bias"), ([weight, weight], "bias"), ([empty, bias], "not stored")):
        writer.write_tflite(tmp_path / "odd.tflite", [writer.Operator("CONV_2D", constants)])
        with pytest.raises(UserError, match=f"odd.tflite: .*{part}"):
            read_tflite_convolutions(tmp_path / "odd.tflite")


def test_damaged_files_are_named(writer, tmp_path):
    """Whatever is damaged: nothing but a UserError that names the file comes of it."""
    path = tmp_path / "damaged.tflite"
    writer.write_tflite(path, [writer.convolution(np.ones((2, 3, 1, 1), np.float32), np.ones(2, np.float32))])
    whole = path.read_bytes()
    assert len(read_tflite_convolutions(path)) == 1
    rng, failed = np.random.default_rng(6), 0
    cut = [whole[:length] for length in range(0, len(whole), 7)]
    changed = [bytearray(whole) for _ in range(200)]
    for content in changed:
        content[rng.integers(8, len(whole))] = rng.integers(256)
    for content in [*cut, *changed]:
        path.write_bytes(content)
        try:
            read_tflite_convolutions(path)
        except UserError as error:
            assert str(error).startswith(f"{path}: is ")
            failed += 1
    assert failed > len(cut) // 2


def test_files_that_are_no_tflite_are_named(tmp_path):
    pytest.importorskip("tflite")
    with pytest.raises(UserError, match=r"absent\.tflite: no such file"):
        read_tflite_convolutions(tmp_path / "absent.tflite")
    (tmp_path / "text.tflite").write_text("no network at all")
    with pytest.raises(UserError, match=r"text\.tflite: is no TensorFlow Lite file"):
        read_tflite_convolutions(tmp_path / "text.tflite")


def test_without_the_package_the_error_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tflite", None)
    (tmp_path / "network.tflite").touch()
    with pytest.raises(UserError, match=r"network\.tflite.*pip install tflite"):
        read_tflite_convolutions(tmp_path / "network.tflite")
