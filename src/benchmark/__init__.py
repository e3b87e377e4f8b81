"""The workloads, measurements and results of scripts/benchmark.py."""
