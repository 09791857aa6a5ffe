"""Settlement of stores and cases of double redemption, with what is sealed in the schema.

A statement is drawn up, and issued; from then on neither it nor its lines change, and its state
goes only the ways that are listed here. Forward only; never edited once released.
"""

TABLES = """
-- What a store pays for our service. A version is never changed; of those whose first day has
-- come the one that began last counts.
CREATE TABLE fee_model (
    store_id TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    first_day INTEGER NOT NULL CHECK (first_day BETWEEN 20000101 AND 99991231),
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    fixed_minor BIGINT NOT NULL CHECK (fixed_minor >= 0),
    tiers TEXT NOT NULL,
    set_at_s BIGINT NOT NULL,
    set_by TEXT NOT NULL,
    PRIMARY KEY (store_id, version)
);

-- How far a store's days have been gone through: what comes later for one of them is late. Every
-- entry of its account up to entry_id stands on an issued statement.
CREATE TABLE settled_through (
    store_id TEXT PRIMARY KEY,
    day INTEGER NOT NULL,
    entry_id BIGINT NOT NULL
);

CREATE TABLE statement (
    no TEXT PRIMARY KEY,
    store_id TEXT NOT NULL,
    n INTEGER NOT NULL CHECK (n > 0),
    day INTEGER NOT NULL CHECK (day BETWEEN 20000101 AND 99991231),
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    state TEXT NOT NULL
        CHECK (state IN ('draft', 'issued', 'confirmed', 'disputed', 'payable', 'paid')),
    opening BIGINT NOT NULL,
    gross BIGINT NOT NULL,
    fee BIGINT NOT NULL,
    net BIGINT NOT NULL,
    due BIGINT NOT NULL,
    closing BIGINT NOT NULL,
    volume_before BIGINT NOT NULL,
    fee_version INTEGER NOT NULL,
    drawn_up_at_s BIGINT NOT NULL,
    fee_journal_id BIGINT REFERENCES journal (id),
    prev_hash {blob},
    hash {blob},
    issued_at_s BIGINT,
    answer_until_s BIGINT,
    answered_at_s BIGINT,
    answered_by TEXT,
    reason TEXT,
    payable_at_s BIGINT,
    payout_no TEXT,
    paid_at_s BIGINT,
    UNIQUE (store_id, n),
    UNIQUE (store_id, day),
    CONSTRAINT statement_adds_up CHECK (net = gross - fee AND closing = opening + net),
    CONSTRAINT statement_is_sealed CHECK (state = 'draft' OR (hash IS NOT NULL
        AND prev_hash IS NOT NULL AND issued_at_s IS NOT NULL AND answer_until_s IS NOT NULL)),
    CONSTRAINT statement_is_paid_by CHECK (state <> 'paid' OR payout_no IS NOT NULL)
);
CREATE UNIQUE INDEX statement_one_draft ON statement (store_id) WHERE state = 'draft';
CREATE INDEX statement_state ON statement (state, store_id);
CREATE INDEX statement_payout ON statement (payout_no) WHERE payout_no IS NOT NULL;

-- One line: a journal of the store's account, or a disputed line of before that is settled.
CREATE TABLE statement_line (
    statement_no TEXT NOT NULL REFERENCES statement (no),
    n INTEGER NOT NULL CHECK (n > 0),
    store_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    business_day INTEGER NOT NULL,
    is_late {bool} NOT NULL,
    at_s BIGINT,
    final_after_s BIGINT,
    scope INTEGER,
    entry TEXT NOT NULL DEFAULT '',
    voucher TEXT NOT NULL DEFAULT '',
    gross BIGINT NOT NULL,
    fee BIGINT NOT NULL,
    net BIGINT NOT NULL,
    due BIGINT NOT NULL,
    journal_id BIGINT REFERENCES journal (id),
    settles TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (statement_no, n),
    CONSTRAINT statement_line_adds_up CHECK (net = gross - fee),
    CONSTRAINT statement_line_comes_from CHECK ((journal_id IS NULL) = (settles <> ''))
);
CREATE UNIQUE INDEX statement_line_journal ON statement_line (store_id, journal_id)
    WHERE journal_id IS NOT NULL;
CREATE UNIQUE INDEX statement_line_settles ON statement_line (settles) WHERE settles <> '';

-- A line that its store does not agree with. What is due for it waits until it is settled, and
-- then stands on the next statement.
CREATE TABLE disputed_line (
    statement_no TEXT NOT NULL,
    n INTEGER NOT NULL,
    due BIGINT NOT NULL,
    reason TEXT NOT NULL,
    opened_at_s BIGINT NOT NULL,
    opened_by TEXT NOT NULL,
    settled_at_s BIGINT,
    settled_by TEXT,
    note TEXT,
    PRIMARY KEY (statement_no, n),
    FOREIGN KEY (statement_no, n) REFERENCES statement_line (statement_no, n)
);
CREATE INDEX disputed_line_settled ON disputed_line (settled_at_s);

-- A redemption beyond its voucher's value, as money: somebody bears it, or it was none. An entry
-- has one that counts; times tells it from those that later facts have withdrawn.
CREATE TABLE conflict_case (
    id {id},
    unit_id TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    times INTEGER NOT NULL CHECK (times >= 0),
    store_id TEXT NOT NULL,
    voucher_id BIGINT NOT NULL,
    excess BIGINT NOT NULL CHECK (excess > 0),
    excess_minor BIGINT NOT NULL CHECK (excess_minor > 0),
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    state TEXT NOT NULL CHECK (state IN ('open', 'closed', 'withdrawn')),
    outcome TEXT CHECK (outcome IN ('platform', 'reserve', 'store', 'agent', 'no-conflict')),
    agent TEXT,
    reason TEXT,
    opened_at_s BIGINT NOT NULL,
    decide_until_s BIGINT NOT NULL,
    closed_at_s BIGINT,
    closed_by TEXT,
    claim_journal_id BIGINT NOT NULL REFERENCES journal (id),
    outcome_journal_id BIGINT REFERENCES journal (id),
    withdrawn_at_s BIGINT,
    UNIQUE (unit_id, epoch, seq, times),
    CONSTRAINT conflict_case_ends CHECK (state <> 'closed' OR (outcome IS NOT NULL
        AND outcome_journal_id IS NOT NULL AND closed_at_s IS NOT NULL AND closed_by IS NOT NULL)),
    CONSTRAINT conflict_case_agent CHECK ((outcome = 'agent') = (agent IS NOT NULL)
        OR outcome IS NULL)
);
CREATE UNIQUE INDEX conflict_case_counts ON conflict_case (unit_id, epoch, seq)
    WHERE state <> 'withdrawn';
CREATE INDEX conflict_case_state ON conflict_case (state, decide_until_s);
CREATE INDEX conflict_case_voucher ON conflict_case (voucher_id);

-- Every policy that was ever in force: entries bear its version, and disputes ask for it.
CREATE TABLE policy_version (
    store_group INTEGER NOT NULL,
    version BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (store_group, version)
);
INSERT INTO policy_version (store_group, version, body)
    SELECT store_group, changed_n, body FROM policy;

-- From when until when a unit was heard of without a longer silence in between: so it is known
-- how old its status was at any moment.
CREATE TABLE unit_contact (
    unit_id TEXT NOT NULL,
    from_s BIGINT NOT NULL,
    until_s BIGINT NOT NULL CHECK (until_s >= from_s),
    PRIMARY KEY (unit_id, from_s)
);

-- Entries that a unit has lost and nobody will ever see; somebody has said to go on without.
CREATE TABLE accepted_gap (
    unit_id TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    reason TEXT NOT NULL,
    accepted_by TEXT NOT NULL,
    accepted_at_s BIGINT NOT NULL,
    PRIMARY KEY (unit_id, epoch)
)
"""

