"""Semantic Human Matting on MindSpore.

MindSpore reads its environment when it is imported, so the defaults stand here, before any import of it.
A variable that is already set stays as it is.
"""

import os

MINDSPORE_ISA = "AVX2"

# On AVX-512 processors oneDNN 3.10, as MindSpore 2.10 calls it, runs plain convolutions in its reference
# code: a 3x3 convolution of 24 to 16 channels at 320x320 took 650 ms, and 11 ms limited to AVX2 (2 cores).
os.environ.setdefault("ONEDNN_MAX_CPU_ISA", MINDSPORE_ISA)
# Errors only: MindSpore warns at every start that each absent kind of device is absent.
os.environ.setdefault("GLOG_v", "3")
