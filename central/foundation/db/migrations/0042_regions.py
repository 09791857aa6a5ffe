"""Where stores lie, where vouchers are meant for, and what was redeemed elsewhere.

Forward only; never edited once released.
"""

TABLES = """
-- The newest row of a store counts; an empty region takes it back.
CREATE TABLE store_region (
    id {id},
    store_id TEXT NOT NULL REFERENCES store (id),
    region TEXT NOT NULL CHECK ({region}),
    at_s BIGINT NOT NULL,
    who TEXT NOT NULL
);
CREATE INDEX store_region_store ON store_region (store_id, id);
ALTER TABLE sku_voucher_terms ADD COLUMN region TEXT NOT NULL DEFAULT '' CHECK ({region});

-- For where a voucher was sold, and by which agent; both empty if nobody has said so.
ALTER TABLE voucher ADD COLUMN region TEXT NOT NULL DEFAULT '' CHECK ({region});
ALTER TABLE voucher ADD COLUMN agent TEXT NOT NULL DEFAULT '';

-- A voucher that was redeemed outside of its region: its first such redemption, for ever one a
-- voucher. The regions are those of that moment.
CREATE TABLE diversion (
    voucher_id BIGINT PRIMARY KEY REFERENCES voucher (id),
    unit_id TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    store_id TEXT NOT NULL REFERENCES store (id),
    region TEXT NOT NULL CHECK ({region} AND region <> ''),
    store_region TEXT NOT NULL CHECK (store_region <> ''),
    agent TEXT NOT NULL,
    found_at_s BIGINT NOT NULL,
    closed_at_s BIGINT,
    closed_by TEXT,
    said TEXT,
    CHECK ((closed_at_s IS NULL) = (closed_by IS NULL)),
    CHECK ((closed_at_s IS NULL) = (said IS NULL)),
    FOREIGN KEY (unit_id, epoch, seq) REFERENCES redemption_entry (unit_id, epoch, seq)
);
CREATE INDEX diversion_found ON diversion (found_at_s);
CREATE INDEX diversion_open ON diversion (found_at_s) WHERE closed_at_s IS NULL
"""
REGION = "length(region) IN (0, 2, 4, 6)"
STAYS = "stores: what was said of a region stays noted"
FOUND = "redemptions: a diversion stays as it was found, and is dealt with once"
# What was found never changes, and who has dealt with it neither.
MAY_BE_CLOSED = (
    "OLD.closed_at_s IS NULL AND "
    + " AND ".join(
        f"NEW.{name} = OLD.{name}"
        for name in ("voucher_id", "unit_id", "epoch", "seq", "store_id", "region",
                     "store_region", "agent", "found_at_s")
    )
)  # fmt: skip


def up(_migrator, db):
    """Create the tables, and seal them."""
    sqlite = db.param == "?"
    types = {
        "id": "INTEGER PRIMARY KEY" if sqlite else
        "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "region": REGION,
    }  # fmt: skip
    for statement in TABLES.format(**types).split(";\n"):
        db.execute_sql(statement)
    guards = (
        ("store_region", "UPDATE", STAYS, "1 = 0"),
        ("store_region", "DELETE", STAYS, "1 = 0"),
        ("diversion", "UPDATE", FOUND, MAY_BE_CLOSED),
        ("diversion", "DELETE", FOUND, "1 = 0"),
    )
    for table, event, words, allowed in guards:
        name = f"{table}_{event.lower()}"
        if sqlite:
            db.execute_sql(
                f"CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN NOT ({allowed})"
                f" BEGIN SELECT raise(ABORT, '{words}'); END"
            )
            continue
        db.execute_sql(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" RAISE EXCEPTION '{words}' USING ERRCODE = 'check_violation'; END $$"
        )
        db.execute_sql(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW"
            f" WHEN (NOT ({allowed})) EXECUTE FUNCTION {name}()"
        )
