"""Rendered people in all poses, with exact alpha."""
