"""Answers: what a subscriber is told. The API gives them, the log keeps them, a replay repeats them."""
