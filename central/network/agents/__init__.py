"""Agents: who they are, of which level, under whom, and since when."""
