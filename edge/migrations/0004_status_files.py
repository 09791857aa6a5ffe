"""Status bitmaps become files beside the database. Forward only; never edited once released.

``status_shard`` stays for what a unit held before; it is emptied at the first start.
"""


def up(_migrator, db):
    """Create the table: which file holds the bitmap of a shard."""
    db.execute_sql(
        """
        CREATE TABLE status_file (
            shard INTEGER PRIMARY KEY,
            version INTEGER NOT NULL,
            digest BLOB NOT NULL CHECK (length(digest) = 32)
        )
        """
    )
