"""A complete plug-in: `planrec train model=acme_shares` works once it is installed."""
