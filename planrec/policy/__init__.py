"""Policies: how predictions become decisions."""

from planrec.policy.most_probable import MostProbable

PolicyConfig = MostProbable

__all__ = ["MostProbable", "PolicyConfig"]
