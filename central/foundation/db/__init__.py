"""The database: which engine, one kind of transaction, migrations."""
