"""The unit's first tables. Forward only; never edited once released."""

STATEMENTS = (
    # One row per entry. `entry` is what is hashed, signed and sent; the columns before it are
    # read out of it once, so that a scan is answered from an index. The columns after it are
    # notes of this unit for its receipts; they are not part of the chain. Not WITHOUT ROWID: a row
    # is longer than what an index page keeps of one, so each would take an overflow page more.
    """
    CREATE TABLE journal (
        epoch INTEGER NOT NULL,
        seq INTEGER NOT NULL CHECK (seq > 0),
        hash BLOB NOT NULL CHECK (length(hash) = 32),
        kind INTEGER NOT NULL,
        voucher_id INTEGER,
        amount INTEGER,
        wall_s INTEGER NOT NULL,
        mode INTEGER,
        code_step INTEGER,
        reason TEXT,
        request BLOB,
        entry BLOB NOT NULL,
        request_hash BLOB,
        product INTEGER,
        worth_minor INTEGER,
        remaining INTEGER,
        PRIMARY KEY (epoch, seq)
    )
    """,
    """
    CREATE INDEX journal_voucher ON journal (voucher_id, epoch, seq)
    WHERE voucher_id IS NOT NULL
    """,
    "CREATE UNIQUE INDEX journal_request ON journal (request) WHERE request IS NOT NULL",
    "CREATE INDEX journal_reason ON journal (reason, wall_s) WHERE reason IS NOT NULL",
    # The journal only grows. A slip in the code must not be able to rewrite what happened.
    """
    CREATE TRIGGER journal_is_never_changed BEFORE UPDATE ON journal
    BEGIN SELECT raise(ABORT, 'the journal is never changed'); END
    """,
    """
    CREATE TRIGGER journal_is_never_cut BEFORE DELETE ON journal
    BEGIN SELECT raise(ABORT, 'the journal is never cut'); END
    """,
    # Small facts that have one value: how far the hub has us, where the next pull begins.
    "CREATE TABLE note (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
    # The hub's signed messages as they came, newest of each kind.
    """
    CREATE TABLE bundle (
        kind TEXT PRIMARY KEY,
        version INTEGER NOT NULL,
        message BLOB NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE status_shard (
        shard INTEGER PRIMARY KEY,
        version INTEGER NOT NULL,
        bitmap BLOB NOT NULL CHECK (length(bitmap) = 32768)
    )
    """,
    # What short codes stand for, by status index.
    """
    CREATE TABLE handle (
        status_index INTEGER PRIMARY KEY,
        voucher_id INTEGER NOT NULL,
        product INTEGER NOT NULL,
        value INTEGER NOT NULL,
        scope INTEGER NOT NULL,
        not_before_day INTEGER NOT NULL,
        expires_day INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        dynamic_required INTEGER NOT NULL,
        online_only INTEGER NOT NULL
    )
    """,
    # One row per paper owed. Committed together with its entry, so that there is never a
    # receipt without a redemption nor the reverse.
    """
    CREATE TABLE print_job (
        id INTEGER PRIMARY KEY,
        epoch INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        copy INTEGER NOT NULL DEFAULT 0,
        state TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        boot BLOB,
        error TEXT NOT NULL DEFAULT '',
        UNIQUE (epoch, seq, copy),
        FOREIGN KEY (epoch, seq) REFERENCES journal (epoch, seq)
    )
    """,
    """
    CREATE INDEX print_job_owed ON print_job (state, id)
    WHERE state IN ('queued', 'sending', 'uncertain')
    """,
    """
    CREATE TABLE clerk (
        name TEXT PRIMARY KEY,
        pin_salt BLOB NOT NULL,
        pin_hash BLOB NOT NULL
    ) WITHOUT ROWID
    """,
)


def up(_migrator, db):
    """Create them."""
    for statement in STATEMENTS:
        db.execute_sql(statement)
