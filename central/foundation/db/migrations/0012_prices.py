"""Price books, floors, mark-ups and promotions; each by version, none of them ever edited.

Forward only; never edited once released.
"""

TABLES = """
-- For whom prices are: an agent, a level or everybody, in one channel or in any ('').
CREATE TABLE price_book (
    id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 32),
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    agent TEXT REFERENCES agent (id),
    level TEXT REFERENCES agent_level (id),
    channel TEXT NOT NULL DEFAULT '',
    made_by TEXT NOT NULL,
    made_at_s BIGINT NOT NULL,
    CHECK (agent IS NULL OR level IS NULL)
);
CREATE UNIQUE INDEX price_book_whose ON price_book
    (coalesce(agent, ''), coalesce(level, ''), channel, currency);

CREATE TABLE mark_up (
    id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 32),
    currency TEXT NOT NULL CHECK (length(currency) = 3)
);

CREATE TABLE mark_up_version (
    mark_up TEXT NOT NULL REFERENCES mark_up (id),
    version INTEGER NOT NULL CHECK (version > 0),
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    base TEXT NOT NULL CHECK (base IN ('cost', 'face', 'wider')),
    ppm BIGINT NOT NULL CHECK (ppm > -1000000),
    fixed_minor BIGINT NOT NULL,
    step_minor BIGINT NOT NULL CHECK (step_minor > 0),
    ending_minor BIGINT NOT NULL CHECK (ending_minor >= 0 AND ending_minor < step_minor),
    direction TEXT NOT NULL CHECK (direction IN ('up', 'nearest', 'down')),
    from_s BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    made_at_s BIGINT NOT NULL,
    PRIMARY KEY (mark_up, version),
    CHECK (from_s >= made_at_s)
);

-- What a SKU costs by a book from a moment on; of those begun the one that began last counts.
-- No price begins in the past: what was quoted was quoted.
CREATE TABLE price (
    book TEXT NOT NULL REFERENCES price_book (id),
    sku TEXT NOT NULL REFERENCES sku (id),
    version INTEGER NOT NULL CHECK (version > 0),
    mode TEXT NOT NULL CHECK (mode IN ('ladder', 'mark_up', 'closed', 'wider')),
    mark_up TEXT REFERENCES mark_up (id),
    tiers INTEGER NOT NULL,
    member_minor BIGINT CHECK (member_minor > 0),
    member_stacks SMALLINT NOT NULL CHECK (member_stacks IN (0, 1)),
    note TEXT NOT NULL,
    from_s BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    made_at_s BIGINT NOT NULL,
    PRIMARY KEY (book, sku, version),
    CHECK (from_s >= made_at_s),
    CHECK ((mode = 'mark_up') = (mark_up IS NOT NULL)),
    CHECK ((mode = 'ladder') = (tiers > 0))
);
CREATE INDEX price_sku ON price (sku, book, from_s);

CREATE TABLE price_tier (
    book TEXT NOT NULL,
    sku TEXT NOT NULL,
    version INTEGER NOT NULL,
    min_qty INTEGER NOT NULL CHECK (min_qty > 0),
    unit_minor BIGINT NOT NULL CHECK (unit_minor > 0),
    PRIMARY KEY (book, sku, version, min_qty),
    FOREIGN KEY (book, sku, version) REFERENCES price (book, sku, version)
);

-- What nobody may go below; no amount: the floor is lifted.
CREATE TABLE floor_price (
    sku TEXT NOT NULL REFERENCES sku (id),
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    version INTEGER NOT NULL CHECK (version > 0),
    floor_minor BIGINT CHECK (floor_minor > 0),
    from_s BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    made_at_s BIGINT NOT NULL,
    PRIMARY KEY (sku, currency, version),
    CHECK (from_s >= made_at_s)
);

CREATE TABLE promotion (
    id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 32),
    currency TEXT NOT NULL CHECK (length(currency) = 3)
);

-- The newest version that was made counts, from its moment until before its other moment.
-- Without SKUs (promotion_sku) and category it is for everything.
CREATE TABLE promotion_version (
    promotion TEXT NOT NULL REFERENCES promotion (id),
    version INTEGER NOT NULL CHECK (version > 0),
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('price', 'percent', 'amount')),
    ppm BIGINT NOT NULL,
    minor BIGINT NOT NULL,
    skus INTEGER NOT NULL CHECK (skus >= 0),
    category TEXT REFERENCES category (id),
    channel TEXT NOT NULL,
    level TEXT REFERENCES agent_level (id),
    is_for_members SMALLINT NOT NULL CHECK (is_for_members IN (0, 1)),
    stacks SMALLINT NOT NULL CHECK (stacks IN (0, 1)),
    min_qty INTEGER NOT NULL CHECK (min_qty > 0),
    from_s BIGINT NOT NULL,
    until_s BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    made_at_s BIGINT NOT NULL,
    PRIMARY KEY (promotion, version),
    CHECK (until_s >= from_s),
    CHECK (CASE WHEN kind = 'percent' THEN ppm > 0 AND ppm < 1000000 AND minor = 0
        ELSE minor > 0 AND ppm = 0 END)
);

CREATE TABLE promotion_sku (
    promotion TEXT NOT NULL,
    version INTEGER NOT NULL,
    sku TEXT NOT NULL REFERENCES sku (id),
    PRIMARY KEY (promotion, version, sku),
    FOREIGN KEY (promotion, version) REFERENCES promotion_version (promotion, version)
)
"""

