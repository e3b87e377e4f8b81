"""Around the C++ runner: photos to its input files, its output files to mattes and metrics."""
