"""Prices: books by level, agent and channel, floors, mark-ups, promotions, and the one quote."""
