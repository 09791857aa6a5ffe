"""Key papers: papers beside the receipt. Forward only; never edited once released.

The table is made anew, because an entry may have several papers now: number 0 is its receipt.
``body`` is what a key paper says, sealed to this unit, and is wiped once it is out; a receipt has
none, it is made from the journal each time.
"""

STATEMENTS = (
    """
    CREATE TABLE print_job_new (
        id INTEGER PRIMARY KEY,
        epoch INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        key_paper INTEGER NOT NULL DEFAULT 0 CHECK (key_paper >= 0),
        copy INTEGER NOT NULL DEFAULT 0,
        state TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        boot BLOB,
        error TEXT NOT NULL DEFAULT '',
        body BLOB CHECK (body IS NULL OR key_paper > 0),
        request BLOB CHECK (request IS NULL OR length(request) = 16),
        UNIQUE (epoch, seq, key_paper, copy),
        FOREIGN KEY (epoch, seq) REFERENCES journal (epoch, seq)
    )
    """,
    """
    INSERT INTO print_job_new (id, epoch, seq, copy, state, attempts, boot, error)
    SELECT id, epoch, seq, copy, state, attempts, boot, error FROM print_job
    """,
    "DROP TABLE print_job",
    "ALTER TABLE print_job_new RENAME TO print_job",
    # Who asks for a key paper again with the same key must not get a second one.
    "CREATE UNIQUE INDEX print_job_request ON print_job (request) WHERE request IS NOT NULL",
    """
    CREATE INDEX print_job_owed ON print_job (state, id)
    WHERE state IN ('queued', 'sending', 'uncertain', 'needs-operator')
    """,
)


def up(_migrator, db):
    """Move the papers over."""
    for statement in STATEMENTS:
        db.execute_sql(statement)
