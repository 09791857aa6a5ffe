"""Whom we buy from, what they offer, every purchase and what became of it.

Forward only; never edited once released.
"""

TABLES = """
CREATE TABLE supplier (
    id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 2 AND 30),
    name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'suspended', 'closed')),
    made_by TEXT NOT NULL,
    made_at_s BIGINT NOT NULL
);

-- One account at a supplier. Credentials are sealed: AES-256-GCM, key in a file of data_dir.
CREATE TABLE supplier_account (
    id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 2 AND 30),
    supplier TEXT NOT NULL REFERENCES supplier (id),
    protocol TEXT NOT NULL,
    base_url TEXT NOT NULL,
    is_test {bool} NOT NULL,
    settings TEXT NOT NULL,
    credentials {blob} NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    is_prepaid {bool} NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'suspended', 'closed')),
    deadline_ms INTEGER NOT NULL CHECK (deadline_ms BETWEEN 50 AND 60000),
    sync_every_s INTEGER NOT NULL CHECK (sync_every_s BETWEEN 10 AND 86400),
    synced_at_s BIGINT NOT NULL DEFAULT 0,
    balance_e4 BIGINT,
    balance_at_s BIGINT,
    low_balance_e4 BIGINT NOT NULL CHECK (low_balance_e4 >= 0),
    made_by TEXT NOT NULL,
    made_at_s BIGINT NOT NULL
);
CREATE INDEX supplier_account_supplier ON supplier_account (supplier);

-- What one account sells of one SKU. Prices in 1/10,000 of the account's currency.
CREATE TABLE supplier_offer (
    id {id},
    sku TEXT NOT NULL REFERENCES sku (id),
    account TEXT NOT NULL REFERENCES supplier_account (id),
    their_ref TEXT NOT NULL CHECK (length(their_ref) BETWEEN 1 AND 64),
    cost_e4 BIGINT NOT NULL CHECK (cost_e4 >= 0),
    price_seen_at_s BIGINT NOT NULL,
    stock BIGINT CHECK (stock >= 0),
    stock_seen_at_s BIGINT NOT NULL,
    min_quantity INTEGER NOT NULL CHECK (min_quantity > 0),
    max_quantity INTEGER NOT NULL,
    inputs TEXT NOT NULL,
    priority INTEGER NOT NULL,
    weight INTEGER NOT NULL CHECK (weight >= 0),
    ambiguity_s INTEGER NOT NULL CHECK (ambiguity_s > 0),
    is_enabled {bool} NOT NULL,
    UNIQUE (sku, account, their_ref),
    CHECK (max_quantity >= min_quantity)
);
CREATE INDEX supplier_offer_account ON supplier_offer (account);

-- How a SKU is bought; without a row the usual terms hold.
CREATE TABLE supplier_terms (
    sku TEXT PRIMARY KEY REFERENCES sku (id),
    policy TEXT NOT NULL CHECK (policy IN ('cheapest', 'priority', 'weighted', 'fastest',
        'success')),
    min_margin_bp INTEGER NOT NULL CHECK (min_margin_bp BETWEEN 0 AND 10000),
    buffer_bp INTEGER NOT NULL CHECK (buffer_bp BETWEEN 0 AND 10000),
    allow_loss {bool} NOT NULL,
    late_win_to_stock {bool} NOT NULL,
    price_ttl_s INTEGER NOT NULL CHECK (price_ttl_s > 0),
    attempts_max INTEGER NOT NULL CHECK (attempts_max BETWEEN 1 AND 50),
    changed_by TEXT NOT NULL,
    changed_at_s BIGINT NOT NULL,
    CHECK (min_margin_bp + buffer_bp <= 10000)
);

CREATE TABLE supplier_health (
    account TEXT PRIMARY KEY REFERENCES supplier_account (id),
    opened_at_s BIGINT,
    pause_s INTEGER NOT NULL,
    probe_until_s BIGINT NOT NULL,
    calls TEXT NOT NULL
);

-- What is to be bought for one unit of an order. The buyer's inputs are sealed.
CREATE TABLE supplier_purchase (
    unit TEXT PRIMARY KEY CHECK (length(unit) BETWEEN 1 AND 64),
    sku TEXT NOT NULL REFERENCES sku (id),
    kind TEXT NOT NULL CHECK (kind IN ('supplier_key', 'direct_topup')),
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    sell_net_e4 BIGINT NOT NULL CHECK (sell_net_e4 >= 0),
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    inputs {blob} NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'sourced', 'exhausted', 'held', 'cancelled')),
    asked_at_s BIGINT NOT NULL,
    asked_by TEXT NOT NULL,
    next_at_s BIGINT NOT NULL,
    lease TEXT NOT NULL DEFAULT '',
    lease_until_s BIGINT NOT NULL DEFAULT 0,
    done_at_s BIGINT,
    CHECK ((state IN ('sourced', 'exhausted', 'cancelled')) = (done_at_s IS NOT NULL))
);
CREATE INDEX supplier_purchase_due ON supplier_purchase (next_at_s)
    WHERE state IN ('open', 'held');

-- One purchase at one supplier. The reference is there before the call and never changes (I-8).
CREATE TABLE supplier_attempt (
    id {id},
    unit TEXT NOT NULL REFERENCES supplier_purchase (unit),
    n INTEGER NOT NULL CHECK (n > 0),
    kind TEXT NOT NULL CHECK (kind IN ('supplier_key', 'direct_topup')),
    offer BIGINT NOT NULL REFERENCES supplier_offer (id),
    account TEXT NOT NULL REFERENCES supplier_account (id),
    their_ref TEXT NOT NULL,
    client_ref TEXT NOT NULL,
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    cost_e4 BIGINT NOT NULL CHECK (cost_e4 >= 0),
    cap_e4 BIGINT NOT NULL,
    allow_loss {bool} NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('planned', 'sending', 'accepted', 'unknown', 'held',
        'succeeded', 'late', 'failed', 'rejected', 'not_sent', 'not_found', 'dropped')),
    passed_over {bool} NOT NULL,
    upstream_no TEXT NOT NULL DEFAULT '',
    charged_e4 BIGINT,
    late_to TEXT CHECK (late_to IN ('stock', 'dispute')),
    code TEXT NOT NULL DEFAULT '',
    asked INTEGER NOT NULL DEFAULT 0,
    planned_at_s BIGINT NOT NULL,
    sent_at_s BIGINT,
    next_at_s BIGINT NOT NULL,
    done_at_s BIGINT,
    journal_id BIGINT REFERENCES journal (id),
    UNIQUE (account, client_ref),
    UNIQUE (unit, n),
    -- I-10: never dearer than the cap, but where a person has allowed it.
    CONSTRAINT supplier_attempt_cap CHECK (cost_e4 <= cap_e4 OR allow_loss = {true}),
    -- A top-up is never passed over: a second one cannot be taken back.
    CONSTRAINT supplier_attempt_no_second_top_up CHECK (
        passed_over = {false} OR kind = 'supplier_key'),
    CONSTRAINT supplier_attempt_late CHECK ((state = 'late') = (late_to IS NOT NULL)),
    CONSTRAINT supplier_attempt_late_key CHECK (late_to <> 'stock' OR kind = 'supplier_key'),
    CHECK ((state IN ('planned', 'dropped')) = (sent_at_s IS NULL))
);
CREATE INDEX supplier_attempt_unit ON supplier_attempt (unit, n);
CREATE INDEX supplier_attempt_state ON supplier_attempt (state, next_at_s);
CREATE INDEX supplier_attempt_offer ON supplier_attempt (offer);
-- I-7: at most one that may cost money and whose end is not known, but for keys passed over.
CREATE UNIQUE INDEX supplier_attempt_one_live ON supplier_attempt (unit)
    WHERE state IN ('planned', 'sending', 'accepted', 'unknown', 'held')
    AND passed_over = {false};
-- I-1: a unit is bought once; whatever else succeeds is late.
CREATE UNIQUE INDEX supplier_attempt_one_success ON supplier_attempt (unit)
    WHERE state = 'succeeded';

-- What happened to an attempt, in order.
CREATE TABLE supplier_event (
    id {id},
    attempt BIGINT NOT NULL REFERENCES supplier_attempt (id),
    at_s BIGINT NOT NULL,
    state TEXT NOT NULL,
    code TEXT NOT NULL,
    ms INTEGER,
    who TEXT NOT NULL
);
CREATE INDEX supplier_event_attempt ON supplier_event (attempt, id);

-- Every decision of the router: the offer it chose, and why not the others.
CREATE TABLE supplier_decision (
    id {id},
    unit TEXT NOT NULL REFERENCES supplier_purchase (unit),
    at_s BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX supplier_decision_unit ON supplier_decision (unit, id);

-- Callbacks that were verified and belong to an attempt, each once however often it comes (I-9).
CREATE TABLE supplier_inbox (
    id {id},
    account TEXT NOT NULL REFERENCES supplier_account (id),
    dedupe {blob} NOT NULL,
    attempt BIGINT REFERENCES supplier_attempt (id),
    client_ref TEXT NOT NULL,
    upstream_no TEXT NOT NULL,
    status TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('woken', 'unbound', 'other-number')),
    received_at_s BIGINT NOT NULL,
    deliveries INTEGER NOT NULL CHECK (deliveries > 0),
    UNIQUE (account, dedupe)
);

-- What a person has to hear of, each object once until it is over.
CREATE TABLE supplier_alert (
    id {id},
    kind TEXT NOT NULL CHECK (kind IN ('low-balance', 'breaker-open', 'credentials-refused',
        'price-raised', 'charged-over-cap', 'prepaid-short', 'held', 'disputed',
        'forged-callback', 'other-number')),
    object TEXT NOT NULL,
    detail TEXT NOT NULL,
    opened_at_s BIGINT NOT NULL,
    cleared_at_s BIGINT,
    cleared_by TEXT
);
CREATE UNIQUE INDEX supplier_alert_open ON supplier_alert (kind, object)
    WHERE cleared_at_s IS NULL;

-- Keys that have arrived and that no vault has taken yet, sealed; and their prints, so that the
-- same key never arrives twice (I-3).
CREATE TABLE supplier_arrival (
    attempt BIGINT PRIMARY KEY REFERENCES supplier_attempt (id),
    sku TEXT NOT NULL REFERENCES sku (id),
    unit TEXT,
    count INTEGER NOT NULL CHECK (count > 0),
    sealed {blob} NOT NULL,
    arrived_at_s BIGINT NOT NULL
);
CREATE TABLE supplier_key_print (
    sku TEXT NOT NULL,
    print {blob} NOT NULL,
    attempt BIGINT NOT NULL REFERENCES supplier_attempt (id),
    PRIMARY KEY (sku, print)
)
"""

