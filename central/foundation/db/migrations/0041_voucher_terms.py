"""Where and how vouchers that a SKU sells are good, from when on.

Forward only; never edited once released.
"""

TABLES = """
-- The newest row at the moment of the order counts: what is changed later changes no order.
CREATE TABLE sku_voucher_terms (
    id {id},
    sku TEXT NOT NULL REFERENCES sku (id),
    store_group INTEGER NOT NULL CHECK (store_group BETWEEN 0 AND 65535),
    is_dynamic {bool} NOT NULL,
    is_online_only {bool} NOT NULL,
    at_s BIGINT NOT NULL,
    who TEXT NOT NULL
);
CREATE INDEX sku_voucher_terms_sku ON sku_voucher_terms (sku, id)
"""
WORDS = "catalogue: what was said of a voucher stays noted"


def up(_migrator, db):
    """Create the table, and seal it."""
    sqlite = db.param == "?"
    types = {
        "id": "INTEGER PRIMARY KEY" if sqlite else
        "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "bool": "INTEGER" if sqlite else "BOOLEAN",
    }  # fmt: skip
    for statement in TABLES.format(**types).split(";\n"):
        db.execute_sql(statement)
    if not sqlite:
        db.execute_sql(
            "CREATE FUNCTION sku_voucher_terms_stay() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" RAISE EXCEPTION '{WORDS}' USING ERRCODE = 'check_violation'; END $$"
        )
    action = (
        f"BEGIN SELECT raise(ABORT, '{WORDS}'); END"
        if sqlite
        else "FOR EACH ROW EXECUTE FUNCTION sku_voucher_terms_stay()"
    )
    for event in ("UPDATE", "DELETE"):
        name = f"sku_voucher_terms_{event.lower()}"
        db.execute_sql(f"CREATE TRIGGER {name} BEFORE {event} ON sku_voucher_terms {action}")
