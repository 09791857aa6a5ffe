"""The supply wing: what can be sold."""
