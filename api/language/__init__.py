"""The language that a client asks for, and the texts of problems in it."""
