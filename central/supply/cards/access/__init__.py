"""Who sees a card key: reveals, exports, bait, and the chained log of it all."""
