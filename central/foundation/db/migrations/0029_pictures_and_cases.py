"""Pictures of what is sold; parts of a unit's price that went back; what programs asked of cases.

Forward only; never edited once released.
"""

TABLES = """
-- What is shown, by the SHA-256 of its bytes: two items may show one picture. It is in the database
-- because what points at it is; one backup holds both, or neither.
CREATE TABLE picture (
    hash TEXT PRIMARY KEY CHECK (length(hash) = 64),
    width INTEGER NOT NULL CHECK (width > 0),
    height INTEGER NOT NULL CHECK (height > 0),
    content {blob} NOT NULL
);

-- A picture of an item: large for its page, small for the shelf. The first by place is the main
-- one.
CREATE TABLE item_picture (
    item TEXT NOT NULL REFERENCES item (id),
    hash TEXT NOT NULL REFERENCES picture (hash),
    small TEXT NOT NULL REFERENCES picture (hash),
    place INTEGER NOT NULL,
    alt_zh TEXT NOT NULL,
    alt_en TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at_s BIGINT NOT NULL,
    PRIMARY KEY (item, hash)
);
CREATE INDEX item_picture_hash ON item_picture (hash);
CREATE INDEX item_picture_small ON item_picture (small);

-- Part of a unit's price that went back while the buyer keeps the unit.
CREATE TABLE unit_refund (
    refund TEXT PRIMARY KEY REFERENCES refund (number),
    unit TEXT NOT NULL REFERENCES order_unit (id),
    amount BIGINT NOT NULL CHECK (amount > 0)
);
CREATE INDEX unit_refund_unit ON unit_refund (unit);

-- What a program has asked about a case, by its own key: asked again it is the same.
CREATE TABLE after_sale_request (
    idem TEXT PRIMARY KEY,
    request_hash {blob} NOT NULL,
    case_id BIGINT NOT NULL REFERENCES after_sale (id),
    at_s BIGINT NOT NULL
)
"""

# A unit goes back while others are awaited, and then those are given up: as in 0018, and one more.
ORDER_MOVES = (
    "pending>serving expired>serving cancelled>serving pending>held expired>held cancelled>held"
    " pending>mismatch expired>mismatch cancelled>mismatch pending>expired pending>cancelled"
    " held>serving serving>partly serving>exception partly>exception exception>serving"
    " serving>completed partly>completed exception>completed held>refunded mismatch>refunded"
    " serving>refunded partly>refunded exception>refunded expired>refunded cancelled>refunded"
)
_LISTED = ", ".join(f"'{move}'" for move in ORDER_MOVES.split())
_NO_MOVE = f"OLD.state <> NEW.state AND OLD.state || '>' || NEW.state NOT IN ({_LISTED})"


def _sqlite():
    yield (
        "CREATE TRIGGER picture_stays BEFORE UPDATE ON picture"
        " BEGIN SELECT raise(ABORT, 'pictures: what was shown under a hash stays so'); END"
    )
    yield "DROP TRIGGER orders_rule_0"
    yield (
        f"CREATE TRIGGER orders_rule_0 BEFORE UPDATE ON sale_order WHEN {_NO_MOVE}"
        " BEGIN SELECT raise(ABORT, 'orders: an order does not go there'); END"
    )
    for event in ("UPDATE", "DELETE"):
        yield (
            f"CREATE TRIGGER unit_refund_{event.lower()} BEFORE {event} ON unit_refund"
            " BEGIN SELECT raise(ABORT, 'orders: what went back went back'); END"
        )


def _postgres():
    yield (
        "CREATE FUNCTION pictures_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'pictures: %%', TG_ARGV[0] USING ERRCODE = 'check_violation'; END $$"
    )
    yield (
        "CREATE TRIGGER picture_stays BEFORE UPDATE ON picture FOR EACH ROW"
        " EXECUTE FUNCTION pictures_refuse('what was shown under a hash stays so')"
    )
    yield "DROP TRIGGER orders_rule_0 ON sale_order"
    yield (
        "CREATE TRIGGER orders_rule_0 BEFORE UPDATE ON sale_order FOR EACH ROW"
        f" WHEN ({_NO_MOVE}) EXECUTE FUNCTION orders_refuse('an order does not go there')"
    )
    yield (
        "CREATE TRIGGER unit_refund_stays BEFORE UPDATE OR DELETE ON unit_refund FOR EACH ROW"
        " EXECUTE FUNCTION orders_refuse('what went back went back')"
    )


def up(_migrator, db):
    """Create tables and rules."""
    sqlite = db.param == "?"
    for statement in TABLES.format(blob="BLOB" if sqlite else "BYTEA").split(";\n"):
        db.execute_sql(statement)
    for statement in _sqlite() if sqlite else _postgres():
        db.execute_sql(statement)
