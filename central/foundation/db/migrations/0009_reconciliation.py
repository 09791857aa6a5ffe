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
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    sha256 {blob} NOT NULL,
    raw {blob} NOT NULL,
    total BIGINT NOT NULL,
    fee_e5 BIGINT NOT NULL,
    taken_at_s BIGINT NOT NULL,
    taken_by TEXT NOT NULL,
    UNIQUE (source, day, account)
);

CREATE TABLE bill_line (
    bill_id BIGINT NOT NULL REFERENCES bill (id),
    n INTEGER NOT NULL CHECK (n > 0),
    at_s BIGINT NOT NULL,
    number TEXT NOT NULL,
    channel_number TEXT NOT NULL,
    refund_number TEXT NOT NULL,
    amount BIGINT NOT NULL,
    proves TEXT CHECK (proves IN ('number', 'channel-number', 'refund-number', 'batch',
        'next-day')),
    PRIMARY KEY (bill_id, n)
);

-- What of our books a line has proven: an entry is proven once.
CREATE TABLE proof (
    entry_id BIGINT PRIMARY KEY,
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
    entry_id BIGINT,
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


def up(_migrator, db):
    """Create the tables."""
    sqlite = db.param == "?"
    types = {
        "id": "INTEGER PRIMARY KEY" if sqlite else "BIGSERIAL PRIMARY KEY",
        "blob": "BLOB" if sqlite else "BYTEA",
    }
    for statement in TABLES.format(**types).split(";\n"):
        db.execute_sql(statement)
