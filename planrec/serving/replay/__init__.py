"""A logged answer computed again, and the parts that it was made of."""
