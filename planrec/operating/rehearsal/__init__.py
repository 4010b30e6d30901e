"""The rehearsal: a year in the life of a simulated operator, with operations on and off."""
