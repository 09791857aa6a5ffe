"""What others say they moved against what our books say, line by line, until nothing is open."""
