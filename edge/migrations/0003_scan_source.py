"""Which scanner a scan came from. Forward only; never edited once released.

A note beside the entry, not part of the chain: the hub does not ask for it, and the name of a
scanner may change. NULL for what was recorded before.
"""


def up(_migrator, db):
    """Add the column."""
    db.execute_sql("ALTER TABLE journal ADD COLUMN source TEXT")