TRANSITIONS = {
    "planned": ("sending", "dropped"),
    "sending": ("accepted", "succeeded", "late", "rejected", "not_sent", "unknown", "held"),
    "unknown": ("accepted", "succeeded", "late", "failed", "rejected", "not_found", "held"),
    "accepted": ("succeeded", "late", "failed", "unknown", "held"),
    "held": ("unknown", "succeeded", "late", "failed"),
    "not_found": ("late", "succeeded"),
    "failed": ("late", "succeeded"),
    "rejected": ("late", "succeeded"),
}

_SAME = (
    "unit", "n", "kind", "offer", "account", "their_ref", "client_ref", "quantity", "cost_e4",
    "cap_e4", "allow_loss", "planned_at_s",
)  # fmt: skip


def _differs(columns):
    return " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in columns)


def _moves():
    return " OR ".join(
        f"(OLD.state = '{state}' AND NEW.state IN ({', '.join(repr(to) for to in after)}))"
        for state, after in TRANSITIONS.items()
    )


def _rules(true, false):
    return (
        (
            "supplier_attempt", "INSERT", "an attempt begins as planned",
            f"NEW.state <> 'planned' OR NEW.passed_over = {true}",
        ),
        (
            "supplier_attempt", "UPDATE", "what was asked for never changes", _differs(_SAME),
        ),
        (
            "supplier_attempt", "UPDATE", "this cannot become of an attempt",
            f"OLD.state <> NEW.state AND NOT ({_moves()})",
        ),
        (
            "supplier_attempt", "UPDATE", "what has ended has ended",
            # Those that ended as not done may be asked after again, and turn out to be late.
            "OLD.state = NEW.state AND OLD.state IN ('succeeded', 'late', 'not_sent', 'dropped')",
        ),
        (
            "supplier_attempt", "UPDATE", "who was passed over stays so, and its number too",
            f"(OLD.passed_over = {true} AND NEW.passed_over = {false})"
            " OR (OLD.upstream_no <> '' AND OLD.upstream_no <> NEW.upstream_no)"
            " OR (OLD.sent_at_s IS NOT NULL AND NEW.sent_at_s IS NULL)",
        ),
        ("supplier_attempt", "DELETE", "an attempt stays", "1 = 1"),
        (
            "supplier_purchase", "UPDATE", "what is to be bought never changes",
            _differs(("unit", "sku", "kind", "quantity", "sell_net_e4", "currency", "asked_at_s"))
            + " OR (OLD.state = 'sourced' AND NEW.state <> 'sourced')",
        ),
        ("supplier_purchase", "DELETE", "a purchase stays", "1 = 1"),
        ("supplier_event", "UPDATE", "what has happened stays", "1 = 1"),
        ("supplier_event", "DELETE", "what has happened stays", "1 = 1"),
        ("supplier_decision", "UPDATE", "a decision stays", "1 = 1"),
        ("supplier_decision", "DELETE", "a decision stays", "1 = 1"),
        ("supplier_key_print", "UPDATE", "a print stays", "1 = 1"),
        ("supplier_key_print", "DELETE", "a print stays", "1 = 1"),
    )  # fmt: skip


