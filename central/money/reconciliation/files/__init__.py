"""Files that people upload: a bank's list of movements, a supplier's statement."""
