"""A run in use: the pin, new plans, the decision log, replay, scoring."""
