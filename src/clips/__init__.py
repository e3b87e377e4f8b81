"""Clips for training and evaluation: frames with true alpha, read from disk or made from stills."""
