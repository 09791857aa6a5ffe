"""Requests that were a second scan for the same basket. Forward only; never edited once released.

One row per request that was answered with the entry of an earlier one; its key must give the
same answer for ever, and the journal knows only the key of the first.
"""


def up(_migrator, db):
    """Create the table."""
    db.execute_sql(
        """
        CREATE TABLE second_scan (
            request BLOB PRIMARY KEY CHECK (length(request) = 16),
            request_hash BLOB NOT NULL,
            epoch INTEGER NOT NULL,
            seq INTEGER NOT NULL,
            FOREIGN KEY (epoch, seq) REFERENCES journal (epoch, seq)
        ) WITHOUT ROWID
        """
    )
