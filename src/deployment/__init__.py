"""Exported models, and the files around the C++ runner."""
