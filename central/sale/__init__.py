"""Sale: orders from the quote to the last refund, delivery, and what comes after it."""
