"""What people enter into the books by hand, who confirms it, and the documents behind it.

Forward only; never edited once released.
"""

TABLES = """
-- One thing that has happened outside and that a person has entered. key: of its journal, without
-- the number that a second one gets after the first was taken back. given: what was filled in,
-- JSON. While it waits nothing is posted.
CREATE TABLE manual_entry (
    id {id},
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    document TEXT NOT NULL,
    day INTEGER NOT NULL,
    amount BIGINT NOT NULL CHECK (amount >= 0),
    currency TEXT NOT NULL,
    given TEXT NOT NULL,
    note TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'posted', 'refused', 'taken-back')),
    asked_by TEXT NOT NULL,
    asked_at_s BIGINT NOT NULL,
    decided_by TEXT,
    decided_at_s BIGINT,
    why TEXT NOT NULL DEFAULT '',
    journal_id BIGINT,
    -- A person never confirms his own.
    CHECK (decided_by IS NULL OR state <> 'posted' OR decided_by <> asked_by),
    CHECK ((journal_id IS NULL) = (state IN ('waiting', 'refused')))
);
CREATE UNIQUE INDEX manual_entry_once ON manual_entry (key)
    WHERE state IN ('waiting', 'posted');
CREATE INDEX manual_entry_journal ON manual_entry (journal_id);

-- A paper behind an entry, as it was handed in.
CREATE TABLE manual_entry_document (
    id {id},
    entry_id BIGINT NOT NULL REFERENCES manual_entry (id),
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    content {blob} NOT NULL,
    added_by TEXT NOT NULL,
    added_at_s BIGINT NOT NULL
);
CREATE UNIQUE INDEX manual_entry_document_once ON manual_entry_document (entry_id, sha256)
"""

# Columns that never change, and what each state may become.
FIXED = (
    "kind", "key", "document", "day", "amount", "currency", "given", "note", "asked_by",
    "asked_at_s",
)  # fmt: skip
STEPS = (
    "OLD.state = 'waiting' OR (OLD.state = 'posted' AND NEW.state = 'taken-back'"
    " AND NEW.journal_id = OLD.journal_id)"
)
STAYS = "what was entered stays"


def _sqlite():
    fixed = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in FIXED)
    yield (
        "CREATE TRIGGER manual_entry_update BEFORE UPDATE ON manual_entry"
        f" WHEN {fixed} OR NOT ({STEPS}) BEGIN SELECT raise(ABORT, 'entries: {STAYS}'); END"
    )
    for event, table in _refused():
        yield (
            f"CREATE TRIGGER {table}_{event.lower()} BEFORE {event} ON {table}"
            f" BEGIN SELECT raise(ABORT, 'entries: {STAYS}'); END"
        )


def _postgres():
    fixed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in FIXED)
    yield (
        "CREATE FUNCTION entries_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" RAISE EXCEPTION 'entries: {STAYS}' USING ERRCODE = 'check_violation'; END $$"
    )
    yield (
        "CREATE TRIGGER manual_entry_update BEFORE UPDATE ON manual_entry FOR EACH ROW"
        f" WHEN ({fixed} OR NOT ({STEPS})) EXECUTE FUNCTION entries_refuse()"
    )
    for event, table in _refused():
        yield (
            f"CREATE TRIGGER {table}_{event.lower()} BEFORE {event} ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION entries_refuse()"
        )


def _refused():
    yield "DELETE", "manual_entry"
    yield "UPDATE", "manual_entry_document"
    yield "DELETE", "manual_entry_document"


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
