"""Payouts that a person carries to the bank as a file, and the bank's answer to it."""
