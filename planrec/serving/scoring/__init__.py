"""Advice of a run for every subscriber of a file."""
