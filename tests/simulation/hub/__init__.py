"""The hub: its rules in memory."""
