"""Runs and sweeps below a folder as lists show them: read once, and again when they change."""
