"""Why days are closed without bills; owners of stores and what is netted; regimes.

Forward only; never edited once released.
"""

TABLES = """
CREATE TABLE closing_waiver (
    day INTEGER NOT NULL,
    channel TEXT NOT NULL,
    reason TEXT NOT NULL CHECK (reason <> ''),
    waived_at_s BIGINT NOT NULL,
    waived_by TEXT NOT NULL,
    PRIMARY KEY (day, channel)
);
-- Whose a store is; the newest row counts. Empty: it stands for itself.
CREATE TABLE store_owner (
    store_id TEXT NOT NULL,
    n INTEGER NOT NULL CHECK (n > 0),
    owner TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_at_s BIGINT NOT NULL,
    PRIMARY KEY (store_id, n)
);
-- What an owner's statements came to at once; they name it as what has paid them.
CREATE TABLE netting (
    no TEXT PRIMARY KEY,
    owner TEXT NOT NULL CHECK (owner <> ''),
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    gross BIGINT NOT NULL CHECK (gross > 0),
    set_off BIGINT NOT NULL CHECK (set_off BETWEEN 0 AND gross),
    journal_id BIGINT NOT NULL UNIQUE REFERENCES journal (id),
    netted_at_s BIGINT NOT NULL,
    netted_by TEXT NOT NULL
);
CREATE INDEX netting_owner ON netting (owner);
-- Whether money of others may be paid out of our own balance; the newest row of a currency counts.
CREATE TABLE regime (
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    n INTEGER NOT NULL CHECK (n > 0),
    pooling_forbidden {bool} NOT NULL,
    reason TEXT NOT NULL CHECK (reason <> ''),
    set_by TEXT NOT NULL,
    set_at_s BIGINT NOT NULL,
    PRIMARY KEY (currency, n)
)
"""

RULES = (
    ("regime", "UPDATE", "what was in force stays so"),
    ("regime", "DELETE", "what was in force stays so"),
    ("store_owner", "UPDATE", "whose it was stays"),
    ("store_owner", "DELETE", "whose it was stays"),
    ("netting", "UPDATE", "what was netted stays"),
    ("netting", "DELETE", "what was netted stays"),
    ("closing_waiver", "UPDATE", "what was said stays"),
    ("closing_waiver", "DELETE", "what was said stays"),
)


def _sqlite():
    for table, event, why in RULES:
        yield (
            f"CREATE TRIGGER {table}_{event.lower()} BEFORE {event} ON {table}"
            f" BEGIN SELECT raise(ABORT, 'closing: {why}'); END"
        )


def _postgres():
    yield (
        "CREATE FUNCTION closing_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'closing: %%', TG_ARGV[0] USING ERRCODE = 'check_violation'; END $$"
    )
    for table, event, why in RULES:
        yield (
            f"CREATE TRIGGER {table}_{event.lower()} BEFORE {event} ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION closing_refuse('{why}')"
        )


def up(_migrator, db):
    """Create the tables and seal them."""
    is_sqlite = db.param == "?"
    tables = TABLES.format(bool="INTEGER" if is_sqlite else "BOOLEAN")
    for statement in tables.split(";\n"):
        db.execute_sql(statement)
    for statement in _sqlite() if is_sqlite else _postgres():
        db.execute_sql(statement)
