"""Column names with units, the tables that cross module borders, and the outputs of models and policies.

Start with `columns`, then `tables` and `predictions`.
"""
