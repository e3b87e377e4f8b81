"""Semantic Human Matting on MindSpore."""
