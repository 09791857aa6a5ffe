"""Agents and profit sharing, with what must never happen in the schema. Forward only; never edited
once released.

The tree of agents has no circles, what was in force at a moment stays so for ever, a rule set
that was used is never changed, and a commission never grows back.
"""

TABLES = """
CREATE TABLE agent_level (
    id TEXT PRIMARY KEY,
    rank SMALLINT NOT NULL UNIQUE,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL
);
INSERT INTO agent_level (id, rank, name_zh, name_en) VALUES
    ('general', 4, '总代', 'General agent'),
    ('province', 3, '省代', 'Province agent'),
    ('city', 2, '市代', 'City agent'),
    ('promoter', 1, '推广员', 'Promoter');

-- An agent as he is now. What he was is in agent_span.
CREATE TABLE agent (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    parent TEXT REFERENCES agent (id),
    level TEXT NOT NULL REFERENCES agent_level (id),
    state TEXT NOT NULL CHECK (state IN ('active', 'suspended', 'terminated')),
    bound_at_s BIGINT NOT NULL,
    added_at_s BIGINT NOT NULL
);
CREATE INDEX agent_parent ON agent (parent);

-- What an agent was from one moment until before another; one row of each is open.
CREATE TABLE agent_span (
    agent TEXT NOT NULL REFERENCES agent (id),
    n INTEGER NOT NULL CHECK (n > 0),
    parent TEXT REFERENCES agent (id),
    level TEXT NOT NULL REFERENCES agent_level (id),
    state TEXT NOT NULL CHECK (state IN ('active', 'suspended', 'terminated')),
    from_s BIGINT NOT NULL,
    to_s BIGINT CHECK (to_s >= from_s),
    actor TEXT NOT NULL,
    PRIMARY KEY (agent, n)
);
CREATE UNIQUE INDEX agent_span_open ON agent_span (agent) WHERE to_s IS NULL;

-- Rule sets. A scope has versions; of those in force at a moment the one that began last counts.
CREATE TABLE sharing_rule (
    scope TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    body TEXT NOT NULL,
    note TEXT NOT NULL,
    answered_for TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('draft', 'active')),
    from_s BIGINT,
    drafted_by TEXT NOT NULL,
    drafted_at_s BIGINT NOT NULL,
    activated_by TEXT,
    PRIMARY KEY (scope, version),
    CHECK ((state = 'active') = (from_s IS NOT NULL)),
    CHECK ((state = 'active') = (activated_by IS NOT NULL))
);
CREATE UNIQUE INDEX sharing_rule_from ON sharing_rule (scope, from_s) WHERE from_s IS NOT NULL;

-- A sale that was shared, or, for a voucher, will be as it is used ('promise').
CREATE TABLE shared_sale (
    ref TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('order', 'promise', 'redemption')),
    promise TEXT REFERENCES shared_sale (ref),
    currency TEXT NOT NULL,
    minor BIGINT NOT NULL CHECK (minor > 0),
    left_minor BIGINT NOT NULL CHECK (left_minor BETWEEN 0 AND minor),
    scope TEXT,
    version INTEGER,
    snapshot TEXT NOT NULL,
    shared_at_s BIGINT NOT NULL,
    FOREIGN KEY (scope, version) REFERENCES sharing_rule (scope, version),
    CHECK ((kind = 'redemption') = (promise IS NOT NULL))
);
CREATE INDEX shared_sale_rule ON shared_sale (scope, version);

-- What an agent earns of a sale. kept_minor falls as refunds take it back; of a promise it is what
-- is still to be earned.
CREATE TABLE commission (
    sale TEXT NOT NULL REFERENCES shared_sale (ref),
    agent TEXT NOT NULL,
    place INTEGER NOT NULL,
    minor BIGINT NOT NULL CHECK (minor > 0),
    kept_minor BIGINT NOT NULL CHECK (kept_minor BETWEEN 0 AND minor),
    state TEXT NOT NULL CHECK (state IN ('promised', 'pending', 'released', 'clawed')),
    release_at_s BIGINT NOT NULL,
    released_at_s BIGINT,
    PRIMARY KEY (sale, agent),
    CHECK ((state = 'clawed') = (kept_minor = 0) OR state = 'promised'),
    CHECK (state <> 'released' OR released_at_s IS NOT NULL)
);
CREATE INDEX commission_due ON commission (release_at_s) WHERE state = 'pending';
CREATE INDEX commission_agent ON commission (agent);

-- What was taken back for a refund, so that the same refund takes it back once.
CREATE TABLE clawed_back (
    refund TEXT PRIMARY KEY,
    sale TEXT NOT NULL REFERENCES shared_sale (ref),
    minor BIGINT NOT NULL CHECK (minor > 0),
    taken TEXT NOT NULL,
    at_s BIGINT NOT NULL
);
CREATE INDEX clawed_back_sale ON clawed_back (sale)
"""

_CIRCLE = """EXISTS (
    WITH RECURSIVE up (id) AS (
        SELECT NEW.parent UNION SELECT a.parent FROM agent a JOIN up ON a.id = up.id
    ) SELECT 1 FROM up WHERE id = NEW.id)"""

