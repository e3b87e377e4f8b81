"""Procedural half-body portraits with exact alpha."""
