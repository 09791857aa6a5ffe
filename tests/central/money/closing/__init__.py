"""Ends days and months."""
