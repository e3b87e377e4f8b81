"""NV21 by OpenCV, which cannot write it: I420, interleaved."""

import cv2
import numpy as np


def to_nv21(rgb: np.ndarray) -> np.ndarray:
    """RGB (H, W, 3) uint8 to NV21 (3 H / 2, W) uint8, of even sizes."""
    height, width = rgb.shape[:2]
    planes = cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420).ravel()
    luma, u, v = np.split(planes, [height * width, height * width * 5 // 4])
    return np.concatenate([luma, np.stack([v, u], axis=1).ravel()]).reshape(-1, width)


def to_rgb(nv21: np.ndarray) -> np.ndarray:
    """NV21 (3 H / 2, W) uint8 to RGB (H, W, 3) uint8."""
    return cv2.cvtColor(nv21, cv2.COLOR_YUV2RGB_NV21)
