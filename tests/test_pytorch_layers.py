"""Depthwise convolutions in bfloat16: which of them stay in float32, and what they compute."""

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
from src.pytorch.layers import Depthwise  # noqa: E402


@pytest.mark.parametrize(
    "stride, dilation, dtype", [(1, 1, "bfloat16"), (1, 2, "bfloat16"), (2, 1, "float32")]
)
def test_on_a_cpu_a_stride_is_computed_in_float32(stride, dilation, dtype):
    torch.manual_seed(0)
    layer, x = Depthwise(4, stride, dilation), torch.rand(2, 4, 8, 8).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        output = layer(x)
    assert output.dtype == getattr(torch, dtype)
    expected = torch.nn.functional.conv2d(
        x.float(), layer.weight, stride=stride, padding=dilation, dilation=dilation, groups=4
    )
    assert output.shape == expected.shape
    torch.testing.assert_close(output.float(), expected, atol=0 if dtype == "float32" else 2e-2, rtol=0)


def test_other_precisions_stay():
    layer, x = Depthwise(4, 2).double(), torch.rand(2, 4, 8, 8).double()
    assert layer(x).dtype == torch.float64


def test_gradients_reach_input_and_weights():
    layer, x = Depthwise(4, 2), torch.rand(2, 4, 8, 8, dtype=torch.bfloat16, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        layer(x).sum().backward()
    assert x.grad.dtype == torch.bfloat16 and x.grad.abs().sum() > 0
    assert layer.weight.grad.dtype == torch.float32 and layer.weight.grad.abs().sum() > 0
