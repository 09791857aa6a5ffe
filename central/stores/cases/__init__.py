"""Double redemptions as a person decides them: evidence, a suggestion, and who bears it."""
