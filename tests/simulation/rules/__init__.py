"""What must hold, and who watches it."""
