"""What every page and API route of the unit shares: language, problems, who may do what."""
