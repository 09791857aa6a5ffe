"""Card keys: batches, encrypted keys, who has got which, who has looked, what is bait.

Forward only; never edited once released. A key goes to one unit at most and a unit has one key at
most, whatever the code does: see card_handover.
"""

TABLES = """
-- What came in together. file_print is an HMAC: a hash of a file with one short key could be
-- guessed. Its data key is locked by the file cards-lock-<lock>.key.
CREATE TABLE card_batch (
    id {id},
    sku TEXT NOT NULL REFERENCES sku (id),
    kind TEXT NOT NULL CHECK (kind IN ('stock', 'delivered')),
    state TEXT NOT NULL CHECK (state IN ('importing', 'staged', 'stocked', 'discarded')),
    name TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL,
    paid_from TEXT NOT NULL,
    unit_cost BIGINT NOT NULL CHECK (unit_cost >= 0),
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    expires_at_s BIGINT,
    note TEXT NOT NULL,
    file_print {blob},
    lines INTEGER NOT NULL DEFAULT 0 CHECK (lines BETWEEN 0 AND 16777215),
    kept INTEGER NOT NULL DEFAULT 0 CHECK (kept BETWEEN 0 AND 16777215),
    report TEXT NOT NULL DEFAULT '{{}}',
    faults TEXT NOT NULL DEFAULT '[]',
    lock INTEGER NOT NULL CHECK (lock > 0),
    data_key {blob} NOT NULL,
    made_by TEXT NOT NULL,
    made_at_s BIGINT NOT NULL,
    stocked_by TEXT,
    stocked_at_s BIGINT,
    journal_id BIGINT REFERENCES journal (id),
    UNIQUE (id, sku),
    CHECK ((state = 'stocked') = (stocked_at_s IS NOT NULL)),
    CHECK ((stocked_by IS NULL) = (stocked_at_s IS NULL))
);
CREATE UNIQUE INDEX card_batch_file ON card_batch (sku, file_print) WHERE state <> 'discarded';
CREATE INDEX card_batch_sku ON card_batch (sku, state, expires_at_s);
CREATE INDEX card_batch_lock ON card_batch (lock);

-- One key. id = batch << 24 | line; sealed is AES-256-GCM, fp is HMAC-SHA256, tail is for eyes.
CREATE TABLE card_key (
    id BIGINT PRIMARY KEY,
    batch_id BIGINT NOT NULL,
    sku TEXT NOT NULL,
    fp {blob} NOT NULL CHECK (length(fp) = 32),
    sealed {blob} NOT NULL CHECK (length(sealed) > 29),
    tail TEXT NOT NULL CHECK (length(tail) <= 4),
    state TEXT NOT NULL CHECK (state IN ('available', 'reserved', 'sold', 'revealed', 'replaced',
        'quarantined', 'exported', 'void', 'bait')),
    unit TEXT,
    reserved_until_s BIGINT NOT NULL DEFAULT 0,
    export_id BIGINT,
    changed_at_s BIGINT NOT NULL,
    FOREIGN KEY (batch_id, sku) REFERENCES card_batch (id, sku),
    CONSTRAINT card_key_place CHECK (id >> 24 = batch_id),
    CONSTRAINT card_key_unit CHECK
        ((state IN ('reserved', 'sold', 'revealed', 'replaced')) = (unit IS NOT NULL)),
    CONSTRAINT card_key_until CHECK ((state = 'reserved') = (reserved_until_s > 0)),
    CONSTRAINT card_key_export CHECK ((state = 'exported') = (export_id IS NOT NULL))
);
-- The same card twice cannot be in stock, nor be sold twice; one that was void may come again.
CREATE UNIQUE INDEX card_key_fp ON card_key (fp, sku) WHERE state <> 'void';
-- Free is whatever is reserved until a moment that has passed; what is available since 0.
CREATE INDEX card_key_free ON card_key (batch_id, reserved_until_s, id)
    WHERE state IN ('available', 'reserved');
CREATE UNIQUE INDEX card_key_one_reservation ON card_key (unit) WHERE state = 'reserved';
CREATE INDEX card_key_of_unit ON card_key (unit) WHERE unit IS NOT NULL;
CREATE INDEX card_key_counts ON card_key (batch_id, state);
CREATE INDEX card_key_bait ON card_key (fp) WHERE state = 'bait';

-- A key is a unit's for good: once a key, and once a unit but for what replaces it.
CREATE TABLE card_handover (
    key_id BIGINT PRIMARY KEY REFERENCES card_key (id),
    unit TEXT NOT NULL,
    replaces BIGINT UNIQUE,
    account TEXT NOT NULL,
    cost BIGINT NOT NULL CHECK (cost >= 0),
    currency TEXT NOT NULL,
    at_s BIGINT NOT NULL,
    journal_id BIGINT REFERENCES journal (id),
    UNIQUE (key_id, unit),
    FOREIGN KEY (replaces, unit) REFERENCES card_handover (key_id, unit)
);
CREATE UNIQUE INDEX card_handover_first ON card_handover (unit) WHERE replaces IS NULL;
CREATE INDEX card_handover_unposted ON card_handover (account) WHERE journal_id IS NULL;

-- Who has seen what, or has tried to. Chained: hash covers the row and the hash before it.
CREATE TABLE card_access (
    id BIGINT PRIMARY KEY CHECK (id > 0),
    at_s BIGINT NOT NULL,
    what TEXT NOT NULL,
    key_id BIGINT,
    actor TEXT NOT NULL,
    address TEXT NOT NULL,
    ref TEXT NOT NULL,
    reason TEXT NOT NULL,
    prev {blob} NOT NULL UNIQUE,
    hash {blob} NOT NULL UNIQUE
);
CREATE INDEX card_access_actor ON card_access (actor, at_s);
CREATE INDEX card_access_address ON card_access (address, at_s);
CREATE INDEX card_access_ref ON card_access (ref, at_s);
CREATE INDEX card_access_key ON card_access (key_id);

-- Somebody has touched what nobody has a reason to touch.
CREATE TABLE card_alert (
    id {id},
    at_s BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('reveal', 'search', 'import', 'change', 'unreadable')),
    key_id BIGINT NOT NULL,
    actor TEXT NOT NULL,
    address TEXT NOT NULL,
    seen_at_s BIGINT,
    seen_by TEXT,
    CHECK ((seen_at_s IS NULL) = (seen_by IS NULL))
);
CREATE INDEX card_alert_unseen ON card_alert (id) WHERE seen_at_s IS NULL;

-- Keys that leave in a file: one person asks, another one approves, the first one fetches it once.
CREATE TABLE card_export (
    id {id},
    sku TEXT NOT NULL REFERENCES sku (id),
    wanted INTEGER NOT NULL CHECK (wanted > 0),
    reason TEXT NOT NULL CHECK (length(reason) > 0),
    state TEXT NOT NULL CHECK (state IN ('requested', 'approved', 'refused', 'fetched')),
    requested_by TEXT NOT NULL,
    requested_at_s BIGINT NOT NULL,
    decided_by TEXT,
    decided_at_s BIGINT,
    fetched_at_s BIGINT,
    CHECK ((state = 'requested') = (decided_by IS NULL)),
    CHECK ((state = 'fetched') = (fetched_at_s IS NOT NULL)),
    CONSTRAINT card_export_two_persons CHECK
        (state NOT IN ('approved', 'fetched') OR decided_by <> requested_by)
)
"""

