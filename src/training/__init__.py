"""Training of a system: loop, step, validation, checkpoints."""
