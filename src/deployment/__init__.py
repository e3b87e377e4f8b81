"""Export of models, and the input and output files of the C++ runner."""
