"""Answers to requests: the API sends them, the decision log stores them, and a replay computes them again."""
