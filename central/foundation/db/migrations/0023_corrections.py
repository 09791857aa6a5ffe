"""Corrections: headquarters gives back part or all of what a till has taken.

Forward only; never edited once released.
"""

TABLES = """
-- What was given back of one acceptance, in the voucher's own measure. Never changed: what was
-- given back by mistake is taken again at a till.
CREATE TABLE correction (
    id {id},
    unit_id TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    voucher_id BIGINT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    reason TEXT NOT NULL,
    corrected_by TEXT NOT NULL,
    at_s BIGINT NOT NULL,
    n BIGINT NOT NULL
);
CREATE INDEX correction_voucher ON correction (voucher_id);
CREATE INDEX correction_unit ON correction (unit_id, n)
"""

TOO_MUCH = (
    "NEW.amount + (SELECT coalesce(sum(amount), 0) FROM correction WHERE unit_id = NEW.unit_id"
    " AND epoch = NEW.epoch AND seq = NEW.seq)"
    " > (SELECT coalesce(max(amount), 0) FROM redemption_entry WHERE unit_id = NEW.unit_id"
    " AND epoch = NEW.epoch AND seq = NEW.seq AND voucher_id = NEW.voucher_id AND kind = 1"
    " AND outcome <> 'quarantined')"
)
WHY = "more is given back than was taken"


def _sqlite():
    for event in ("UPDATE", "DELETE"):
        yield (
            f"CREATE TRIGGER correction_{event.lower()} BEFORE {event} ON correction"
            " BEGIN SELECT raise(ABORT, 'corrections: a correction stays'); END"
        )
    yield (
        f"CREATE TRIGGER correction_fits BEFORE INSERT ON correction WHEN {TOO_MUCH}"
        f" BEGIN SELECT raise(ABORT, 'corrections: {WHY}'); END"
    )


def _postgres():
    yield (
        "CREATE FUNCTION corrections_stay() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'corrections: a correction stays' USING ERRCODE = 'check_violation';"
        " END $$"
    )
    yield (
        "CREATE TRIGGER correction_stays BEFORE UPDATE OR DELETE ON correction FOR EACH ROW"
        " EXECUTE FUNCTION corrections_stay()"
    )
    yield (
        "CREATE FUNCTION correction_fits() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF {TOO_MUCH} THEN RAISE EXCEPTION 'corrections: {WHY}'"
        " USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$"
    )
    yield (
        "CREATE TRIGGER correction_fits BEFORE INSERT ON correction FOR EACH ROW"
        " EXECUTE FUNCTION correction_fits()"
    )


def up(_migrator, db):
    """Create table and rules."""
    sqlite = db.param == "?"
    types = {"id": "INTEGER PRIMARY KEY" if sqlite else "BIGSERIAL PRIMARY KEY"}
    for statement in TABLES.format(**types).split(";\n"):
        db.execute_sql(statement)
    for statement in _sqlite() if sqlite else _postgres():
        db.execute_sql(statement)
