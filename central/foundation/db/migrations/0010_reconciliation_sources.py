"""Bills of every source: how balances moved, banks' files, suppliers' statements.

What was proven of a bill of payments is carried over line by line. A file is kept once, also if it
tells of many days; an entry that its bills lack is a difference like another.

Forward only; never edited once released.
"""

OLD = ("proof", "difference", "bill_line", "bill")

TABLES = """
-- A file as it came, with every byte.
CREATE TABLE bill_file (
    id {id},
    sha256 {blob} NOT NULL UNIQUE,
    raw {blob} NOT NULL,
    taken_at_s BIGINT NOT NULL,
    taken_by TEXT NOT NULL
);

-- What a file says of one day of one account. An account may be told of in parts (WeChat Pay has
-- three); a day is whole when all of its parts are there.
CREATE TABLE bill (
    id {id},
    source TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('trade', 'flow', 'bank', 'supplier')),
    part TEXT NOT NULL,
    parts INTEGER NOT NULL CHECK (parts > 0),
    day INTEGER NOT NULL CHECK (day BETWEEN 20000101 AND 99991231),
    account TEXT NOT NULL,
    sha256 {blob} NOT NULL,
    file_id BIGINT NOT NULL REFERENCES bill_file (id),
    opening BIGINT,
    closing BIGINT,
    taken_at_s BIGINT NOT NULL,
    taken_by TEXT NOT NULL,
    UNIQUE (account, part, day),
    CONSTRAINT bill_balance CHECK ((opening IS NULL) = (closing IS NULL))
);

-- with_n: the first of the lines that prove something together.
CREATE TABLE bill_line (
    bill_id BIGINT NOT NULL REFERENCES bill (id),
    n INTEGER NOT NULL CHECK (n > 0),
    number TEXT NOT NULL,
    channel_number TEXT NOT NULL,
    refund_number TEXT NOT NULL,
    refund_channel_number TEXT NOT NULL,
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    fee_e5 BIGINT NOT NULL,
    proves TEXT CHECK (proves IN ('number', 'channel-number', 'refund-number', 'batch',
        'next-day', 'lines', 'settlement', 'by-hand')),
    with_n INTEGER,
    PRIMARY KEY (bill_id, n)
);

-- What of our books a line has proven: a kind of bill proves an entry once.
CREATE TABLE proof (
    entry_id BIGINT NOT NULL REFERENCES entry (id),
    kind TEXT NOT NULL,
    bill_id BIGINT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (entry_id, kind),
    FOREIGN KEY (bill_id, n) REFERENCES bill_line (bill_id, n)
);

-- A payment or refund whose money has reached the balance, by which bill; once. No journal if
-- all of it came to nothing.
CREATE TABLE settled (
    bill_id BIGINT NOT NULL,
    n INTEGER NOT NULL,
    flow_bill_id BIGINT NOT NULL REFERENCES bill (id),
    journal_id BIGINT REFERENCES journal (id),
    PRIMARY KEY (bill_id, n),
    FOREIGN KEY (bill_id, n) REFERENCES bill_line (bill_id, n)
);
CREATE INDEX settled_flow_bill ON settled (flow_bill_id);

-- Of a line that proves nothing, or of an entry that its bills lack. claims: numbers of the entries
-- of a line whose amount differs, with commas; they are not missing.
CREATE TABLE difference (
    id {id},
    bill_id BIGINT,
    n INTEGER,
    entry_id BIGINT REFERENCES entry (id),
    kind TEXT NOT NULL CHECK (kind IN ('not-in-books', 'amount-differs', 'duplicate', 'missing')),
    amount BIGINT NOT NULL CHECK (amount <> 0),
    claims TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL CHECK (state IN ('open', 'proven', 'resolved', 'taken-back')),
    opened_at_s BIGINT NOT NULL,
    closed_at_s BIGINT,
    closed_by TEXT,
    belongs_to TEXT,
    reason TEXT,
    found_id BIGINT REFERENCES journal (id),
    journal_id BIGINT REFERENCES journal (id),
    UNIQUE (bill_id, n),
    FOREIGN KEY (bill_id, n) REFERENCES bill_line (bill_id, n),
    CONSTRAINT difference_is_of CHECK ((bill_id IS NULL) = (n IS NULL)
        AND (bill_id IS NULL) = (entry_id IS NOT NULL)
        AND (kind = 'missing') = (entry_id IS NOT NULL)
        AND (state <> 'taken-back' OR kind = 'missing')),
    CONSTRAINT difference_ends CHECK ((state = 'open') = (closed_at_s IS NULL)
        AND (state IN ('resolved', 'taken-back')) = (journal_id IS NOT NULL))
);
CREATE INDEX difference_state ON difference (state, id);
CREATE UNIQUE INDEX difference_entry ON difference (entry_id)
    WHERE state IN ('open', 'resolved');
CREATE INDEX difference_found ON difference (found_id)
"""

