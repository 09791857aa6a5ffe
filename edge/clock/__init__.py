"""What time it is, and how sure we are of it."""
