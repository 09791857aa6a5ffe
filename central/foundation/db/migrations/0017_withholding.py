"""Whose commissions are taxed by whom, and at which rates. Forward only; never edited once
released.
"""

TABLES = """
-- The newest row of a party is in force. A party without one is taxed by nobody here.
CREATE TABLE tax_profile (
    id {id},
    account TEXT NOT NULL,
    is_person {bool} NOT NULL,
    set_by TEXT NOT NULL,
    set_at_s BIGINT NOT NULL
);
CREATE INDEX tax_profile_account ON tax_profile (account, id);

-- The newest row that has begun is in force.
CREATE TABLE tax_schedule (
    id {id},
    first_day INTEGER NOT NULL CHECK (first_day BETWEEN 20000101 AND 99991231),
    body TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_at_s BIGINT NOT NULL
)
"""

FROZEN = ("tax_profile", "tax_schedule")


def up(_migrator, db):
    """Create tables and rules."""
    sqlite = db.param == "?"
    types = {
        "id": "INTEGER PRIMARY KEY" if sqlite else "BIGSERIAL PRIMARY KEY",
        "bool": "INTEGER" if sqlite else "BOOLEAN",
    }
    for statement in TABLES.format(**types).split(";\n"):
        db.execute_sql(statement)
    if not sqlite:
        db.execute_sql(
            "CREATE FUNCTION withholding_refuses() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION 'withholding: what was in force stays' USING ERRCODE ="
            " 'check_violation'; END $$"
        )
    for table in FROZEN:
        for event in ("UPDATE", "DELETE"):
            name = f"{table}_{event.lower()}_frozen"
            if sqlite:
                db.execute_sql(
                    f"CREATE TRIGGER {name} BEFORE {event} ON {table}"
                    " BEGIN SELECT raise(ABORT, 'withholding: what was in force stays'); END"
                )
            else:
                db.execute_sql(
                    f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW"
                    " EXECUTE FUNCTION withholding_refuses()"
                )
