"""The cells of a sweep: composed and checked, addressed, run a few at a time, told."""
