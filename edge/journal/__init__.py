"""What this unit did: the journal, its anchor outside the database, and what follows from both."""
