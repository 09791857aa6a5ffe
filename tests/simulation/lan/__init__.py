"""The tills of one store among themselves, in virtual time: cables, nodes, and people at once."""
