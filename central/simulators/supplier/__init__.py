"""Plays suppliers with pretend goods: several shops of several protocols in one process.

Strict about signatures and fields, with books of its own, and it misbehaves when it is told to. It
shares nothing with the hub that buys from it, so that the two cannot agree on a mistake.
"""
