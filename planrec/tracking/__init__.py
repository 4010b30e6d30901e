"""Copies of finished runs in MLflow; the run folder is the truth, and nothing is read back from there."""
