"""Benchmarks: each prints ratios or percentiles beside their budgets. Run with `python -m benchmarks`."""
