"""Engines run networks: checkpoints, MINDIR and ONNX files, in MindSpore, ONNX Runtime or the C++ runner."""
