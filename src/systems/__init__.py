"""Matting systems: their networks, phases, losses and scores."""
