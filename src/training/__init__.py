"""The training of a system: loop, step, validation, checkpoints."""
