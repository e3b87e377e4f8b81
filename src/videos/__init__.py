"""Video files: which files are videos, reading, writing, sound."""
