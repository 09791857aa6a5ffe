"""Links by which a voucher comes to its holder's phone, and what became of them.

Forward only; never edited once released.
"""

TABLES = """
-- A link is known by the hash of its secret. ``device_key`` is the phone that it was first opened
-- with (a point on P-256, 65 bytes); NULL until then, and again once somebody has unlocked it.
CREATE TABLE holder_link (
    id {id},
    voucher_id BIGINT NOT NULL,
    token_hash {blob} NOT NULL UNIQUE,
    made_at_s BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    device_key {blob},
    locked_at_s BIGINT,
    withdrawn_at_s BIGINT,
    CONSTRAINT holder_link_locked CHECK ((device_key IS NULL) = (locked_at_s IS NULL))
);
CREATE UNIQUE INDEX holder_link_one ON holder_link (voucher_id) WHERE withdrawn_at_s IS NULL;

-- What happened to a voucher's links, for whoever asks later.
CREATE TABLE holder_event (
    id {id},
    voucher_id BIGINT NOT NULL,
    event TEXT NOT NULL CHECK (event IN ('made', 'locked', 'refused', 'unlocked', 'withdrawn')),
    who TEXT NOT NULL,
    said TEXT NOT NULL,
    at_s BIGINT NOT NULL
);
CREATE INDEX holder_event_voucher ON holder_event (voucher_id, id)
"""

RULES = (
    ("holder_event", "UPDATE", "what happened stays", "1 = 1"),
    ("holder_event", "DELETE", "what happened stays", "1 = 1"),
    ("holder_link", "DELETE", "a link stays", "1 = 1"),
    (
        "holder_link", "UPDATE", "a withdrawn link stays so, and leads to one voucher",
        "OLD.withdrawn_at_s IS NOT NULL OR OLD.voucher_id <> NEW.voucher_id"
        " OR OLD.token_hash <> NEW.token_hash",
    ),
)  # fmt: skip


def _sqlite():
    for number, (table, event, why, when) in enumerate(RULES):
        yield (
            f"CREATE TRIGGER holder_rule_{number} BEFORE {event} ON {table} WHEN {when}"
            f" BEGIN SELECT raise(ABORT, 'holders: {why}'); END"
        )


def _postgres():
    yield (
        "CREATE FUNCTION holders_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'holders: %%', TG_ARGV[0] USING ERRCODE = 'check_violation'; END $$"
    )
    for number, (table, event, why, when) in enumerate(RULES):
        yield (
            f"CREATE TRIGGER holder_rule_{number} BEFORE {event} ON {table} FOR EACH ROW"
            f" WHEN ({when}) EXECUTE FUNCTION holders_refuse('{why}')"
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
