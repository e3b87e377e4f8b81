"""Edits MINDIR files: their graph, and ways to make it faster for the C++ runner on CPUs."""
