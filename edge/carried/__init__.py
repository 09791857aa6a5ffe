"""What a person carries: the hub's bundles in, the journal out, for a unit without a network."""
