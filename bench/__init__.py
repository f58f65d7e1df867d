"""Benchmarks, as ratios against bare floors in the same run, and the long replay over real leads."""
