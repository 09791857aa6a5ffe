"""Bytes from outside, altered in every way: each parser answers or refuses, and nothing else."""
