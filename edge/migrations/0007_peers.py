"""Entries of the other units of the store. Forward only; never edited once released.

``head`` is the author's signed head, kept with the entry that it proves; every row belongs to a
run that ends with one, for so they came. ``begins`` marks where the author told somebody who had
nothing to begin. ``peer_acked`` is how far the hub has each journal.
"""

STATEMENTS = (
    """
    CREATE TABLE peer_entry (
        unit TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        seq INTEGER NOT NULL CHECK (seq > 0),
        hash BLOB NOT NULL CHECK (length(hash) = 32),
        kind INTEGER,
        voucher_id INTEGER,
        amount INTEGER,
        wall_s INTEGER,
        code_step INTEGER,
        kept_at_s INTEGER NOT NULL,
        entry BLOB NOT NULL,
        head BLOB,
        PRIMARY KEY (unit, epoch, seq)
    )
    """,
    """
    CREATE INDEX peer_entry_voucher ON peer_entry (voucher_id) WHERE voucher_id IS NOT NULL
    """,
    """
    CREATE TABLE peer_acked (
        unit TEXT PRIMARY KEY,
        epoch INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        hash BLOB NOT NULL
    ) WITHOUT ROWID
    """,
)


def up(_migrator, db):
    """Create them."""
    for statement in STATEMENTS:
        db.execute_sql(statement)
