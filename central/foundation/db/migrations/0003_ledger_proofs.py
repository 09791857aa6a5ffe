"""What makes the ledger provable, and quick: seals, closed days, snapshots, hot accounts.

Four new tables, of which nothing is ever changed; two columns for accounts that are rolled up on
PostgreSQL; and the rules of 0002 once more, said so that each reads a journal's entries once.
Forward only; never edited once released.
"""

import hashlib
import json

TABLES = """
-- The chain: one row a journal, in the order of their numbers. hash covers the journal, its entries
-- and prev, which is the hash of the journal before it.
CREATE TABLE seal (
    journal_id BIGINT NOT NULL PRIMARY KEY REFERENCES journal (id),
    prev {blob} NOT NULL,
    hash {blob} NOT NULL
);

-- One row a close. sealed_id and sealed_hash name the newest seal of that moment: what is kept
-- of them elsewhere proves that nothing behind it was altered or cut off. No entry of a later day
-- has a number below first_after, none of these days one above last_within.
CREATE TABLE day_close (
    day INTEGER NOT NULL PRIMARY KEY CHECK (day BETWEEN 20000101 AND 99991231),
    closed_at_s BIGINT NOT NULL,
    actor TEXT NOT NULL,
    sealed_id BIGINT NOT NULL,
    sealed_hash {blob} NOT NULL,
    first_after BIGINT NOT NULL,
    last_within BIGINT NOT NULL
);

-- What had moved on an account through a closed day. Its entries of later days have numbers from
-- first_after on, its entries of these days have numbers up to last_within.
CREATE TABLE balance_snap (
    account_id BIGINT NOT NULL REFERENCES account (id),
    day INTEGER NOT NULL REFERENCES day_close (day) DEFERRABLE INITIALLY DEFERRED,
    d BIGINT NOT NULL CHECK (d >= 0),
    c BIGINT NOT NULL CHECK (c >= 0),
    first_after BIGINT NOT NULL,
    last_within BIGINT NOT NULL,
    PRIMARY KEY (account_id, day)
);

-- Who proved the ledger when, and what did not hold: a list of sentences as JSON.
CREATE TABLE audit_run (
    id {id},
    at_s BIGINT NOT NULL,
    actor TEXT NOT NULL,
    journals BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    sealed_id BIGINT NOT NULL,
    sealed_hash {blob} NOT NULL,
    findings TEXT NOT NULL
);
CREATE INDEX entry_held ON entry (account_id) WHERE layer = 2
"""

# Columns of what hot accounts need. On SQLite no account is hot: there is one writer anyway.
COLUMNS = (
    "ALTER TABLE account ADD COLUMN hot {bool} NOT NULL DEFAULT {false}",
    # d and c count the entries through this one; the balance is theirs and that of the tail.
    "ALTER TABLE account ADD COLUMN rolled BIGINT NOT NULL DEFAULT 0",
)
HOT = ("1010", "1020", "2010", "2210", "2510", "4010", "4020", "4030", "4040", "5010", "5020",
       "5030", "5040")  # fmt: skip

# A journal's entries, read once. ``f`` in the rules below.
FACTS = """
    SELECT count(*) AS n,
        count(account.id) AS n_known,
        count(CASE WHEN layer = 1 THEN 1 END) AS n_moved,
        count(CASE WHEN layer = 2 THEN 1 END) AS n_held,
        coalesce(sum(CASE WHEN layer = 1 THEN side * amount END), 0) AS moved,
        coalesce(sum(CASE WHEN layer = 2 THEN side * amount END), 0) AS held,
        min(currency) AS first_currency,
        max(currency) AS last_currency,
        count(CASE WHEN closed THEN 1 END) AS n_closed
    FROM entry LEFT JOIN account ON account.id = entry.account_id
    WHERE entry.journal_id = NEW.id
"""

