"""Customers of the shop: accounts, codes that prove an address, sessions, orders, top-ups.

Forward only; never edited once released.
"""

TABLES = """
-- How a customer is reached is sealed; a print finds him by it. Of an account that was deleted
-- its number alone is left, for the books.
CREATE TABLE customer (
    id TEXT PRIMARY KEY CHECK (length(id) = 16),
    private {blob} NOT NULL,
    mail_print {blob} UNIQUE,
    mobile_print {blob} UNIQUE,
    locale TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'stopped', 'deleted')),
    created_at_s BIGINT NOT NULL,
    ended_at_s BIGINT,
    CONSTRAINT customer_reached CHECK (
        (state = 'deleted') = (mail_print IS NULL AND mobile_print IS NULL)),
    CONSTRAINT customer_ended CHECK ((state = 'deleted') = (ended_at_s IS NOT NULL))
);
CREATE INDEX customer_newest ON customer (created_at_s, id);

-- A code that was sent to an address. It follows from the id and a key of ours, so no table has it.
CREATE TABLE address_code (
    id TEXT PRIMARY KEY CHECK (length(id) = 26),
    purpose TEXT NOT NULL CHECK (purpose IN ('sign-in', 'prove', 'contact', 'changed')),
    customer_id TEXT REFERENCES customer (id),
    contact_print {blob} NOT NULL,
    network_print {blob} NOT NULL,
    private {blob} NOT NULL,
    locale TEXT NOT NULL,
    asked_at_s BIGINT NOT NULL,
    ends_at_s BIGINT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND 5),
    used_at_s BIGINT,
    CONSTRAINT address_code_whose CHECK ((purpose = 'sign-in') = (customer_id IS NULL))
);
CREATE INDEX address_code_contact ON address_code (contact_print, asked_at_s);
CREATE INDEX address_code_network ON address_code (network_print, asked_at_s);
CREATE INDEX address_code_old ON address_code (asked_at_s);

-- A browser, or a program for him, in which a customer has signed in.
CREATE TABLE customer_session (
    token_hash {blob} PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customer (id),
    began_at_s BIGINT NOT NULL,
    proved_at_s BIGINT NOT NULL,
    ends_at_s BIGINT NOT NULL
);
CREATE INDEX customer_session_whose ON customer_session (customer_id);
CREATE INDEX customer_session_old ON customer_session (ends_at_s);

-- Whose an order is; it stays so.
CREATE TABLE customer_order (
    order_id TEXT PRIMARY KEY REFERENCES sale_order (id),
    customer_id TEXT NOT NULL REFERENCES customer (id),
    added_at_s BIGINT NOT NULL
);
CREATE INDEX customer_order_whose ON customer_order (customer_id);

-- Who has paid from a balance: an agent or a customer; nobody knows who pays by a channel.
ALTER TABLE payment ADD COLUMN payer TEXT NOT NULL DEFAULT '';
CREATE INDEX payment_payer ON payment (payer) WHERE payer <> '';

-- A payment that goes onto a customer's balance. At most one of a customer can be paid at a time.
CREATE TABLE top_up (
    number TEXT PRIMARY KEY CHECK (length(number) BETWEEN 6 AND 32),
    customer_id TEXT NOT NULL REFERENCES customer (id),
    channel TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    state TEXT NOT NULL CHECK (state IN ('asked', 'open', 'paid', 'closed')),
    created_at_s BIGINT NOT NULL,
    expires_at_s BIGINT NOT NULL,
    next_at_s BIGINT NOT NULL,
    lease TEXT,
    lease_until_s BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    last_code TEXT NOT NULL,
    channel_number TEXT NOT NULL,
    qr_text TEXT NOT NULL,
    paid BIGINT CHECK (paid > 0),
    paid_at_s BIGINT,
    given_back BIGINT NOT NULL DEFAULT 0 CHECK (given_back >= 0),
    journal_id BIGINT UNIQUE REFERENCES journal (id),
    CONSTRAINT top_up_paid CHECK ((state = 'paid') = (paid IS NOT NULL)
        AND (state = 'paid') = (journal_id IS NOT NULL)),
    CONSTRAINT top_up_back CHECK (given_back <= coalesce(paid, 0))
);
CREATE UNIQUE INDEX top_up_one ON top_up (customer_id) WHERE state IN ('asked', 'open');
CREATE UNIQUE INDEX top_up_channel_number ON top_up (channel, channel_number)
    WHERE channel_number <> '';
CREATE INDEX top_up_due ON top_up (next_at_s) WHERE state IN ('asked', 'open');
CREATE INDEX top_up_whose ON top_up (customer_id, created_at_s);

-- What is left of a top-up and goes back the way it came.
CREATE TABLE top_up_refund (
    number TEXT PRIMARY KEY CHECK (length(number) BETWEEN 6 AND 32),
    top_up TEXT NOT NULL REFERENCES top_up (number),
    amount BIGINT NOT NULL CHECK (amount > 0),
    reason TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('asked', 'sent', 'done', 'stuck')),
    asked_at_s BIGINT NOT NULL,
    next_at_s BIGINT NOT NULL,
    lease TEXT,
    lease_until_s BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    last_code TEXT NOT NULL,
    journal_id BIGINT NOT NULL UNIQUE REFERENCES journal (id),
    done_at_s BIGINT,
    done_journal_id BIGINT UNIQUE REFERENCES journal (id),
    CONSTRAINT top_up_refund_done CHECK ((state = 'done') = (done_journal_id IS NOT NULL))
);
CREATE INDEX top_up_refund_of ON top_up_refund (top_up);
CREATE INDEX top_up_refund_due ON top_up_refund (next_at_s) WHERE state IN ('asked', 'sent')
"""

