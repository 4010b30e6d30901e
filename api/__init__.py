"""The HTTP API: serves the pinned run, never trains."""
