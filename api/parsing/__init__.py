"""Request bodies: bytes to checked requests."""
