"""Which features a run's model looks at, on rows that it never saw."""
