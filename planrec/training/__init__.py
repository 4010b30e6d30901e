"""One experiment: fitting, inner choices and the out-of-fold table. Start with `experiment`."""
