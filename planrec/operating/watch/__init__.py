"""The check of a promotion in production, and the rollback if it fails."""
