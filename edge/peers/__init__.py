"""The other units of this store: who they are, what they have taken, and whether they agree."""
