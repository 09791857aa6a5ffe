"""What the units did: received, resolved, posted, and shown where it does not fit together."""
