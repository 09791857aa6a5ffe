"""Limits of payouts that wait for a second person, why all was stopped, and whose address changed.

Forward only; never edited once released.
"""

TABLES = """
-- One that lets more out is a proposal until a second person puts the same in force.
ALTER TABLE payout_limits ADD COLUMN in_force BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE payout_limits ADD COLUMN why TEXT NOT NULL DEFAULT '';

-- Who has said where a party's money goes. Addresses and names are not repeated here.
CREATE TABLE payee_change (
    id {id},
    account TEXT NOT NULL,
    channel TEXT NOT NULL,
    address_end TEXT NOT NULL,
    at_s BIGINT NOT NULL,
    who TEXT NOT NULL
);
CREATE INDEX payee_change_account ON payee_change (account, id)
"""

EVENTS = ("UPDATE", "DELETE")


def up(_migrator, db):
    """Add the columns and the table, and seal it."""
    sqlite = db.param == "?"
    key = "INTEGER PRIMARY KEY" if sqlite else "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
    for statement in TABLES.format(id=key).split(";\n"):
        db.execute_sql(statement)
    if not sqlite:
        db.execute_sql(
            "CREATE FUNCTION payee_change_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION 'payouts: what was changed stays noted'"
            " USING ERRCODE = 'check_violation'; END $$"
        )
    for event in EVENTS:
        name = f"payee_change_{event.lower()}"
        if sqlite:
            db.execute_sql(
                f"CREATE TRIGGER {name} BEFORE {event} ON payee_change"
                " BEGIN SELECT raise(ABORT, 'payouts: what was changed stays noted'); END"
            )
        else:
            db.execute_sql(
                f"CREATE TRIGGER {name} BEFORE {event} ON payee_change"
                " FOR EACH ROW EXECUTE FUNCTION payee_change_stays()"
            )