# Each rule once: the condition under which a sealed journal is refused, in SQL that both engines
# read. ``NEW`` is the journal.
JOURNAL_RULES = (
    ("a journal has two entries at least", "f.n < 2"),
    ("there is no such account", "f.n_known < f.n"),
    ("the account is closed", "f.n_closed > 0"),
    ("debits and credits differ", "f.moved <> 0 OR f.held <> 0"),
    (
        "debits and credits differ",
        """f.first_currency <> f.last_currency AND EXISTS (
            SELECT 1 FROM entry JOIN account ON account.id = entry.account_id
            WHERE entry.journal_id = NEW.id
            GROUP BY entry.layer, account.currency HAVING sum(entry.side * entry.amount) <> 0)""",
    ),
    (
        "entries are on the wrong layer",
        """(NEW.phase = 'posted' AND f.n_held > 0)
            OR (NEW.phase IN ('pending', 'void') AND f.n_moved > 0)
            OR (NEW.phase = 'post' AND f.n_moved = 0)""",
    ),
    ("the day is closed", "NEW.effective <= (SELECT day FROM closed_through WHERE id = 1)"),
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

# A hold adds to what is held; its resolution, which bears the mirrored entries, takes it away.
# A hot account's row is left alone, or orders would queue up for it.
CARRY = """
    UPDATE account SET
        d = account.d + CASE WHEN hot THEN 0 ELSE e.d END,
        c = account.c + CASE WHEN hot THEN 0 ELSE e.c END,
        pd = account.pd + CASE WHEN NEW.phase = 'pending' THEN e.hd ELSE -e.hc END,
        pc = account.pc + CASE WHEN NEW.phase = 'pending' THEN e.hc ELSE -e.hd END
    FROM (
        SELECT account_id,
            coalesce(sum(CASE WHEN layer = 1 AND side = 1 THEN amount END), 0) AS d,
            coalesce(sum(CASE WHEN layer = 1 AND side = -1 THEN amount END), 0) AS c,
            coalesce(sum(CASE WHEN layer = 2 AND side = 1 THEN amount END), 0) AS hd,
            coalesce(sum(CASE WHEN layer = 2 AND side = -1 THEN amount END), 0) AS hc
        FROM entry WHERE journal_id = NEW.id GROUP BY account_id
    ) AS e
    WHERE account.id = e.account_id AND (NOT hot OR e.hd > 0 OR e.hc > 0)
"""

IDENTITY = ("code", "type", "currency", "sign", "owner_kind", "owner_id")
FROZEN = tuple(
    (table, event, f"{what} are never {done}")
    for table, what in (
        ("seal", "seals"),
        ("day_close", "closes"),
        ("balance_snap", "snapshots"),
        ("audit_run", "audits"),
    )
    for event, done in (("UPDATE", "changed"), ("DELETE", "deleted"))
)


def _sqlite():
    cases = " ".join(
        f"WHEN {when} THEN raise(ABORT, 'ledger: {why}')" for why, when in JOURNAL_RULES
    )
    yield "DROP TRIGGER entry_rules"
    yield "DROP TRIGGER journal_rules"
    yield "DROP TRIGGER account_update_frozen"
    yield (
        "CREATE TRIGGER entry_rules BEFORE INSERT ON entry"
        " WHEN EXISTS (SELECT 1 FROM journal WHERE id = NEW.journal_id)"
        " BEGIN SELECT raise(ABORT, 'ledger: the journal is sealed'); END"
    )
    yield (
        "CREATE TRIGGER journal_rules AFTER INSERT ON journal BEGIN"
        f" SELECT CASE {cases} END FROM ({FACTS}) AS f; {CARRY}; END"
    )
    # Only where one of these is set at all: the totals change with every journal.
    yield (
        f"CREATE TRIGGER account_update_frozen BEFORE UPDATE OF {', '.join(IDENTITY)} ON account"
        f" WHEN {' OR '.join(f'OLD.{name} <> NEW.{name}' for name in IDENTITY)}"
        " BEGIN SELECT raise(ABORT, 'ledger: an account stays what it is'); END"
    )
    for table, event, why in FROZEN:
        yield (
            f"CREATE TRIGGER {table}_{event.lower()}_frozen BEFORE {event} ON {table}"
            f" BEGIN SELECT raise(ABORT, 'ledger: {why}'); END"
        )


def _postgres():
    def raising(why):
        return f"RAISE EXCEPTION 'ledger: {why}' USING ERRCODE = 'check_violation';"

    rules = "".join(f"IF {when} THEN {raising(why)} END IF;\n" for why, when in JOURNAL_RULES)
    for name, table in (
        ("entry_rules", "entry"),
        ("journal_rules", "journal"),
        ("account_update_frozen", "account"),
    ):
        yield f"DROP TRIGGER {name} ON {table}"
        yield f"DROP FUNCTION {name}()"
    # Each check of it locks a row that every order would lock. No account is ever deleted, and
    # that there is one is a rule of the journal.
    yield "ALTER TABLE entry DROP CONSTRAINT entry_account_id_fkey"
    # A function keeps the plan of its first call. On a table that is still empty that would be to
    # read all of it, and would be kept while the table grows, until somebody analyses it.
    by_index = "LANGUAGE plpgsql SET enable_seqscan = off"
    yield (
        f"CREATE FUNCTION entry_rules() RETURNS trigger {by_index} AS $$ BEGIN"
        " IF EXISTS (SELECT 1 FROM written JOIN journal ON journal.id = written.journal_id)"
        f" THEN {raising('the journal is sealed')} END IF; RETURN NULL; END $$"
    )
    yield (
        "CREATE TRIGGER entry_rules AFTER INSERT ON entry REFERENCING NEW TABLE AS written"
        " FOR EACH STATEMENT EXECUTE FUNCTION entry_rules()"
    )
    yield (
        f"CREATE FUNCTION journal_rules() RETURNS trigger {by_index} AS $$"
        f" DECLARE f record; BEGIN SELECT * INTO f FROM ({FACTS}) AS facts;"
        f" {rules} {CARRY}; RETURN NULL; END $$"
    )
    yield (
        "CREATE TRIGGER journal_rules AFTER INSERT ON journal"
        " FOR EACH ROW EXECUTE FUNCTION journal_rules()"
    )
    changed = " OR ".join(f"OLD.{name} <> NEW.{name}" for name in IDENTITY)
    identity = f"UPDATE OF {', '.join(IDENTITY)}"
    for table, event, why, when in (
        ("account", identity, "an account stays what it is", f"WHEN ({changed})"),
        *((*frozen, "") for frozen in FROZEN),
    ):
        name = f"{table}_{event.split()[0].lower()}_frozen"
        yield (
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN {raising(why)} END $$"
        )
        yield (
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW {when}"
            f" EXECUTE FUNCTION {name}()"
        )
    for table in ("seal", "day_close", "balance_snap", "audit_run"):
        name = f"{table}_truncate_frozen"
        yield (
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN {raising('nothing is ever truncated')} END $$"
        )
        yield (
            f"CREATE TRIGGER {name} BEFORE TRUNCATE ON {table}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )


def _seal_what_is_there(db):
    """Seal every journal, as central/money/ledger/chain.py did when this was released."""
    prev = bytes(32)
    heads = db.execute_sql(
        "SELECT id, idem, req_hash, kind, ref, phase, pending_id, reverses_id, effective, at_s,"
        " actor, memo FROM journal ORDER BY id"
    ).fetchall()
    for journal_id, idem, req_hash, *head in heads:
        entries = db.execute_sql(
            "SELECT code, currency, layer, side, amount FROM entry"
            f" JOIN account ON account.id = account_id WHERE journal_id = {db.param}"
            " ORDER BY entry.id",
            (journal_id,),
        ).fetchall()
        body = [1, prev.hex(), journal_id, idem, bytes(req_hash).hex(), head,
                [list(entry) for entry in entries]]  # fmt: skip
        digest = hashlib.sha256(json.dumps(body, separators=(",", ":")).encode()).digest()
        db.execute_sql(
            f"INSERT INTO seal (journal_id, prev, hash) VALUES ({', '.join([db.param] * 3)})",
            (journal_id, prev, digest),
        )
        prev = digest


def up(_migrator, db):
    """Create tables, replace rules, seal what is there."""
    sqlite = db.param == "?"
    types = {
        "id": "INTEGER PRIMARY KEY" if sqlite else "BIGSERIAL PRIMARY KEY",
        "blob": "BLOB" if sqlite else "BYTEA",
        "bool": "INTEGER" if sqlite else "BOOLEAN",
        "false": "0" if sqlite else "FALSE",
    }
    tables = TABLES.format(**types)
    if sqlite:
        # An alias of the row's own number: one tree less.
        tables = tables.replace("BIGINT NOT NULL PRIMARY KEY", "INTEGER NOT NULL PRIMARY KEY")
    for statement in tables.split(";\n"):
        db.execute_sql(statement)
    for statement in COLUMNS:
        db.execute_sql(statement.format(**types))
    _seal_what_is_there(db)
    if not sqlite:
        # What their rows say is true now; from here on it is true through the newest entry. Their
        # floors are proven by the audit.
        codes = ", ".join(f"'{code}'" for code in HOT)
        db.execute_sql(
            "UPDATE account SET hot = TRUE, floor = NULL,"
            " rolled = (SELECT coalesce(max(id), 0) FROM entry)"
            f" WHERE split_part(code, '.', 1) IN ({codes})"
        )
    for statement in _sqlite() if sqlite else _postgres():
        db.execute_sql(statement)
