"""Commands of ``tearoff-unit`` that are more than a few lines; ``edge.cli`` puts them together."""
