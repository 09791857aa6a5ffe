"""The network wing: the agents who sell, and who stands above whom."""