# Each rule once: table, event, what is said, and when it is refused, in SQL that both engines read.
RULES = (
    ("agent", "INSERT", "agents: nobody stands above himself", _CIRCLE),
    (
        "agent", "INSERT",
        "agents: a new agent stands under one who works",
        "NEW.parent IS NOT NULL AND"
        " coalesce((SELECT state FROM agent WHERE id = NEW.parent), '') = 'terminated'",
    ),
    (
        "agent", "UPDATE",
        "agents: nobody stands above himself",
        _CIRCLE,
    ),
    (
        "agent", "UPDATE",
        "agents: an agent stands under one who works",
        "NEW.parent IS NOT NULL AND NEW.state <> 'terminated'"
        " AND (SELECT state FROM agent WHERE id = NEW.parent) = 'terminated'",
    ),
    (
        "agent", "UPDATE",
        "agents: whom others stand under cannot be terminated",
        "NEW.state = 'terminated'"
        " AND EXISTS (SELECT 1 FROM agent WHERE parent = NEW.id AND state <> 'terminated')",
    ),
    (
        "agent", "UPDATE",
        "agents: who was terminated stays so",
        "OLD.state = 'terminated' OR OLD.id <> NEW.id OR OLD.added_at_s <> NEW.added_at_s",
    ),
    ("agent", "DELETE", "agents: agents are never deleted", "1 = 1"),
    (
        "agent_span", "UPDATE",
        "agents: what was stays so",
        "OLD.to_s IS NOT NULL OR NEW.to_s IS NULL OR OLD.agent <> NEW.agent OR OLD.n <> NEW.n"
        " OR coalesce(OLD.parent, '') <> coalesce(NEW.parent, '') OR OLD.level <> NEW.level"
        " OR OLD.state <> NEW.state OR OLD.from_s <> NEW.from_s OR OLD.actor <> NEW.actor",
    ),
    ("agent_span", "DELETE", "agents: what was stays so", "1 = 1"),
    (
        "sharing_rule", "UPDATE",
        "sharing: a rule set that was used is never changed",
        "EXISTS (SELECT 1 FROM shared_sale WHERE scope = OLD.scope AND version = OLD.version)",
    ),
    (
        "sharing_rule", "UPDATE",
        "sharing: a rule set that is active is not edited",
        "OLD.state = 'active' AND (NEW.state = 'active' OR OLD.body <> NEW.body)",
    ),
    (
        "sharing_rule", "UPDATE",
        "sharing: a rule set keeps its name",
        "OLD.scope <> NEW.scope OR OLD.version <> NEW.version",
    ),
    (
        "sharing_rule", "DELETE",
        "sharing: only a draft is thrown away",
        "OLD.state <> 'draft'",
    ),
    (
        "shared_sale", "UPDATE",
        "sharing: what a sale was stays so",
        "OLD.ref <> NEW.ref OR OLD.kind <> NEW.kind OR OLD.currency <> NEW.currency"
        " OR OLD.minor <> NEW.minor OR OLD.snapshot <> NEW.snapshot"
        " OR coalesce(OLD.promise, '') <> coalesce(NEW.promise, '')"
        " OR coalesce(OLD.scope, '') <> coalesce(NEW.scope, '')"
        " OR coalesce(OLD.version, 0) <> coalesce(NEW.version, 0)",
    ),
    (
        "shared_sale", "UPDATE",
        "sharing: what was undone stays undone",
        "OLD.kind <> 'promise' AND NEW.left_minor > OLD.left_minor",
    ),
    ("shared_sale", "DELETE", "sharing: sales are never deleted", "1 = 1"),
    (
        "commission", "UPDATE",
        "sharing: a commission stays what it is",
        "OLD.sale <> NEW.sale OR OLD.agent <> NEW.agent OR OLD.minor <> NEW.minor"
        " OR OLD.place <> NEW.place",
    ),
    (
        "commission", "UPDATE",
        "sharing: a commission never grows back",
        "OLD.state <> 'promised' AND NEW.kept_minor > OLD.kept_minor",
    ),
    (
        "commission", "UPDATE",
        "sharing: a commission goes from pending to released to clawed",
        "OLD.state <> NEW.state AND NOT (OLD.state = 'pending' AND NEW.state IN ('released',"
        " 'clawed') OR OLD.state = 'released' AND NEW.state = 'clawed')",
    ),
    ("commission", "DELETE", "sharing: commissions are never deleted", "1 = 1"),
    ("clawed_back", "UPDATE", "sharing: what was taken back stays so", "1 = 1"),
    ("clawed_back", "DELETE", "sharing: what was taken back stays so", "1 = 1"),
)  # fmt: skip


def _by_table():
    found = {}
    for table, event, says, when in RULES:
        found.setdefault((table, event), []).append((says, when))
    return found


def _sqlite():
    for (table, event), rules in _by_table().items():
        body = " ".join(f"SELECT raise(ABORT, '{says}') WHERE {when};" for says, when in rules)
        yield (
            f"CREATE TRIGGER {table}_{event.lower()}_rules AFTER {event} ON {table}"
            f" BEGIN {body} END"
        )


def _postgres():
    for (table, event), rules in _by_table().items():
        name = f"{table}_{event.lower()}_rules"
        body = "".join(
            f"IF {when} THEN RAISE EXCEPTION '{says}' USING ERRCODE = 'check_violation'; END IF;\n"
            for says, when in rules
        )
        yield (
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN {body} RETURN NULL; END $$"
        )
        yield (
            f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
        )
    for table in (
        "agent",
        "agent_span",
        "sharing_rule",
        "shared_sale",
        "commission",
        "clawed_back",
    ):
        # TRUNCATE would go past the row triggers.
        name = f"{table}_truncate_rules"
        yield (
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION"
            " 'sharing: nothing is ever truncated' USING ERRCODE = 'check_violation'; END $$"
        )
        yield (
            f"CREATE TRIGGER {name} BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"
            f" EXECUTE FUNCTION {name}()"
        )


def up(_migrator, db):
    """Create tables and rules."""
    sqlite = db.param == "?"
    for statement in TABLES.split(";\n"):
        db.execute_sql(statement)
    for statement in _sqlite() if sqlite else _postgres():
        db.execute_sql(statement)
