"""Cases of buyers, what they show, and what is claimed from suppliers for it.

Forward only; never edited once released.
"""

TABLES = """
CREATE TABLE after_sale (
    id {id},
    order_id TEXT NOT NULL REFERENCES sale_order (id),
    unit TEXT NOT NULL REFERENCES order_unit (id),
    reason TEXT NOT NULL CHECK (reason IN ('changed-mind', 'invalid', 'used', 'wrong',
        'not-arrived', 'other')),
    opened_by TEXT NOT NULL,
    opened_at_s BIGINT NOT NULL,
    answer_until_s BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'replaced', 'refunded', 'rejected', 'withdrawn')),
    answer TEXT NOT NULL DEFAULT '',
    closed_by TEXT,
    closed_at_s BIGINT,
    refund TEXT UNIQUE REFERENCES refund (number),
    claim TEXT NOT NULL DEFAULT 'none' CHECK (claim IN ('none', 'sent', 'accepted', 'denied')),
    claim_on TEXT NOT NULL DEFAULT '',
    claim_minor BIGINT NOT NULL DEFAULT 0 CHECK (claim_minor >= 0),
    journal_id BIGINT UNIQUE REFERENCES journal (id),
    CONSTRAINT after_sale_ends CHECK ((state = 'open') = (closed_at_s IS NULL)
        AND (state = 'open') = (closed_by IS NULL)),
    CONSTRAINT after_sale_refund CHECK ((state = 'refunded') = (refund IS NOT NULL)),
    CONSTRAINT after_sale_claim CHECK ((claim = 'none') = (claim_minor = 0)
        AND (claim = 'accepted') = (journal_id IS NOT NULL))
);
CREATE UNIQUE INDEX after_sale_one ON after_sale (unit) WHERE state = 'open';
CREATE INDEX after_sale_order ON after_sale (order_id);
CREATE INDEX after_sale_late ON after_sale (answer_until_s) WHERE state = 'open';

-- What was said and shown. A picture is sealed; it may show a key.
CREATE TABLE after_sale_evidence (
    id {id},
    case_id BIGINT NOT NULL REFERENCES after_sale (id),
    at_s BIGINT NOT NULL,
    who TEXT NOT NULL,
    said TEXT NOT NULL,
    picture_kind TEXT CHECK (picture_kind IN ('image/png', 'image/jpeg', 'image/webp')),
    picture {blob},
    CHECK ((picture IS NULL) = (picture_kind IS NULL))
);
CREATE INDEX after_sale_evidence_case ON after_sale_evidence (case_id, id)
"""

RULES = (
    (
        "after_sale", "UPDATE", "a case is ended once",
        "OLD.state <> 'open' AND OLD.state <> NEW.state OR OLD.order_id <> NEW.order_id"
        " OR OLD.unit <> NEW.unit OR OLD.reason <> NEW.reason"
        " OR OLD.opened_at_s <> NEW.opened_at_s"
        " OR OLD.state <> 'open' AND (OLD.answer <> NEW.answer OR OLD.closed_by <> NEW.closed_by"
        " OR OLD.closed_at_s <> NEW.closed_at_s"
        " OR coalesce(OLD.refund, '') <> coalesce(NEW.refund, ''))",
    ),
    (
        "after_sale", "UPDATE", "a claim does not go there",
        "OLD.claim <> NEW.claim AND OLD.claim || '>' || NEW.claim NOT IN"
        " ('none>sent', 'sent>accepted', 'sent>denied')"
        " OR OLD.claim <> 'none' AND (OLD.claim_on <> NEW.claim_on"
        " OR OLD.claim_minor <> NEW.claim_minor)",
    ),
    ("after_sale", "DELETE", "a case stays", "1 = 1"),
    ("after_sale_evidence", "UPDATE", "what was said was said", "1 = 1"),
    ("after_sale_evidence", "DELETE", "what was said was said", "1 = 1"),
)  # fmt: skip


def _sqlite():
    for number, (table, event, why, when) in enumerate(RULES):
        yield (
            f"CREATE TRIGGER after_sales_rule_{number} BEFORE {event} ON {table} WHEN {when}"
            f" BEGIN SELECT raise(ABORT, 'after-sales: {why}'); END"
        )


def _postgres():
    yield (
        "CREATE FUNCTION after_sales_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'after-sales: %%', TG_ARGV[0] USING ERRCODE = 'check_violation'; END $$"
    )
    for number, (table, event, why, when) in enumerate(RULES):
        yield (
            f"CREATE TRIGGER after_sales_rule_{number} BEFORE {event} ON {table} FOR EACH ROW"
            f" WHEN ({when}) EXECUTE FUNCTION after_sales_refuse('{why}')"
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
