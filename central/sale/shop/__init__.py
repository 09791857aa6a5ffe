"""The shop: what buyers see. A guest's order is shown by its link, its goods by its code too."""
