"""The golden weights in the PyTorch network. Print the numbers that test_networks.py stores (PyTorch needed,
MindSpore not):

    python -m tests.torch_golden
"""

import numpy as np
import torch
from torch import nn

from src.pytorch.network import SHMNet
from tests.golden_weights import golden_value, random_image, sample

_GOLDEN_NAMES = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}


@torch.no_grad()
def load_golden_weights(network: nn.Module) -> None:
    """Put the golden values into the network."""
    for prefix, layer in network.named_modules():
        names = _GOLDEN_NAMES if isinstance(layer, nn.BatchNorm2d) else {}
        for name, value in (*layer.named_parameters(recurse=False), *layer.named_buffers(recurse=False)):
            if name != "num_batches_tracked":
                golden = golden_value(f"{prefix}.{names.get(name, name)}", tuple(value.shape))
                value.copy_(torch.from_numpy(golden))


@torch.no_grad()
def predict(network: nn.Module, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Trimap logits and alpha_p in evaluation mode."""
    logits, alpha = network.eval()(torch.from_numpy(image))
    return logits.numpy(), alpha.numpy()


if __name__ == "__main__":
    network = SHMNet()
    load_golden_weights(network)
    for output in predict(network, random_image(1, 3, 64, 96)):
        print(np.array2string(sample(output, 30), separator=", ", precision=6, max_line_width=80))
