"""Manual journal entries: what happened outside, entered by a person in his own words."""
