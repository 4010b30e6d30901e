"""Model card and data card, in Markdown."""
