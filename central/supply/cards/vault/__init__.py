"""Keeps card keys encrypted: which keys there are, what they seal, and their rotation."""
