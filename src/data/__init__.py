"""Pairs of photo and alpha: on disk, and as training samples."""
