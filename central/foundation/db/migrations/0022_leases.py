"""Leases: value that is lent to one unit, and the rule that nothing is promised twice.

Forward only; never edited once released.
"""

TABLES = """
-- ``given_n``, ``recalled_n`` and ``closed_n`` are numbers of the feed: from then on the unit's
-- next pull tells it. A lease is open until the unit has told all that it did on it.
CREATE TABLE lease (
    id {blob} PRIMARY KEY,
    unit_id TEXT NOT NULL,
    voucher_id BIGINT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    given_by TEXT NOT NULL,
    given_at_s BIGINT NOT NULL,
    expires_at_s BIGINT NOT NULL CHECK (expires_at_s > given_at_s),
    given_n BIGINT NOT NULL,
    recalled_n BIGINT,
    recalled_by TEXT,
    closed_at_s BIGINT,
    closed_n BIGINT,
    closed_how TEXT CHECK (closed_how IN ('returned', 'written-off')),
    closed_by TEXT,
    reason TEXT,
    CONSTRAINT lease_closed CHECK ((closed_at_s IS NULL) = (closed_how IS NULL)),
    CONSTRAINT lease_written_off CHECK (closed_how IS NULL OR closed_how <> 'written-off'
        OR (reason IS NOT NULL AND closed_by IS NOT NULL))
);
CREATE INDEX lease_voucher ON lease (voucher_id);
CREATE INDEX lease_unit ON lease (unit_id);
CREATE INDEX redemption_entry_evidence ON redemption_entry (evidence) WHERE evidence IS NOT NULL
"""

# What is promised of a voucher: reservations, open leases in full, and what was covered without
# one of these leases. With something new it must still fit into the voucher.
PROMISED = (
    "NEW.amount"
    " + (SELECT coalesce(sum(amount), 0) FROM reservation WHERE voucher_id = NEW.voucher_id)"
    " + (SELECT coalesce(sum(amount), 0) FROM lease"
    " WHERE voucher_id = NEW.voucher_id AND closed_at_s IS NULL)"
    " + (SELECT coalesce(sum(e.covered), 0) FROM redemption_entry e"
    " WHERE e.voucher_id = NEW.voucher_id AND NOT EXISTS (SELECT 1 FROM lease l"
    " WHERE l.id = e.evidence AND l.closed_at_s IS NULL))"
)
TOO_MUCH = (
    f"{PROMISED} > (SELECT coalesce(max(capacity), 0) FROM voucher WHERE id = NEW.voucher_id)"
)
WHY = "more is promised than the voucher holds"

RULES = (
    ("DELETE", "a lease stays", "1 = 1"),
    (
        "UPDATE", "a lease stays what it is, and ends once",
        "OLD.closed_at_s IS NOT NULL OR OLD.id <> NEW.id OR OLD.unit_id <> NEW.unit_id"
        " OR OLD.voucher_id <> NEW.voucher_id OR OLD.amount <> NEW.amount"
        " OR OLD.expires_at_s <> NEW.expires_at_s OR OLD.given_n <> NEW.given_n",
    ),
)  # fmt: skip


def _sqlite():
    for number, (event, why, when) in enumerate(RULES):
        yield (
            f"CREATE TRIGGER lease_rule_{number} BEFORE {event} ON lease WHEN {when}"
            f" BEGIN SELECT raise(ABORT, 'leases: {why}'); END"
        )
    for table in ("lease", "reservation"):
        yield (
            f"CREATE TRIGGER {table}_promised BEFORE INSERT ON {table} WHEN {TOO_MUCH}"
            f" BEGIN SELECT raise(ABORT, 'leases: {WHY}'); END"
        )


def _postgres():
    yield (
        "CREATE FUNCTION leases_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'leases: %%', TG_ARGV[0] USING ERRCODE = 'check_violation'; END $$"
    )
    for number, (event, why, when) in enumerate(RULES):
        yield (
            f"CREATE TRIGGER lease_rule_{number} BEFORE {event} ON lease FOR EACH ROW"
            f" WHEN ({when}) EXECUTE FUNCTION leases_refuse('{why}')"
        )
    yield (
        "CREATE FUNCTION promised_fits() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF {TOO_MUCH} THEN RAISE EXCEPTION 'leases: {WHY}'"
        " USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$"
    )
    for table in ("lease", "reservation"):
        yield (
            f"CREATE TRIGGER {table}_promised BEFORE INSERT ON {table} FOR EACH ROW"
            " EXECUTE FUNCTION promised_fits()"
        )


def up(_migrator, db):
    """Create tables and rules."""
    sqlite = db.param == "?"
    for statement in TABLES.format(blob="BLOB" if sqlite else "BYTEA").split(";\n"):
        db.execute_sql(statement)
    for statement in _sqlite() if sqlite else _postgres():
        db.execute_sql(statement)