_SEALED = (
    "no", "store_id", "n", "day", "currency", "opening", "gross", "fee", "net", "due", "closing",
    "volume_before", "fee_version", "drawn_up_at_s", "fee_journal_id", "prev_hash", "hash",
    "issued_at_s", "answer_until_s",
)  # fmt: skip
_STEPS = (
    "draft>issued", "issued>confirmed", "issued>disputed", "confirmed>payable",
    "disputed>payable", "payable>paid",
)  # fmt: skip
_CASE_SEALED = (
    "unit_id", "epoch", "seq", "times", "store_id", "voucher_id", "excess", "excess_minor",
    "currency", "opened_at_s", "claim_journal_id",
)  # fmt: skip
_CASE_OUTCOME = ("outcome", "agent", "reason", "closed_at_s", "closed_by", "outcome_journal_id")


def _differs(columns):
    return " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in columns)


def _issued(row):
    return f"(SELECT state FROM statement WHERE no = {row}.statement_no) <> 'draft'"


# Each rule once: table, event, what is said, and when it is refused, in SQL that both engines read.
RULES = (
    (
        "statement", "INSERT",
        "a statement begins as a draft",
        "NEW.state <> 'draft' OR NEW.hash IS NOT NULL OR NEW.payout_no IS NOT NULL",
    ),
    (
        "statement", "UPDATE",
        "an issued statement stays as it is",
        f"OLD.state <> 'draft' AND ({_differs(_SEALED)})",
    ),
    (
        "statement", "UPDATE",
        "a statement does not go this way",
        "OLD.state <> NEW.state AND OLD.state || '>' || NEW.state NOT IN ("
        + ", ".join(f"'{step}'" for step in _STEPS)
        + ")",
    ),
    (
        "statement", "UPDATE",
        "a statement that was paid stays so",
        "OLD.state = 'paid' AND OLD.payout_no IS DISTINCT FROM NEW.payout_no",
    ),
    (
        "statement", "DELETE",
        "an issued statement stays",
        "OLD.state <> 'draft'",
    ),
    (
        "statement_line", "INSERT",
        "the lines of an issued statement stay as they are",
        _issued("NEW"),
    ),
    (
        "statement_line", "UPDATE",
        "the lines of an issued statement stay as they are",
        f"{_issued('OLD')} OR {_issued('NEW')}",
    ),
    (
        "statement_line", "DELETE",
        "the lines of an issued statement stay as they are",
        _issued("OLD"),
    ),
    (
        "disputed_line", "UPDATE",
        "a dispute is settled once, and stays what it was about",
        "OLD.settled_at_s IS NOT NULL OR "
        + _differs(("statement_no", "n", "due", "reason", "opened_at_s", "opened_by")),
    ),
    ("disputed_line", "DELETE", "a dispute stays", "1 = 1"),
    ("fee_model", "UPDATE", "a fee model is not changed; it gets another version", "1 = 1"),
    ("fee_model", "DELETE", "a fee model stays", "1 = 1"),
    (
        "conflict_case", "UPDATE",
        "a case stays what it is about",
        _differs(_CASE_SEALED),
    ),
    (
        "conflict_case", "UPDATE",
        "a case is closed once",
        "OLD.state <> 'open' AND (NEW.state <> 'withdrawn' OR OLD.state = 'withdrawn'"
        f" OR {_differs(_CASE_OUTCOME)})",
    ),
    ("conflict_case", "DELETE", "a case stays", "1 = 1"),
    ("policy_version", "UPDATE", "what was in force stays so", "1 = 1"),
    ("policy_version", "DELETE", "what was in force stays so", "1 = 1"),
)  # fmt: skip


