"""Grants by phone, and evidence for what an entry says stood behind it.

Forward only; never edited once released.
"""

TABLES = """
-- What was given to a phone for one sale of one unit; ``digest`` is that of the grant.
CREATE TABLE grant_given (
    unit_id TEXT NOT NULL,
    request {blob} NOT NULL,
    voucher_id BIGINT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    digest {blob} NOT NULL,
    given_at_s BIGINT NOT NULL,
    expires_at_s BIGINT NOT NULL,
    remaining BIGINT NOT NULL CHECK (remaining >= 0),
    PRIMARY KEY (unit_id, request)
);
CREATE INDEX grant_given_voucher ON grant_given (voucher_id);

-- What an entry bears so that its mode can be held against it.
ALTER TABLE redemption_entry ADD COLUMN evidence {blob}
"""

RULES = (
    ("grant_given", "UPDATE", "what was given stays", "1 = 1"),
    ("grant_given", "DELETE", "what was given stays", "1 = 1"),
)


def _sqlite():
    for number, (table, event, why, when) in enumerate(RULES):
        yield (
            f"CREATE TRIGGER grant_rule_{number} BEFORE {event} ON {table} WHEN {when}"
            f" BEGIN SELECT raise(ABORT, 'grants: {why}'); END"
        )


def _postgres():
    yield (
        "CREATE FUNCTION grants_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'grants: %%', TG_ARGV[0] USING ERRCODE = 'check_violation'; END $$"
    )
    for number, (table, event, why, when) in enumerate(RULES):
        yield (
            f"CREATE TRIGGER grant_rule_{number} BEFORE {event} ON {table} FOR EACH ROW"
            f" WHEN ({when}) EXECUTE FUNCTION grants_refuse('{why}')"
        )


def up(_migrator, db):
    """Create tables and rules."""
    sqlite = db.param == "?"
    types = {
        "blob": "BLOB" if sqlite else "BYTEA",
    }
    for statement in TABLES.format(**types).split(";\n"):
        db.execute_sql(statement)
    for statement in _sqlite() if sqlite else _postgres():
        db.execute_sql(statement)
