"""The network in PyTorch: the reference for its numbers, and a trainer where MindSpore is slow."""
