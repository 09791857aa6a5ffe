"""Bills as they came, what each line proves, and what differs.

Forward only; never edited once released.
"""

TABLES = """
-- A bill as it came, with every byte. The same day is taken once.
CREATE TABLE bill (
    id {id},
    source TEXT NOT NULL,
    day INTEGER NOT NULL CHECK (day BETWEEN 20000101 AND 99991231),
    account TEXT NOT NULL,
    sha256 {blob} NOT NULL,
    raw {blob} NOT NULL,
    taken_at_s BIGINT NOT NULL,
    taken_by TEXT NOT NULL,
    UNIQUE (account, day)
);

CREATE TABLE bill_line (
    bill_id BIGINT NOT NULL REFERENCES bill (id),
    n INTEGER NOT NULL CHECK (n > 0),
    number TEXT NOT NULL,
    channel_number TEXT NOT NULL,
    refund_number TEXT NOT NULL,
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    proves TEXT CHECK (proves IN ('number', 'channel-number', 'refund-number', 'batch',
        'next-day')),
    PRIMARY KEY (bill_id, n)
);

-- What of our books a line has proven: an entry is proven once.
CREATE TABLE proof (
    entry_id BIGINT PRIMARY KEY REFERENCES entry (id),
    bill_id BIGINT NOT NULL,
    n INTEGER NOT NULL,
    FOREIGN KEY (bill_id, n) REFERENCES bill_line (bill_id, n)
);

CREATE TABLE difference (
    id {id},
    bill_id BIGINT NOT NULL,
    n INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('not-in-books', 'amount-differs', 'duplicate')),
    amount BIGINT NOT NULL CHECK (amount <> 0),
    state TEXT NOT NULL CHECK (state IN ('open', 'proven', 'resolved')),
    opened_at_s BIGINT NOT NULL,
    closed_at_s BIGINT,
    closed_by TEXT,
    belongs_to TEXT,
    reason TEXT,
    journal_id BIGINT REFERENCES journal (id),
    UNIQUE (bill_id, n),
    FOREIGN KEY (bill_id, n) REFERENCES bill_line (bill_id, n),
    CONSTRAINT difference_ends CHECK ((state = 'open') = (closed_at_s IS NULL)
        AND (state = 'resolved') = (journal_id IS NOT NULL))
);
CREATE INDEX difference_state ON difference (state, id)
"""

_LINE = ("bill_id", "n", "number", "channel_number", "refund_number", "amount", "currency")


def _differs(columns):
    return " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in columns)


# Each rule once: table, event, what is said, and when it is refused, in SQL that both engines read.
RULES = (
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
    (
        "difference", "UPDATE",
        "a difference is ended once",
        f"OLD.state <> 'open' OR {_differs(('bill_id', 'n', 'opened_at_s'))}",
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
    yield (
        "CREATE FUNCTION reconciliation_refuses() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'reconciliation: %%', TG_ARGV[0] USING ERRCODE = 'check_violation'; END"
        " $$"
    )
    for number, (table, event, why, when) in enumerate(RULES):
        yield (
            f"CREATE TRIGGER reconciliation_rule_{number} BEFORE {event} ON {table} FOR EACH ROW"
            f" WHEN ({when}) EXECUTE FUNCTION reconciliation_refuses('{why}')"
        )
    for table in sorted({rule[0] for rule in RULES}):
        # TRUNCATE would go past the row triggers.
        yield (
            f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"
            " EXECUTE FUNCTION reconciliation_refuses('nothing is ever truncated')"
        )


def up(_migrator, db):
    """Create tables and rules."""
    sqlite = db.param == "?"
    types = {
        "id": "INTEGER PRIMARY KEY" if sqlite else "BIGSERIAL PRIMARY KEY",
        "blob": "BLOB" if sqlite else "BYTEA",
    }
    for statement in TABLES.format(**types).split(";\n"):
        db.execute_sql(statement)
    for statement in _sqlite() if sqlite else _postgres():
        db.execute_sql(statement)