_FROZEN = ("id", "batch_id", "sku", "fp", "sealed", "tail")
_BATCH_FROZEN = (
    "id", "sku", "kind", "name", "source", "paid_from", "unit_cost", "currency", "expires_at_s",
    "note", "file_print", "made_by", "made_at_s",
)  # fmt: skip
_FOLLOWS = {
    "available": ("reserved", "quarantined", "exported", "void"),
    "reserved": ("reserved", "available", "quarantined", "sold"),
    "sold": ("revealed", "replaced"),
    "revealed": ("replaced",),
    "quarantined": ("available", "void"),
    "bait": ("void",),
}
"""What may become of a key; what is not here is an end."""


def _differs(columns):
    return " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in columns)


def _step_refused():
    allowed = " OR ".join(
        f"OLD.state = '{before}' AND NEW.state IN ({', '.join(repr(s) for s in after)})"
        for before, after in _FOLLOWS.items()
    )
    return f"NOT ({allowed})"


# Each rule once: table, event, what is said, and when it is refused, in SQL that both engines read.
RULES = (
    (
        "card_batch", "UPDATE", "a batch stays what it is",
        _differs(_BATCH_FROZEN),
    ),
    (
        "card_batch", "UPDATE", "a batch goes from importing to staged to stocked or is discarded",
        "OLD.state <> NEW.state AND NOT (OLD.state = 'importing' AND NEW.state IN ('staged',"
        " 'discarded') OR OLD.state = 'staged' AND NEW.state IN ('stocked', 'discarded'))",
    ),
    (
        "card_batch", "UPDATE", "a batch that is stocked is not counted anew",
        "OLD.state IN ('stocked', 'discarded') AND (OLD.kept <> NEW.kept OR OLD.lines <> NEW.lines"
        " OR OLD.stocked_by IS DISTINCT FROM NEW.stocked_by"
        " OR (OLD.journal_id IS NOT NULL AND OLD.journal_id IS DISTINCT FROM NEW.journal_id))",
    ),
    ("card_batch", "DELETE", "a batch stays", "1 = 1"),
    (
        "card_key", "INSERT", "a key comes in with its batch",
        "NOT EXISTS (SELECT 1 FROM card_batch b WHERE b.id = NEW.batch_id AND ("
        "b.state = 'importing' AND NEW.state = 'available'"
        " OR b.kind = 'delivered' AND NEW.state = 'sold'"
        " OR b.state = 'stocked' AND NEW.state = 'bait'))",
    ),
    ("card_key", "UPDATE", "a key stays what it is", _differs(_FROZEN)),
    ("card_key", "UPDATE", "this cannot happen to a key in its state", _step_refused()),
    (
        "card_key", "UPDATE", "a key is sold to the unit that it is reserved for",
        "OLD.state IN ('sold', 'revealed') AND OLD.unit IS DISTINCT FROM NEW.unit"
        " OR OLD.state = 'reserved' AND NEW.state = 'sold'"
        " AND OLD.unit IS DISTINCT FROM NEW.unit",
    ),
    (
        # What is staged is counted already, and its cost is posted by that count.
        "card_key", "UPDATE", "only keys of a stocked batch are sold or set aside",
        "NOT EXISTS (SELECT 1 FROM card_batch b WHERE b.id = NEW.batch_id"
        " AND b.state = 'stocked' AND (b.kind = 'stock' OR NEW.state <> 'reserved'))",
    ),
    (
        "card_key", "DELETE", "a key stays",
        "NOT EXISTS (SELECT 1 FROM card_batch b WHERE b.id = OLD.batch_id"
        " AND b.state = 'discarded')",
    ),
    (
        "card_handover", "INSERT", "a unit gets the key that is sold to it",
        "NOT EXISTS (SELECT 1 FROM card_key k WHERE k.id = NEW.key_id AND k.unit = NEW.unit"
        " AND k.state = 'sold')",
    ),
    (
        "card_handover", "UPDATE", "what was handed over stays so",
        _differs(("key_id", "unit", "replaces", "account", "cost", "currency", "at_s"))
        + " OR OLD.journal_id IS NOT NULL",
    ),
    ("card_handover", "DELETE", "what was handed over stays so", "1 = 1"),
    ("card_access", "UPDATE", "who has looked stays in the log", "1 = 1"),
    ("card_access", "DELETE", "who has looked stays in the log", "1 = 1"),
    (
        "card_alert", "UPDATE", "an alert is seen once",
        "OLD.seen_at_s IS NOT NULL"
        " OR " + _differs(("id", "at_s", "kind", "key_id", "actor", "address")),
    ),
    ("card_alert", "DELETE", "an alert stays", "1 = 1"),
    (
        "card_export", "UPDATE", "an export goes from requested to approved to fetched",
        "NOT (OLD.state = 'requested' AND NEW.state IN ('approved', 'refused')"
        " OR OLD.state = 'approved' AND NEW.state IN ('fetched', 'refused')"
        ") OR " + _differs(("id", "sku", "wanted", "reason", "requested_by", "requested_at_s")),
    ),
    ("card_export", "DELETE", "an export stays", "1 = 1"),
)  # fmt: skip


