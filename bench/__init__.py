"""Benchmarks: each prints figures and, last, one line of JSON."""
