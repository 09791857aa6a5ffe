"""Products, as far as a voucher needs them."""
