"""Shared by all parts of the program: files, errors, devices, processes and signals."""
