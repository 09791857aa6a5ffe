"""A statement to take away: table, sheet, paper, and the text that its hash is of."""
