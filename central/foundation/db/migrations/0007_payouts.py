"""Payouts: who may be paid, what was asked for, and all that became of it.

Forward only; never edited once released.
"""

TABLES = """
-- Where the money of an account of the ledger goes: one row a party.
CREATE TABLE payee (
    account TEXT PRIMARY KEY,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    kind TEXT NOT NULL DEFAULT '',
    bank TEXT NOT NULL DEFAULT '',
    authorization_id TEXT NOT NULL DEFAULT '',
    active {bool} NOT NULL,
    changed_at_s BIGINT NOT NULL
);

-- One row per payout. ``no`` is its number at the channel: there before the first call, and the
-- same in every one. The payee is copied, so that a change of him is no change of it.
CREATE TABLE payout (
    no TEXT PRIMARY KEY CHECK (length(no) BETWEEN 6 AND 32),
    account TEXT NOT NULL,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    bank TEXT NOT NULL,
    authorization_id TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    tax BIGINT NOT NULL CHECK (tax >= 0),
    currency TEXT NOT NULL,
    remark TEXT NOT NULL,
    day INTEGER NOT NULL,
    hold_id BIGINT NOT NULL UNIQUE REFERENCES journal (id),
    state TEXT NOT NULL CHECK (state IN ('waiting', 'ready', 'sent', 'confirming', 'cancelling',
        'parked', 'paid', 'failed', 'cancelled')),
    requested_at_s BIGINT NOT NULL,
    requested_by TEXT NOT NULL,
    released_by TEXT,
    attempts INTEGER NOT NULL,
    first_sent_at_s BIGINT,
    next_at_s BIGINT NOT NULL,
    lease TEXT,
    lease_until_s BIGINT NOT NULL,
    last_code TEXT NOT NULL,
    channel_number TEXT NOT NULL,
    package_info TEXT NOT NULL,
    confirm_until_s BIGINT,
    done_at_s BIGINT,
    journal_id BIGINT UNIQUE REFERENCES journal (id),
    CONSTRAINT payout_tax CHECK (tax < amount),
    CONSTRAINT payout_two_persons CHECK (released_by IS NULL OR released_by <> requested_by),
    -- What has ended has its journal: of the money that went, or of the hold given back.
    CONSTRAINT payout_end CHECK (
        (state IN ('paid', 'failed', 'cancelled')) = (journal_id IS NOT NULL))
);
CREATE INDEX payout_due ON payout (next_at_s)
    WHERE state IN ('ready', 'sent', 'confirming', 'cancelling');
CREATE INDEX payout_account ON payout (account, day);
CREATE INDEX payout_sent ON payout (first_sent_at_s);

-- What happened to a payout, in order. Never changed.
CREATE TABLE payout_event (
    id {id},
    no TEXT NOT NULL REFERENCES payout (no),
    at_s BIGINT NOT NULL,
    event TEXT NOT NULL,
    state TEXT NOT NULL,
    who TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX payout_event_no ON payout_event (no, id);

-- The limits in force are the newest row.
CREATE TABLE payout_limits (
    id {id},
    at_s BIGINT NOT NULL,
    who TEXT NOT NULL,
    body TEXT NOT NULL
)
"""

FROZEN = (
    ("payout_event", "UPDATE"),
    ("payout_event", "DELETE"),
    ("payout_limits", "UPDATE"),
    ("payout_limits", "DELETE"),
    ("payout", "DELETE"),
)

# What was asked for is asked for again and again, word for word.
SAME = (
    "OLD.no <> NEW.no OR OLD.account <> NEW.account OR OLD.channel <> NEW.channel"
    " OR OLD.address <> NEW.address OR OLD.name <> NEW.name OR OLD.amount <> NEW.amount"
    " OR OLD.currency <> NEW.currency OR OLD.tax <> NEW.tax OR OLD.remark <> NEW.remark"
    " OR OLD.hold_id <> NEW.hold_id OR OLD.kind <> NEW.kind OR OLD.bank <> NEW.bank"
    " OR OLD.authorization_id <> NEW.authorization_id"
    " OR OLD.state IN ('paid', 'failed', 'cancelled')"
)


def _triggers():
    for table, event in FROZEN:
        yield f"{table}_{event.lower()}_frozen", table, event, ""
    yield "payout_stays_what_it_is", "payout", "UPDATE", SAME


def up(_migrator, db):
    """Create them."""
    sqlite = db.param == "?"
    types = {
        "id": "INTEGER PRIMARY KEY" if sqlite else "BIGSERIAL PRIMARY KEY",
        "bool": "INTEGER" if sqlite else "BOOLEAN",
    }
    for statement in TABLES.format(**types).split(";\n"):
        db.execute_sql(statement)
    for name, table, event, when in _triggers():
        clause = f"WHEN ({when})" if when else ""
        if sqlite:
            db.execute_sql(
                f"CREATE TRIGGER {name} BEFORE {event} ON {table} {clause}"
                f" BEGIN SELECT raise(ABORT, 'a payout stays what it is'); END"
            )
            continue
        db.execute_sql(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION 'a payout stays what it is' USING ERRCODE = 'check_violation';"
            " END $$"
        )
        db.execute_sql(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW {clause}"
            f" EXECUTE FUNCTION {name}()"
        )
