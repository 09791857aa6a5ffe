"""Work that nobody waits for: by the clock, or after a commit; and what people have to know of."""
