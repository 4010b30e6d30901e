"""Campaigns: whom to contact with the advice of a scored file, and the money that this moves."""
