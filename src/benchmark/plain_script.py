"""What one writes in an afternoon: the network once per photo, alpha enlarged bilinearly, one after another.

    python -m src.benchmark.plain_script onnx OUTPUT PHOTO

No mirror image, bars, guided filter or estimated foreground colours, and no care for unusual files.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import yaml

_MODEL = Path(__file__).resolve().parents[2] / "pretrained" / "shm_portrait.onnx"
_MEAN = (114, 121, 134)
_SIZE = yaml.safe_load(_MODEL.with_suffix(".ckpt.yaml").read_text())["size"]

Network = Callable[[np.ndarray], np.ndarray]  # image (1, 3, S, S) to alpha (S, S), float32


def open_network(runtime: str) -> Network:
    """Open the shipped network in ONNX Runtime, or build it in PyTorch: weights do not change its time."""
    if runtime == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(str(_MODEL), providers=["CPUExecutionProvider"])
        name, alpha = session.get_inputs()[0].name, session.get_outputs()[-1].name
        return lambda image: session.run([alpha], {name: image})[0][0, 0]
    import torch

    from src.pytorch.network import SHMNet

    network = SHMNet().eval().to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def run(image: np.ndarray) -> np.ndarray:
        return network(torch.from_numpy(image))[1][0, 0].numpy()

    return run


def matte(network: Network, photo: np.ndarray) -> np.ndarray:
    """Photo BGR (H, W, 3) uint8 to alpha (H, W) uint8."""
    image = (cv2.resize(photo, (_SIZE, _SIZE)) - np.float32(_MEAN)) / np.float32(255)
    alpha = network(np.ascontiguousarray(image.transpose(2, 0, 1)[np.newaxis]))
    return np.uint8(np.clip(cv2.resize(alpha, photo.shape[1::-1]), 0, 1) * 255 + 0.5)


def matte_photo(network: Network, file: str | Path, output: str) -> None:
    """Write a photo's alpha and cutout."""
    photo = cv2.imread(str(file))
    alpha = matte(network, photo)
    cv2.imwrite(f"{output}/{Path(file).stem}_alpha.png", alpha)
    cv2.imwrite(f"{output}/{Path(file).stem}_cutout.png", np.dstack((photo, alpha)))


def matte_folder(network: Network, photos: str, output: str) -> None:
    """Write the alphas and cutouts of a folder's photos."""
    for file in sorted(Path(photos).iterdir()):
        matte_photo(network, file, output)


def matte_video(network: Network, file: str, output: str) -> None:
    """Write a video's alpha and its composite on white."""
    capture = cv2.VideoCapture(file)
    shape = tuple(int(capture.get(side)) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    kind, rate = cv2.VideoWriter.fourcc(*"mp4v"), capture.get(cv2.CAP_PROP_FPS)
    alphas = cv2.VideoWriter(f"{output}/alpha.mp4", kind, rate, shape, False)
    composites = cv2.VideoWriter(f"{output}/composite.mp4", kind, rate, shape)
    while (read := capture.read())[0]:
        alpha = matte(network, read[1])
        weight = alpha[..., np.newaxis] / np.float32(255)
        alphas.write(alpha)
        composites.write(np.uint8(read[1] * weight + 255 * (1 - weight)))
    for each in (capture, alphas, composites):
        each.release()


if __name__ == "__main__":
    matte_photo(open_network(sys.argv[1]), sys.argv[3], sys.argv[2])
