"""The shop: what buyers see. No login; an order is shown by its link, its goods by its code too."""
