"""Files of payouts for the bank: their bytes, what stands in them, and what became of them.

Forward only; never edited once released.
"""

TABLES = """
-- The bytes are kept as they were made: what the bank got is what stands here.
CREATE TABLE bank_file (
    no TEXT PRIMARY KEY,
    day INTEGER NOT NULL,
    bank TEXT NOT NULL,
    currency TEXT NOT NULL,
    lines INTEGER NOT NULL CHECK (lines > 0),
    total BIGINT NOT NULL CHECK (total > 0),
    name TEXT NOT NULL,
    content {blob} NOT NULL,
    sha256 TEXT NOT NULL,
    made_at_s BIGINT NOT NULL,
    made_by TEXT NOT NULL
);

-- A payout stands in one file, for ever: in a second one it could be paid twice.
CREATE TABLE bank_file_line (
    file_no TEXT NOT NULL REFERENCES bank_file (no),
    place INTEGER NOT NULL,
    payout_no TEXT NOT NULL UNIQUE REFERENCES payout (no),
    PRIMARY KEY (file_no, place)
);

-- Who has fetched it, what the bank answered, and who says that the bank has taken none of it.
CREATE TABLE bank_file_event (
    id {id},
    file_no TEXT NOT NULL REFERENCES bank_file (no),
    at_s BIGINT NOT NULL,
    who TEXT NOT NULL,
    event TEXT NOT NULL CHECK (event IN ('made', 'fetched', 'answered', 'refused')),
    detail TEXT NOT NULL,
    content {blob},
    CONSTRAINT bank_file_answer CHECK ((event = 'answered') = (content IS NOT NULL))
);
CREATE INDEX bank_file_event_file ON bank_file_event (file_no, id)
"""

# What has ended stays as it is, but for what the bank paid and then sent back.
SAME = (
    "OLD.no <> NEW.no OR OLD.account <> NEW.account OR OLD.channel <> NEW.channel"
    " OR OLD.address <> NEW.address OR OLD.name <> NEW.name OR OLD.amount <> NEW.amount"
    " OR OLD.currency <> NEW.currency OR OLD.tax <> NEW.tax OR OLD.remark <> NEW.remark"
    " OR OLD.hold_id <> NEW.hold_id OR OLD.kind <> NEW.kind OR OLD.bank <> NEW.bank"
    " OR OLD.authorization_id <> NEW.authorization_id"
    " OR OLD.state IN ('failed', 'cancelled') OR (OLD.state = 'paid'"
    " AND NOT (NEW.state = 'failed' AND OLD.channel = 'bank-file'))"
)

SEALED = ("bank_file", "bank_file_line", "bank_file_event")
WORDS = "payouts: a file for the bank stays what it is"


def up(_migrator, db):
    """Create the tables, and seal them."""
    sqlite = db.param == "?"
    types = {
        "id": "INTEGER PRIMARY KEY" if sqlite else
        "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "blob": "BLOB" if sqlite else "BYTEA",
    }  # fmt: skip
    for statement in TABLES.format(**types).split(";\n"):
        db.execute_sql(statement)
    if not sqlite:
        db.execute_sql(
            "CREATE FUNCTION bank_file_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" RAISE EXCEPTION '{WORDS}' USING ERRCODE = 'check_violation'; END $$"
        )
    for table in SEALED:
        for event in ("UPDATE", "DELETE"):
            name = f"{table}_{event.lower()}"
            action = (
                f"BEGIN SELECT raise(ABORT, '{WORDS}'); END"
                if sqlite
                else "FOR EACH ROW EXECUTE FUNCTION bank_file_stays()"
            )
            db.execute_sql(f"CREATE TRIGGER {name} BEFORE {event} ON {table} {action}")
    name = "payout_stays_what_it_is"
    if sqlite:
        db.execute_sql(f"DROP TRIGGER {name}")
        db.execute_sql(
            f"CREATE TRIGGER {name} BEFORE UPDATE ON payout WHEN ({SAME})"
            " BEGIN SELECT raise(ABORT, 'a payout stays what it is'); END"
        )
    else:
        db.execute_sql(f"DROP TRIGGER {name} ON payout")
        db.execute_sql(
            f"CREATE TRIGGER {name} BEFORE UPDATE ON payout FOR EACH ROW WHEN ({SAME})"
            f" EXECUTE FUNCTION {name}()"
        )
