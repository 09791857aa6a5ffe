"""Stores and their units: how a unit becomes known, what it may know, what became of it."""
