"""What of payments and movements belongs together, and what a bill of movements settles of it."""
