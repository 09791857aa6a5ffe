"""Headquarters gives back part or all of what a till has taken."""
