"""The network in PyTorch: a reference implementation for tests, and a faster trainer on some machines."""
