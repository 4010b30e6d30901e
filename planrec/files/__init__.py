"""Files: atomic writes, JSON, YAML, walking folders, resolving input paths."""
