"""Importance of a model's features on held-out rows."""
