"""The money wing: what was earned, owed and paid."""
