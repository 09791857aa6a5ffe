"""A bank's counter: it takes tables of payouts, and gives tables of what became of them."""
