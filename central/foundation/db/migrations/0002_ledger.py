"""The ledger, with its rules in the schema, where no code can forget them.

Entries are written first and their journal last ("seal last"): the deferred foreign key makes an
entry without a journal impossible to commit, and the trigger on the journal sees all entries, so
that even SQLite, which has no deferred checks, refuses an unbalanced journal. After that the
journal is sealed. Forward only; never edited once released.
"""

TABLES = """
CREATE TABLE account (
    id {id},
    code TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL CHECK (type IN ('A', 'L', 'E', 'R', 'X')),
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    sign SMALLINT NOT NULL CHECK (sign IN (1, -1)),
    owner_kind TEXT NOT NULL DEFAULT '',
    owner_id TEXT NOT NULL DEFAULT '',
    floor BIGINT,
    closed {bool} NOT NULL DEFAULT {false},
    d BIGINT NOT NULL DEFAULT 0 CHECK (d >= 0),
    c BIGINT NOT NULL DEFAULT 0 CHECK (c >= 0),
    pd BIGINT NOT NULL DEFAULT 0 CHECK (pd >= 0),
    pc BIGINT NOT NULL DEFAULT 0 CHECK (pc >= 0),
    CONSTRAINT account_whole CHECK ({whole_totals}),
    -- What may still be taken: posted in the normal direction, less what is held.
    CONSTRAINT account_floor CHECK (
        floor IS NULL
        OR (sign = 1 AND d - c - pc >= floor)
        OR (sign = -1 AND c - d - pd >= floor)
    )
);

CREATE TABLE journal (
    id BIGINT PRIMARY KEY,
    idem TEXT NOT NULL UNIQUE,
    req_hash {blob} NOT NULL,
    kind TEXT NOT NULL,
    ref TEXT NOT NULL,
    phase TEXT NOT NULL CHECK (phase IN ('posted', 'pending', 'post', 'void')),
    pending_id BIGINT REFERENCES journal (id),
    reverses_id BIGINT REFERENCES journal (id),
    effective INTEGER NOT NULL CHECK (effective BETWEEN 20000101 AND 99991231),
    at_s BIGINT NOT NULL,
    actor TEXT NOT NULL,
    memo TEXT NOT NULL DEFAULT '',
    CONSTRAINT journal_resolves CHECK ((phase IN ('post', 'void')) = (pending_id IS NOT NULL))
);
CREATE UNIQUE INDEX journal_one_resolution ON journal (pending_id) WHERE pending_id IS NOT NULL;
CREATE UNIQUE INDEX journal_one_reversal ON journal (reverses_id) WHERE reverses_id IS NOT NULL;
CREATE INDEX journal_ref ON journal (ref);

CREATE TABLE entry (
    id {id},
    journal_id BIGINT NOT NULL REFERENCES journal (id) DEFERRABLE INITIALLY DEFERRED,
    account_id BIGINT NOT NULL REFERENCES account (id),
    layer SMALLINT NOT NULL CHECK (layer IN (1, 2)),
    side SMALLINT NOT NULL CHECK (side IN (1, -1)),
    amount BIGINT NOT NULL CHECK (amount > 0),
    CONSTRAINT entry_whole CHECK ({whole_amount})
);
CREATE INDEX entry_journal ON entry (journal_id);
CREATE INDEX entry_account ON entry (account_id, id);

CREATE TABLE closed_through (
    id SMALLINT PRIMARY KEY CHECK (id = 1),
    day INTEGER NOT NULL
);
INSERT INTO closed_through (id, day) VALUES (1, 0)
"""

# Each rule once: the condition under which a sealed journal is refused, in SQL that both engines
# read. ``NEW`` is the journal.
JOURNAL_RULES = (
    (
        "a journal has two entries at least",
        "(SELECT count(*) FROM entry WHERE journal_id = NEW.id) < 2",
    ),
    (
        "debits and credits differ",
        """EXISTS (SELECT 1 FROM entry JOIN account ON account.id = entry.account_id
            WHERE entry.journal_id = NEW.id
            GROUP BY entry.layer, account.currency HAVING sum(entry.side * entry.amount) <> 0)""",
    ),
    ("the day is closed", "NEW.effective <= (SELECT day FROM closed_through)"),
    (
        "entries are on the wrong layer",
        """EXISTS (SELECT 1 FROM entry WHERE journal_id = NEW.id AND (
            (NEW.phase = 'posted' AND layer = 2) OR (NEW.phase IN ('pending', 'void') AND layer = 1)
        ))""",
    ),
    (
        "only a hold can be resolved",
        """NEW.pending_id IS NOT NULL
            AND (SELECT phase FROM journal WHERE id = NEW.pending_id) <> 'pending'""",
    ),
    (
        "a resolution releases exactly what was held",
        """NEW.pending_id IS NOT NULL AND EXISTS (SELECT 1 FROM entry
            WHERE journal_id IN (NEW.id, NEW.pending_id) AND layer = 2
            GROUP BY account_id HAVING sum(side * amount) <> 0)""",
    ),
    (
        "only what was posted can be reversed",
        """NEW.reverses_id IS NOT NULL
            AND (SELECT phase FROM journal WHERE id = NEW.reverses_id) NOT IN ('posted', 'post')""",
    ),
    (
        "a reversal mirrors its journal",
        """NEW.reverses_id IS NOT NULL AND EXISTS (SELECT 1 FROM entry
            WHERE journal_id IN (NEW.id, NEW.reverses_id) AND layer = 1
            GROUP BY account_id HAVING sum(side * amount) <> 0)""",
    ),
)

