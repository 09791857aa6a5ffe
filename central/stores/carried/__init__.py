"""Units without a network: what a person carries to them and back, as files."""
