"""The protocols of the shops: verify strictly, do it, answer as the real ones do."""