def _sqlite():
    for number, (table, event, why, when) in enumerate(_rules("1", "0")):
        yield (
            f"CREATE TRIGGER supplier_rule_{number} BEFORE {event} ON {table} WHEN {when}"
            f" BEGIN SELECT raise(ABORT, 'suppliers: {why}'); END"
        )


def _postgres():
    yield (
        "CREATE FUNCTION suppliers_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'suppliers: %%', TG_ARGV[0] USING ERRCODE = 'check_violation'; END"
        " $$"
    )
    rules = _rules("TRUE", "FALSE")
    for number, (table, event, why, when) in enumerate(rules):
        yield (
            f"CREATE TRIGGER supplier_rule_{number} BEFORE {event} ON {table} FOR EACH ROW"
            f" WHEN ({when}) EXECUTE FUNCTION suppliers_refuse('{why}')"
        )
    for table in sorted({rule[0] for rule in rules}):
        # TRUNCATE would go past the row triggers.
        yield (
            f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"
            " EXECUTE FUNCTION suppliers_refuse('nothing is ever truncated')"
        )


def up(_migrator, db):
    """Create tables and rules."""
    sqlite = db.param == "?"
    types = {
        "id": "INTEGER PRIMARY KEY" if sqlite else "BIGSERIAL PRIMARY KEY",
        "blob": "BLOB" if sqlite else "BYTEA",
        "bool": "INTEGER" if sqlite else "BOOLEAN",
        "true": "1" if sqlite else "TRUE",
        "false": "0" if sqlite else "FALSE",
    }
    for statement in TABLES.format(**types).split(";\n"):
        db.execute_sql(statement)
    for statement in _sqlite() if sqlite else _postgres():
        db.execute_sql(statement)
