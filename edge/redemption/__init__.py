"""A voucher is presented: read it, verify it, decide, record it, answer."""
