"""The state of a server for its operator."""
