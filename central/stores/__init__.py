"""The stores' wing: keys, vouchers, units and what they did."""
