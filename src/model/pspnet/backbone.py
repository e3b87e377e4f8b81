"""The backbone: ResNet-50, whose last two stages are dilated instead of halving the map."""

from mindspore import Tensor

from src.model.backbones.resnet import ResNet, Stage

IN_CHANNELS = 3
STAGES = (
    Stage(blocks=3, width=64, stride=1),
    Stage(blocks=4, width=128, stride=2),
    Stage(blocks=6, width=256, stride=1, dilation=2),
    Stage(blocks=3, width=512, stride=1, dilation=4),
)
_PUBLISHED = {
    "stem.conv.": "conv1.",
    "stem.bn.": "bn1.",
    "shortcut.conv.": "downsample.0.",
    "shortcut.bn.": "downsample.1.",
    **{f"stage{number}.": f"layer{number}." for number in range(1, 5)},
}


class Features(ResNet):
    """Maps x (N, 3, H, W) to the features of the third and the fourth stage, both at 1/8 of the size."""

    def __init__(self):
        super().__init__(IN_CHANNELS, STAGES)

    def construct(self, x: Tensor) -> tuple[Tensor, Tensor]:
        *_, third, fourth = super().construct(x)
        return third, fourth


def published_name(name: str) -> str:
    """The name that PSPNet gives to a parameter of a residual network; other names stay as they are."""
    for ours, published in _PUBLISHED.items():
        name = name.replace(ours, published)
    return name
