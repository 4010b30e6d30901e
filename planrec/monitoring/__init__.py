"""Running advice, observed: the outcomes that came, and the metrics of what was really advised."""
