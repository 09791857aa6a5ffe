"""Vouchers: issued, suspended, revoked, and what the units are told of it."""
