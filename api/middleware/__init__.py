"""ASGI middleware around the whole app."""
