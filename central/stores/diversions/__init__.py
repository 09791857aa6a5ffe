"""Vouchers redeemed outside of the region that they were sold for: lists, and one of them."""