def _sqlite():
    for number, (table, event, why, when) in enumerate(RULES):
        yield (
            f"CREATE TRIGGER settlement_rule_{number} BEFORE {event} ON {table} WHEN {when}"
            f" BEGIN SELECT raise(ABORT, 'settlement: {why}'); END"
        )


def _postgres():
    yield (
        "CREATE FUNCTION settlement_refuses() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'settlement: %', TG_ARGV[0] USING ERRCODE = 'check_violation'; END $$"
    )
    yield (
        "CREATE FUNCTION line_is_sealed(number TEXT) RETURNS boolean LANGUAGE sql STABLE AS $$"
        " SELECT state <> 'draft' FROM statement WHERE no = number $$"
    )
    for number, (table, event, why, when) in enumerate(RULES):
        # A trigger's WHEN may not ask another table; a function may.
        clause = when.replace(_issued("NEW"), "line_is_sealed(NEW.statement_no)")
        clause = clause.replace(_issued("OLD"), "line_is_sealed(OLD.statement_no)")
        yield (
            f"CREATE TRIGGER settlement_rule_{number} BEFORE {event} ON {table} FOR EACH ROW"
            f" WHEN ({clause}) EXECUTE FUNCTION settlement_refuses('{why}')"
        )
    for table in sorted({rule[0] for rule in RULES}):
        # TRUNCATE would go past the row triggers.
        yield (
            f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"
            " EXECUTE FUNCTION settlement_refuses('nothing is ever truncated')"
        )


def up(_migrator, db):
    """Create tables and rules."""
    sqlite = db.param == "?"
    types = {
        "id": "INTEGER PRIMARY KEY" if sqlite else "BIGSERIAL PRIMARY KEY",
        "blob": "BLOB" if sqlite else "BYTEA",
        "bool": "INTEGER" if sqlite else "BOOLEAN",
    }
    for statement in TABLES.format(**types).split(";\n"):
        db.execute_sql(statement)
    for statement in _sqlite() if sqlite else _postgres():
        db.execute_sql(statement.replace("%", "%%") if not sqlite else statement)
