"""Conversion of weights from other programs."""