def _sqlite():
    for number, (table, event, why, when) in enumerate(RULES):
        yield (
            f"CREATE TRIGGER card_rule_{number} BEFORE {event} ON {table} WHEN {when}"
            f" BEGIN SELECT raise(ABORT, 'cards: {why}'); END"
        )


def _postgres():
    by_table = {}
    for table, event, why, when in RULES:
        by_table.setdefault((table, event), []).append((why, when))
    for (table, event), rules in by_table.items():
        name = f"{table}_{event.lower()}_rules"
        body = "".join(
            f"IF {when} THEN RAISE EXCEPTION 'cards: {why}' USING ERRCODE = 'check_violation';"
            " END IF;\n"
            for why, when in rules
        )
        gives = "OLD" if event == "DELETE" else "NEW"
        yield (
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN {body} RETURN {gives}; END $$"
        )
        yield (
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW"
            f" EXECUTE FUNCTION {name}()"
        )
    yield (
        "CREATE FUNCTION cards_truncated() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'cards: nothing is ever truncated'"
        " USING ERRCODE = 'check_violation'; END $$"
    )
    for table in sorted({rule[0] for rule in RULES}):
        # TRUNCATE would go past the row triggers.
        yield (
            f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"
            " EXECUTE FUNCTION cards_truncated()"
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
