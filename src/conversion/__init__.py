"""Weights of other programs as checkpoints of this one."""
