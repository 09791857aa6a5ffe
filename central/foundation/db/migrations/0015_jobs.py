"""Jobs by the clock, messages that wait to be delivered, and alerts.

Forward only; never edited once released.
"""

TABLES = """
-- One row a job. Whoever holds its lease runs it; nobody else does.
CREATE TABLE job (
    name TEXT PRIMARY KEY,
    next_at_s BIGINT NOT NULL,
    is_paused {bool} NOT NULL,
    lease TEXT,
    lease_until_s BIGINT NOT NULL
);

CREATE TABLE job_run (
    id {id},
    job TEXT NOT NULL REFERENCES job (name),
    began_at_s BIGINT NOT NULL,
    ended_at_s BIGINT,
    asked_by TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('running', 'done', 'failed', 'lost')),
    said TEXT NOT NULL,
    CONSTRAINT job_run_ends CHECK ((outcome = 'running') = (ended_at_s IS NULL))
);
CREATE INDEX job_run_job ON job_run (job, id);
CREATE UNIQUE INDEX job_run_one ON job_run (job) WHERE outcome = 'running';

-- What is to be delivered once the transaction that wrote it has committed.
CREATE TABLE outbox (
    id {id},
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'sent', 'dead')),
    attempts INTEGER NOT NULL,
    next_at_s BIGINT NOT NULL,
    lease TEXT,
    lease_until_s BIGINT NOT NULL,
    said TEXT NOT NULL,
    put_at_s BIGINT NOT NULL,
    done_at_s BIGINT,
    UNIQUE (kind, key),
    CONSTRAINT outbox_done CHECK ((state IN ('sent', 'dead')) = (done_at_s IS NOT NULL))
);
CREATE INDEX outbox_due ON outbox (next_at_s) WHERE state IN ('waiting', 'sending');
CREATE INDEX outbox_dead ON outbox (id) WHERE state = 'dead';

-- What somebody has to look at: open once a subject, until it is over.
CREATE TABLE alert (
    id {id},
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    said TEXT NOT NULL,
    opened_at_s BIGINT NOT NULL,
    told_at_s BIGINT NOT NULL,
    seen_by TEXT,
    seen_at_s BIGINT,
    cleared_at_s BIGINT,
    CONSTRAINT alert_seen CHECK ((seen_by IS NULL) = (seen_at_s IS NULL))
);
CREATE UNIQUE INDEX alert_open ON alert (kind, subject) WHERE cleared_at_s IS NULL
"""

# Table, event, what is said, and when it is refused.
RULES = (
    (
        "outbox", "UPDATE", "a message stays what it is, and what was sent was sent",
        "OLD.state = 'sent' OR OLD.kind <> NEW.kind OR OLD.key <> NEW.key OR OLD.body <> NEW.body"
        " OR OLD.put_at_s <> NEW.put_at_s",
    ),
    ("outbox", "DELETE", "a message stays", "1 = 1"),
    ("job_run", "UPDATE", "a run ends once", "OLD.outcome <> 'running'"),
    (
        "alert", "UPDATE", "what is over is over",
        "OLD.cleared_at_s IS NOT NULL OR OLD.kind <> NEW.kind OR OLD.subject <> NEW.subject"
        " OR OLD.opened_at_s <> NEW.opened_at_s",
    ),
    ("alert", "DELETE", "an alert stays", "1 = 1"),
)  # fmt: skip


def _sqlite():
    for number, (table, event, why, when) in enumerate(RULES):
        yield (
            f"CREATE TRIGGER jobs_rule_{number} BEFORE {event} ON {table} WHEN {when}"
            f" BEGIN SELECT raise(ABORT, 'jobs: {why}'); END"
        )


def _postgres():
    yield (
        "CREATE FUNCTION jobs_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'jobs: %%', TG_ARGV[0] USING ERRCODE = 'check_violation'; END $$"
    )
    for number, (table, event, why, when) in enumerate(RULES):
        yield (
            f"CREATE TRIGGER jobs_rule_{number} BEFORE {event} ON {table} FOR EACH ROW"
            f" WHEN ({when}) EXECUTE FUNCTION jobs_refuse('{why}')"
        )


def up(_migrator, db):
    """Create tables and rules."""
    sqlite = db.param == "?"
    types = {
        "id": "INTEGER PRIMARY KEY" if sqlite else "BIGSERIAL PRIMARY KEY",
        "bool": "INTEGER" if sqlite else "BOOLEAN",
    }
    for statement in TABLES.format(**types).split(";\n"):
        db.execute_sql(statement)
    for statement in _sqlite() if sqlite else _postgres():
        db.execute_sql(statement)
