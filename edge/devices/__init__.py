"""Printers and scanners, real and simulated. Nothing in here knows what a voucher is."""