COPIES = (
    "INSERT INTO bill_file (sha256, raw, taken_at_s, taken_by)"
    " SELECT sha256, raw, taken_at_s, taken_by FROM bill_0009 b"
    " WHERE id = (SELECT min(id) FROM bill_0009 o WHERE o.sha256 = b.sha256) ORDER BY id",
    "INSERT INTO bill (id, source, kind, part, parts, day, account, sha256, file_id, taken_at_s,"
    " taken_by) SELECT b.id, source, 'trade', '', 1, day, account, b.sha256, f.id, b.taken_at_s,"
    " b.taken_by FROM bill_0009 b JOIN bill_file f ON f.sha256 = b.sha256",
    "INSERT INTO bill_line (bill_id, n, number, channel_number, refund_number,"
    " refund_channel_number, amount, currency, fee_e5, proves) SELECT bill_id, n, number,"
    " channel_number, refund_number, '', amount, currency, 0, proves FROM bill_line_0009",
    "INSERT INTO proof (entry_id, kind, bill_id, n)"
    " SELECT entry_id, 'trade', bill_id, n FROM proof_0009",
    "INSERT INTO difference (id, bill_id, n, kind, amount, state, opened_at_s, closed_at_s,"
    " closed_by, belongs_to, reason, journal_id) SELECT id, bill_id, n, kind, amount, state,"
    " opened_at_s, closed_at_s, closed_by, belongs_to, reason, journal_id FROM difference_0009",
)

_LINE = (
    "bill_id", "n", "number", "channel_number", "refund_number", "refund_channel_number", "amount",
    "currency", "fee_e5",
)  # fmt: skip


def _differs(columns):
    return " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in columns)


# Each rule once: table, event, what is said, and when it is refused, in SQL that both engines read.
RULES = (
    ("bill_file", "UPDATE", "a file stays as it came", "1 = 1"),
    ("bill_file", "DELETE", "a file stays", "1 = 1"),
    ("bill", "UPDATE", "a bill stays as it came", "1 = 1"),
    ("bill", "DELETE", "a bill stays", "1 = 1"),
    (
        "bill_line", "UPDATE",
        "a line stays as it came, and proves once",
        f"OLD.proves IS NOT NULL OR {_differs(_LINE)}",
    ),
    ("bill_line", "DELETE", "a line stays", "1 = 1"),
    ("proof", "UPDATE", "a proof stays", "1 = 1"),
    ("proof", "DELETE", "a proof stays", "1 = 1"),
    ("settled", "UPDATE", "what is settled stays", "1 = 1"),
    ("settled", "DELETE", "what is settled stays", "1 = 1"),
    (
        # What was missing and has come after all is taken back; everything else ends once.
        "difference", "UPDATE",
        "a difference is ended once",
        "(OLD.state <> 'open' AND NOT (OLD.state = 'resolved' AND NEW.state = 'taken-back'))"
        f" OR {_differs(('bill_id', 'n', 'entry_id', 'opened_at_s'))}",
    ),
    ("difference", "DELETE", "a difference stays", "1 = 1"),
)  # fmt: skip


def _sqlite():
    for number, (table, event, why, when) in enumerate(RULES):
        yield (
            f"CREATE TRIGGER reconciliation_rule_{number} BEFORE {event} ON {table} WHEN {when}"
            f" BEGIN SELECT raise(ABORT, 'reconciliation: {why}'); END"
        )


def _postgres():
    for number, (table, event, why, when) in enumerate(RULES):
        yield (
            f"CREATE TRIGGER reconciliation_rule_{number} BEFORE {event} ON {table} FOR EACH ROW"
            f" WHEN ({when}) EXECUTE FUNCTION reconciliation_refuses('{why}')"
        )
    for table in sorted({rule[0] for rule in RULES}):
        yield (
            f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"
            " EXECUTE FUNCTION reconciliation_refuses('nothing is ever truncated')"
        )
    for table in ("bill", "difference"):
        # Their numbers were carried over; the next one comes after them.
        yield (
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'),"
            f" (SELECT coalesce(max(id), 0) + 1 FROM {table}), false)"
        )


def up(_migrator, db):
    """Put the old tables aside, make the new ones, carry everything over, and set the rules."""
    sqlite = db.param == "?"
    types = {
        "id": "INTEGER PRIMARY KEY" if sqlite else "BIGSERIAL PRIMARY KEY",
        "blob": "BLOB" if sqlite else "BYTEA",
    }
    db.execute_sql("DROP INDEX difference_state")
    for table in OLD:
        db.execute_sql(f"ALTER TABLE {table} RENAME TO {table}_0009")
    for statement in TABLES.format(**types).split(";\n"):
        db.execute_sql(statement)
    for statement in COPIES:
        db.execute_sql(statement)
    for table in OLD:
        db.execute_sql(f"DROP TABLE {table}_0009")
    for statement in _sqlite() if sqlite else _postgres():
        db.execute_sql(statement)
