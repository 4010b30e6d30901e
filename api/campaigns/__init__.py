"""Campaigns as jobs: uploaded files that a process of its own scores, while the server answers others."""
