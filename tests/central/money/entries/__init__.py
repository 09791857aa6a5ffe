"""Manual journal entries."""
