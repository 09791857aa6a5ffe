"""Batches that have expired, and whose the money is that nobody came for.

Forward only; never edited once released.
"""

TABLES = """
CREATE INDEX voucher_expires ON voucher (expires_day, batch);

-- A batch whose vouchers are not good any more. What is left on them stands at 2021 until it is
-- broken, if the product's policy has that.
CREATE TABLE expired_batch (
    batch TEXT PRIMARY KEY,
    product INTEGER NOT NULL REFERENCES product (id),
    expired_at_s BIGINT NOT NULL,
    broken_at_s BIGINT,
    CONSTRAINT broken_after_expiry CHECK (broken_at_s IS NULL OR broken_at_s >= expired_at_s)
);
CREATE INDEX expired_unbroken ON expired_batch (product) WHERE broken_at_s IS NULL;

-- The newest row of a product is in force; days are counted from the expiry. NULL: what is left
-- is the holder's for ever.
CREATE TABLE breakage_policy (
    id {id},
    product INTEGER NOT NULL REFERENCES product (id),
    after_days INTEGER CHECK (after_days BETWEEN 0 AND 36500),
    reason TEXT NOT NULL,
    agreed_by TEXT NOT NULL,
    agreed_at_s BIGINT NOT NULL
)
"""

RULES = (
    ("breakage_policy", "UPDATE", "a policy stays; agree a new one", "1 = 1"),
    ("breakage_policy", "DELETE", "a policy stays", "1 = 1"),
    ("expired_batch", "DELETE", "what has expired stays so", "1 = 1"),
    (
        "expired_batch", "UPDATE", "a batch is broken once",
        "OLD.broken_at_s IS NOT NULL OR OLD.batch <> NEW.batch OR OLD.product <> NEW.product"
        " OR OLD.expired_at_s <> NEW.expired_at_s",
    ),
)  # fmt: skip


def _sqlite():
    for number, (table, event, why, when) in enumerate(RULES):
        yield (
            f"CREATE TRIGGER expiry_rule_{number} BEFORE {event} ON {table} WHEN {when}"
            f" BEGIN SELECT raise(ABORT, 'expiry: {why}'); END"
        )


def _postgres():
    yield (
        "CREATE FUNCTION expiry_refuses() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'expiry: %%', TG_ARGV[0] USING ERRCODE = 'check_violation'; END $$"
    )
    for number, (table, event, why, when) in enumerate(RULES):
        yield (
            f"CREATE TRIGGER expiry_rule_{number} BEFORE {event} ON {table} FOR EACH ROW"
            f" WHEN ({when}) EXECUTE FUNCTION expiry_refuses('{why}')"
        )


def up(_migrator, db):
    """Create tables and rules."""
    sqlite = db.param == "?"
    types = {"id": "INTEGER PRIMARY KEY" if sqlite else "BIGSERIAL PRIMARY KEY"}
    for statement in TABLES.format(**types).split(";\n"):
        db.execute_sql(statement)
    for statement in _sqlite() if sqlite else _postgres():
        db.execute_sql(statement)
