"""The hub's first tables, but for the ledger. Forward only; never edited once released."""

TABLES = """
-- Who works at headquarters.
CREATE TABLE person (
    id {id},
    name TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL,
    active {bool} NOT NULL,
    created_at_s BIGINT NOT NULL
);
-- Keys of programs. Only the hash is kept; the key is shown once.
CREATE TABLE api_key (
    id {id},
    name TEXT NOT NULL UNIQUE,
    key_hash {blob} NOT NULL UNIQUE,
    role TEXT NOT NULL,
    created_at_s BIGINT NOT NULL
);

-- One row, bumped by every change that units have to hear of. Its row lock makes the numbers
-- commit in their own order, so that a cursor never skips a change that committed late.
CREATE TABLE feed (
    id SMALLINT PRIMARY KEY CHECK (id = 1),
    n BIGINT NOT NULL
);
INSERT INTO feed (id, n) VALUES (1, 0);

CREATE TABLE issuer_key (
    issuer TEXT NOT NULL,
    kid SMALLINT NOT NULL CHECK (kid BETWEEN 0 AND 255),
    public_key {blob} NOT NULL,
    is_foreign {bool} NOT NULL,
    active {bool} NOT NULL,
    created_at_s BIGINT NOT NULL,
    changed_n BIGINT NOT NULL,
    PRIMARY KEY (issuer, kid)
);

CREATE TABLE store (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    store_group INTEGER NOT NULL CHECK (store_group BETWEEN 1 AND 65535),
    timezone TEXT NOT NULL,
    created_at_s BIGINT NOT NULL
);

CREATE TABLE unit (
    id TEXT PRIMARY KEY,
    store_id TEXT NOT NULL REFERENCES store (id),
    sign_key {blob} NOT NULL UNIQUE,
    seal_key {blob} NOT NULL,
    hardware TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'revoked', 'quarantined')),
    enrolled_at_s BIGINT NOT NULL,
    revoked_at_s BIGINT,
    heard_at_s BIGINT,
    health TEXT NOT NULL DEFAULT '{{}}'
);

-- One row per invitation; it ends as one unit, or as nothing.
CREATE TABLE enrolment (
    id TEXT PRIMARY KEY,
    code_hash {blob} NOT NULL UNIQUE,
    store_id TEXT NOT NULL REFERENCES store (id),
    state TEXT NOT NULL
        CHECK (state IN ('invited', 'offered', 'revealed', 'confirmed', 'refused')),
    invited_at_s BIGINT NOT NULL,
    expires_at_s BIGINT NOT NULL,
    sign_key {blob},
    seal_key {blob},
    commitment {blob},
    hub_nonce {blob},
    comparison_number TEXT,
    hardware TEXT NOT NULL DEFAULT '',
    unit_id TEXT,
    message {blob}
);

CREATE TABLE product (
    id INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND 16777215),
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    kind SMALLINT NOT NULL CHECK (kind IN (0, 1, 2)),
    worth_minor BIGINT NOT NULL CHECK (worth_minor > 0),
    uses INTEGER NOT NULL CHECK (uses > 0),
    changed_n BIGINT NOT NULL
);

-- Status indices are given out densely, one shard for each group and month of expiry, so that a
-- list of what was revoked or used stays small and can be dropped as a whole.
CREATE TABLE shard (
    id INTEGER PRIMARY KEY,
    scope INTEGER NOT NULL,
    month INTEGER NOT NULL,
    used INTEGER NOT NULL CHECK (used BETWEEN 0 AND 131072)
);
CREATE INDEX shard_scope ON shard (scope, month);

CREATE TABLE voucher (
    id BIGINT PRIMARY KEY CHECK (id BETWEEN 0 AND 281474976710655),
    kid SMALLINT NOT NULL,
    product INTEGER NOT NULL REFERENCES product (id),
    value BIGINT NOT NULL CHECK (value BETWEEN 0 AND 4294967295),
    kind SMALLINT NOT NULL,
    scope INTEGER NOT NULL,
    not_before_day INTEGER NOT NULL,
    expires_day INTEGER NOT NULL,
    status_index BIGINT NOT NULL UNIQUE,
    dynamic_required {bool} NOT NULL,
    online_only {bool} NOT NULL,
    face_minor BIGINT NOT NULL CHECK (face_minor > 0),
    capacity BIGINT NOT NULL CHECK (capacity > 0),
    status SMALLINT NOT NULL CHECK (status IN (0, 1, 2, 3)),
    batch TEXT NOT NULL,
    issued_at_s BIGINT NOT NULL,
    issued_n BIGINT NOT NULL
);
CREATE INDEX voucher_batch ON voucher (batch);
CREATE INDEX voucher_issued ON voucher (scope, issued_n);

CREATE TABLE status_change (
    shard INTEGER NOT NULL REFERENCES shard (id),
    n BIGINT NOT NULL,
    place INTEGER NOT NULL,
    status SMALLINT NOT NULL,
    PRIMARY KEY (shard, n, place)
);

CREATE TABLE policy (
    store_group INTEGER PRIMARY KEY,
    body TEXT NOT NULL,
    changed_n BIGINT NOT NULL
);
CREATE TABLE receipt_template (
    store_group INTEGER PRIMARY KEY,
    body TEXT NOT NULL,
    changed_n BIGINT NOT NULL
);

-- How far the hub has each journal without a hole.
CREATE TABLE unit_tail (
    unit_id TEXT NOT NULL REFERENCES unit (id),
    epoch BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    hash {blob} NOT NULL,
    PRIMARY KEY (unit_id, epoch)
);

-- Facts. They are never refused and never changed; only the outcome of one is worked out anew
-- when others arrive.
CREATE TABLE redemption_entry (
    unit_id TEXT NOT NULL REFERENCES unit (id),
    epoch BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    hash {blob} NOT NULL,
    entry {blob} NOT NULL,
    kind SMALLINT,
    voucher_id BIGINT,
    amount BIGINT,
    mode SMALLINT,
    reason TEXT,
    wall_s BIGINT,
    voids_epoch BIGINT,
    voids_seq BIGINT,
    request {blob},
    outcome TEXT NOT NULL
        CHECK (outcome IN ('recorded', 'applied', 'overspend', 'quarantined')),
    outcome_reason TEXT NOT NULL DEFAULT '',
    covered BIGINT NOT NULL DEFAULT 0,
    posted INTEGER NOT NULL DEFAULT 0,
    received_at_s BIGINT NOT NULL,
    PRIMARY KEY (unit_id, epoch, seq)
);
CREATE INDEX redemption_entry_voucher ON redemption_entry (voucher_id) WHERE voucher_id IS NOT NULL;
CREATE INDEX redemption_entry_received ON redemption_entry (received_at_s);

-- Entries that claim a place which another entry has already.
CREATE TABLE forked_entry (
    unit_id TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    hash {blob} NOT NULL,
    entry {blob} NOT NULL,
    received_at_s BIGINT NOT NULL,
    PRIMARY KEY (unit_id, epoch, seq, hash)
);

-- What an operator has to look at: a fork, a gap, a unit that lost its journal.
CREATE TABLE alarm (
    id {id},
    unit_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,
    at_s BIGINT NOT NULL
);

CREATE TABLE reservation (
    unit_id TEXT NOT NULL,
    request {blob} NOT NULL,
    voucher_id BIGINT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    expires_at_s BIGINT NOT NULL,
    PRIMARY KEY (unit_id, request)
);
CREATE INDEX reservation_voucher ON reservation (voucher_id);

-- A redemption beyond a voucher's value: opened once, closed by a person.
CREATE TABLE conflict (
    unit_id TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    voucher_id BIGINT NOT NULL,
    excess BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'withdrawn')),
    opened_at_s BIGINT NOT NULL,
    PRIMARY KEY (unit_id, epoch, seq)
);
CREATE INDEX conflict_voucher ON conflict (voucher_id)
"""


def up(_migrator, db):
    """Create them."""
    sqlite = db.param == "?"
    types = {
        "id": "INTEGER PRIMARY KEY" if sqlite else "BIGSERIAL PRIMARY KEY",
        "blob": "BLOB" if sqlite else "BYTEA",
        "bool": "INTEGER" if sqlite else "BOOLEAN",
    }
    for statement in TABLES.format(**types).split(";\n"):
        db.execute_sql(statement)