STAY = (
    "mark_up", "mark_up_version", "price", "price_tier", "floor_price", "promotion",
    "promotion_version", "promotion_sku",
)  # fmt: skip
_WHOSE = " OR ".join(
    f"OLD.{name} IS DISTINCT FROM NEW.{name}"
    for name in ("id", "currency", "agent", "level", "channel")
)
# A version says how many rows hang on it: whoever comes later with one more is refused.
COUNTED = (
    (
        "price_tier", "a ladder has the steps that it began with",
        "(SELECT count(*) FROM price_tier t WHERE t.book = NEW.book AND t.sku = NEW.sku"
        " AND t.version = NEW.version) >= (SELECT p.tiers FROM price p WHERE p.book = NEW.book"
        " AND p.sku = NEW.sku AND p.version = NEW.version)",
    ),
    (
        "promotion_sku", "a promotion is for the SKUs that it began with",
        "(SELECT count(*) FROM promotion_sku t WHERE t.promotion = NEW.promotion"
        " AND t.version = NEW.version) >= (SELECT p.skus FROM promotion_version p"
        " WHERE p.promotion = NEW.promotion AND p.version = NEW.version)",
    ),
)  # fmt: skip


def _rules():
    for table in STAY:
        for event in ("UPDATE", "DELETE"):
            yield table, event, "a version stays as it is", "1 = 1"
    yield "price_book", "UPDATE", "for whom a book is stays", _WHOSE
    yield "price_book", "DELETE", "a book stays", "1 = 1"


def _sqlite():
    for number, (table, event, why, when) in enumerate(_rules()):
        yield (
            f"CREATE TRIGGER prices_rule_{number} BEFORE {event} ON {table} WHEN {when}"
            f" BEGIN SELECT raise(ABORT, 'prices: {why}'); END"
        )
    for table, why, when in COUNTED:
        yield (
            f"CREATE TRIGGER {table}_counted BEFORE INSERT ON {table} WHEN {when}"
            f" BEGIN SELECT raise(ABORT, 'prices: {why}'); END"
        )


def _postgres():
    yield (
        "CREATE FUNCTION prices_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'prices: %%', TG_ARGV[0] USING ERRCODE = 'check_violation'; END $$"
    )
    for number, (table, event, why, when) in enumerate(_rules()):
        yield (
            f"CREATE TRIGGER prices_rule_{number} BEFORE {event} ON {table} FOR EACH ROW"
            f" WHEN ({when}) EXECUTE FUNCTION prices_refuse('{why}')"
        )
    for table, why, when in COUNTED:
        yield (
            f"CREATE FUNCTION {table}_counts() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF {when} THEN RAISE EXCEPTION 'prices: {why}' USING ERRCODE = 'check_violation';"
            " END IF; RETURN NEW; END $$"
        )
        yield (
            f"CREATE TRIGGER {table}_counted BEFORE INSERT ON {table} FOR EACH ROW"
            f" EXECUTE FUNCTION {table}_counts()"
        )
    for table in (*STAY, "price_book"):
        # TRUNCATE would go past the row triggers.
        yield (
            f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"
            " EXECUTE FUNCTION prices_refuse('nothing is ever truncated')"
        )


def up(_migrator, db):
    """Create tables and rules."""
    for statement in TABLES.split(";\n"):
        db.execute_sql(statement)
    for statement in _sqlite() if db.param == "?" else _postgres():
        db.execute_sql(statement)
