"""A run as one signed file, which another machine checks and pins."""
