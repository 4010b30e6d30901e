"""Operation of pinned runs: promotions, checks after them, rollbacks, and their evidence."""
