"""PSPNet: background, person and the unsure rim between them, from a photo."""