ENTRY_RULES = (
    ("the journal is sealed", "EXISTS (SELECT 1 FROM journal WHERE id = NEW.journal_id)"),
    (
        "the account is closed",
        "EXISTS (SELECT 1 FROM account WHERE id = NEW.account_id AND closed)",
    ),
)


def _total(layer, side):
    return f"""coalesce((SELECT sum(amount) FROM entry WHERE journal_id = NEW.id
        AND account_id = account.id AND layer = {layer} AND side = {side}), 0)"""


# A hold adds to what is held; its resolution, which bears the mirrored entries, takes it away.
CARRY = f"""
    UPDATE account SET
        d = d + {_total(1, 1)},
        c = c + {_total(1, -1)},
        pd = pd + CASE NEW.phase WHEN 'pending' THEN {_total(2, 1)} ELSE -{_total(2, -1)} END,
        pc = pc + CASE NEW.phase WHEN 'pending' THEN {_total(2, -1)} ELSE -{_total(2, 1)} END
    WHERE id IN (SELECT account_id FROM entry WHERE journal_id = NEW.id)
"""

# What is written stays. An account's totals change only through entries, which the trigger above
# does; what describes it stays too.
FROZEN = (
    ("entry", "UPDATE", "entries are never changed", ""),
    ("entry", "DELETE", "entries are never deleted", ""),
    ("journal", "UPDATE", "journals are never changed", ""),
    ("journal", "DELETE", "journals are never deleted", ""),
    ("account", "DELETE", "accounts are never deleted", ""),
    (
        "account",
        "UPDATE",
        "an account stays what it is",
        "OLD.code <> NEW.code OR OLD.type <> NEW.type OR OLD.currency <> NEW.currency"
        " OR OLD.sign <> NEW.sign",
    ),
    ("closed_through", "UPDATE", "a closed day stays closed", "NEW.day < OLD.day"),
    ("closed_through", "DELETE", "a closed day stays closed", ""),
)


def _sqlite():
    def raises(rules):
        return "".join(
            f"SELECT raise(ABORT, 'ledger: {why}') WHERE {when};\n" for why, when in rules
        )

    yield f"CREATE TRIGGER entry_rules BEFORE INSERT ON entry BEGIN {raises(ENTRY_RULES)} END"
    yield (
        f"CREATE TRIGGER journal_rules AFTER INSERT ON journal BEGIN {raises(JOURNAL_RULES)}"
        f" {CARRY}; END"
    )
    for table, event, why, when in FROZEN:
        name = f"{table}_{event.lower()}_frozen"
        clause = f"WHEN {when}" if when else ""
        yield (
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} {clause}"
            f" BEGIN SELECT raise(ABORT, 'ledger: {why}'); END"
        )


def _postgres():
    def raises(rules):
        return "".join(
            f"IF {when} THEN RAISE EXCEPTION 'ledger: {why}'"
            " USING ERRCODE = 'check_violation'; END IF;\n"
            for why, when in rules
        )

    def trigger(name, table, moment, event, body, when=""):
        yield (
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$"
        )
        clause = f"WHEN ({when})" if when else ""
        yield (
            f"CREATE TRIGGER {name} {moment} {event} ON {table} FOR EACH ROW {clause}"
            f" EXECUTE FUNCTION {name}()"
        )

    yield from trigger(
        "entry_rules", "entry", "BEFORE", "INSERT", raises(ENTRY_RULES) + "RETURN NEW;"
    )
    yield from trigger(
        "journal_rules", "journal", "AFTER", "INSERT",
        raises(JOURNAL_RULES) + CARRY + "; RETURN NULL;",
    )  # fmt: skip
    for table, event, why, when in FROZEN:
        body = f"RAISE EXCEPTION 'ledger: {why}' USING ERRCODE = 'check_violation';"
        name = f"{table}_{event.lower()}_frozen"
        yield from trigger(name, table, "BEFORE", event, body, when)
    for table in ("entry", "journal", "account", "closed_through"):
        # TRUNCATE would go past the row triggers.
        name = f"{table}_truncate_frozen"
        yield (
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION"
            " 'ledger: nothing is ever truncated' USING ERRCODE = 'check_violation'; END $$"
        )
        yield (
            f"CREATE TRIGGER {name} BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"
            f" EXECUTE FUNCTION {name}()"
        )


def up(_migrator, db):
    """Create tables and rules."""
    sqlite = db.param == "?"
    types = {
        "id": "INTEGER PRIMARY KEY" if sqlite else "BIGSERIAL PRIMARY KEY",
        "blob": "BLOB" if sqlite else "BYTEA",
        "bool": "INTEGER" if sqlite else "BOOLEAN",
        "false": "0" if sqlite else "FALSE",
        # SQLite would keep a fraction, and a sum beyond 64 bits, as a floating-point number.
        "whole_amount": "typeof(amount) = 'integer'" if sqlite else "TRUE",
        "whole_totals": " AND ".join(f"typeof({n}) = 'integer'" for n in ("d", "c", "pd", "pc"))
        if sqlite
        else "TRUE",
    }
    for statement in TABLES.format(**types).split(";\n"):
        db.execute_sql(statement)
    if not sqlite:
        db.execute_sql("CREATE SEQUENCE journal_number OWNED BY journal.id")
    for statement in _sqlite() if sqlite else _postgres():
        db.execute_sql(statement.replace("%", "%%") if not sqlite else statement)
