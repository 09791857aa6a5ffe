"""Every outside call before it is sent, and every callback once. Forward only."""

TABLES = """
-- One row per thing that was asked of a payment channel, written before it is sent. A row that
-- stays 'sent' is a call whose process died: nobody knows, so query. The number and what it asks
-- for never change; only how often it was sent, and what came of it.
CREATE TABLE channel_call (
    id {id},
    channel TEXT NOT NULL,
    kind TEXT NOT NULL,
    number TEXT NOT NULL,
    request_sha256 {blob} NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('sent', 'answered', 'refused', 'unknown')),
    attempts INTEGER NOT NULL CHECK (attempts > 0),
    last_code TEXT NOT NULL DEFAULT '',
    first_sent_at_s BIGINT NOT NULL,
    sent_at_s BIGINT NOT NULL,
    answered_at_s BIGINT,
    UNIQUE (channel, kind, number)
);
CREATE INDEX channel_call_open ON channel_call (state, sent_at_s)
    WHERE state IN ('sent', 'unknown');

-- Callbacks that were verified, each once however often it comes. Never changed but for being
-- counted and marked as passed on.
CREATE TABLE channel_inbox (
    id {id},
    channel TEXT NOT NULL,
    event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    event_type TEXT NOT NULL,
    number TEXT NOT NULL,
    amount_minor BIGINT,
    currency TEXT,
    body_sha256 {blob} NOT NULL,
    created_at_s BIGINT NOT NULL,
    received_at_s BIGINT NOT NULL,
    deliveries INTEGER NOT NULL CHECK (deliveries > 0),
    UNIQUE (channel, event_id),
    CHECK ((amount_minor IS NULL) = (currency IS NULL))
);
CREATE INDEX channel_inbox_number ON channel_inbox (channel, number)
"""


def up(_migrator, db):
    """Create them."""
    sqlite = db.param == "?"
    types = {
        "id": "INTEGER PRIMARY KEY" if sqlite else "BIGSERIAL PRIMARY KEY",
        "blob": "BLOB" if sqlite else "BYTEA",
    }
    for statement in TABLES.format(**types).split(";\n"):
        db.execute_sql(statement)
