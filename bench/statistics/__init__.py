"""Simulated years: how often the figures cry wolf, and how soon they see what is there."""
