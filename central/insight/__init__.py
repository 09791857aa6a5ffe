"""What can be said of the whole hub, seen from above all its wings."""
