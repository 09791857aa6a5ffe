"""What every page and API route of the hub shares: who may do what, problems, language."""
