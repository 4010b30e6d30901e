"""Sweeps: cells are composed and checked first, then run a few at a time, and reported."""