CUSTOMER_MOVES = "active>stopped stopped>active active>deleted"
TOP_UP_MOVES = "asked>open asked>paid open>paid asked>closed open>closed closed>paid"
REFUND_MOVES = "asked>sent asked>stuck sent>done sent>stuck asked>done stuck>done stuck>sent"


def _not_among(moves):
    listed = ", ".join(f"'{move}'" for move in moves.split())
    return f"OLD.state <> NEW.state AND OLD.state || '>' || NEW.state NOT IN ({listed})"


def _differs(names):
    return " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in names.split())


# Table, event, what is said, and when it is refused.
RULES = (
    ("customer", "UPDATE", "an account does not go there", _not_among(CUSTOMER_MOVES)),
    ("customer", "UPDATE", "an account stays whose it is", _differs("id created_at_s")),
    ("customer", "DELETE", "of an account its number stays", "1 = 1"),
    (
        "address_code", "UPDATE", "a code serves once",
        "OLD.used_at_s IS NOT NULL OR NEW.tries < OLD.tries OR "
        + _differs("id purpose customer_id contact_print ends_at_s"),
    ),
    ("customer_order", "UPDATE", "an order stays whose it is", "1 = 1"),
    ("customer_order", "DELETE", "an order stays whose it is", "1 = 1"),
    ("top_up", "UPDATE", "a top-up does not go there", _not_among(TOP_UP_MOVES)),
    (
        "top_up", "UPDATE", "a top-up stays what was asked for",
        _differs("number customer_id channel amount currency created_at_s expires_at_s")
        + " OR NEW.given_back < OLD.given_back"
        + " OR OLD.paid IS NOT NULL AND OLD.paid IS DISTINCT FROM NEW.paid",
    ),
    ("top_up", "DELETE", "a top-up stays", "1 = 1"),
    ("top_up_refund", "UPDATE", "a refund does not go there", _not_among(REFUND_MOVES)),
    (
        "top_up_refund", "UPDATE", "a refund stays what was asked for",
        _differs("number top_up amount reason journal_id"),
    ),
    ("top_up_refund", "DELETE", "a refund stays", "1 = 1"),
)  # fmt: skip


def _sqlite():
    for number, (table, event, why, when) in enumerate(RULES):
        yield (
            f"CREATE TRIGGER customers_rule_{number} BEFORE {event} ON {table} WHEN {when}"
            f" BEGIN SELECT raise(ABORT, 'customers: {why}'); END"
        )


def _postgres():
    yield (
        "CREATE FUNCTION customers_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'customers: %%', TG_ARGV[0] USING ERRCODE = 'check_violation'; END $$"
    )
    for number, (table, event, why, when) in enumerate(RULES):
        yield (
            f"CREATE TRIGGER customers_rule_{number} BEFORE {event} ON {table} FOR EACH ROW"
            f" WHEN ({when}) EXECUTE FUNCTION customers_refuse('{why}')"
        )


def up(_migrator, db):
    """Create tables and rules."""
    blob = "BLOB" if db.param == "?" else "BYTEA"
    for statement in TABLES.format(blob=blob).split(";\n"):
        db.execute_sql(statement)
    for statement in _sqlite() if db.param == "?" else _postgres():
        db.execute_sql(statement)
