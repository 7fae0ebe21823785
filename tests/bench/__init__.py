"""Benchmarks: ``make bench``, or ``python -m tests.bench [PART ...]``.

Each part runs in a process of its own, on a private MariaDB and a home of its own, and compares its figures with
something measured in the same run. Figures are medians of repeated runs; machines are noisy, so look at the ratios.
"""
