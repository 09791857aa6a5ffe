"""Customers of the shop: accounts without a password, their orders, and their balance."""
