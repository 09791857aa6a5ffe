"""Orders, their units, payments and refunds, and all that happened to them.

Forward only; never edited once released.
"""

TABLES = """
-- What the buyer has typed and how he is reached is sealed; the token that shows an order is kept
-- as a hash alone.
CREATE TABLE sale_order (
    id TEXT PRIMARY KEY CHECK (length(id) = 16),
    token_hash {blob} NOT NULL UNIQUE,
    idem TEXT NOT NULL UNIQUE,
    request_hash {blob} NOT NULL,
    channel TEXT NOT NULL,
    seller TEXT NOT NULL,
    buyer TEXT NOT NULL,
    sku TEXT NOT NULL REFERENCES sku (id),
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    type TEXT NOT NULL,
    type_version INTEGER NOT NULL,
    price BIGINT NOT NULL CHECK (price > 0),
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    quote TEXT NOT NULL,
    private {blob} NOT NULL,
    contact_print {blob} NOT NULL,
    address_print {blob} NOT NULL,
    code_hash TEXT NOT NULL,
    locale TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'expired', 'cancelled', 'mismatch', 'held',
        'serving', 'partly', 'exception', 'completed', 'refunded')),
    refunded BIGINT NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND price),
    placed_at_s BIGINT NOT NULL,
    pay_until_s BIGINT NOT NULL,
    paid_at_s BIGINT,
    ended_at_s BIGINT,
    journal_id BIGINT UNIQUE REFERENCES journal (id),
    CONSTRAINT sale_order_completed CHECK ((state = 'completed') = (journal_id IS NOT NULL))
);
CREATE INDEX sale_order_due ON sale_order (pay_until_s) WHERE state = 'pending';
CREATE INDEX sale_order_newest ON sale_order (placed_at_s, id);
CREATE INDEX sale_order_state ON sale_order (state, placed_at_s);
CREATE INDEX sale_order_contact ON sale_order (contact_print) WHERE state = 'pending';
CREATE INDEX sale_order_address ON sale_order (address_print) WHERE state = 'pending';

-- One row per unit that is delivered. ``delivered`` is sealed: what a person or an issue has given.
CREATE TABLE order_unit (
    id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL REFERENCES sale_order (id),
    n INTEGER NOT NULL CHECK (n > 0),
    sku TEXT NOT NULL REFERENCES sku (id),
    fulfilment TEXT NOT NULL CHECK (fulfilment <> 'bundle'),
    price BIGINT NOT NULL CHECK (price >= 0),
    state TEXT NOT NULL CHECK (state IN ('waiting', 'serving', 'by-hand', 'stuck', 'delivered',
        'revealed', 'cancelled', 'reversed')),
    cost_account TEXT NOT NULL DEFAULT '',
    cost BIGINT NOT NULL DEFAULT 0 CHECK (cost >= 0),
    next_at_s BIGINT NOT NULL DEFAULT 0,
    delivered {blob},
    voucher_id BIGINT UNIQUE REFERENCES voucher (id),
    delivered_at_s BIGINT,
    refund TEXT,
    UNIQUE (order_id, n),
    CONSTRAINT order_unit_delivered CHECK (
        state NOT IN ('delivered', 'revealed', 'reversed') OR delivered_at_s IS NOT NULL)
);
CREATE INDEX order_unit_state ON order_unit (state, order_id)
    WHERE state IN ('serving', 'by-hand', 'stuck');

-- What happened, in order; each row of an order is chained to the one before.
CREATE TABLE order_event (
    id {id},
    order_id TEXT NOT NULL REFERENCES sale_order (id),
    n INTEGER NOT NULL CHECK (n > 0),
    unit TEXT NOT NULL,
    at_s BIGINT NOT NULL,
    who TEXT NOT NULL,
    event TEXT NOT NULL,
    state TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash {blob} NOT NULL,
    UNIQUE (order_id, n)
);

-- A payment that the buyer may make. At most one of an order can be paid at a time.
CREATE TABLE payment (
    number TEXT PRIMARY KEY CHECK (length(number) BETWEEN 6 AND 32),
    order_id TEXT NOT NULL REFERENCES sale_order (id),
    channel TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    description TEXT NOT NULL,
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
    CONSTRAINT payment_paid CHECK ((state = 'paid') = (paid IS NOT NULL))
);
CREATE UNIQUE INDEX payment_one ON payment (order_id) WHERE state IN ('asked', 'open');
CREATE UNIQUE INDEX payment_channel_number ON payment (channel, channel_number)
    WHERE channel_number <> '';
CREATE INDEX payment_due ON payment (next_at_s) WHERE state IN ('asked', 'open');

CREATE TABLE refund (
    number TEXT PRIMARY KEY CHECK (length(number) BETWEEN 6 AND 32),
    order_id TEXT NOT NULL REFERENCES sale_order (id),
    payment TEXT NOT NULL REFERENCES payment (number),
    channel TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    total BIGINT NOT NULL CHECK (total >= amount),
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
    CONSTRAINT refund_done CHECK ((state = 'done') = (done_journal_id IS NOT NULL))
);
CREATE INDEX refund_order ON refund (order_id);

-- A voucher whose price went back. Nothing of it is owed any more; if it turns out that somebody
-- has used it all the same, he is paid by us.
CREATE TABLE voucher_refund (
    voucher_id BIGINT PRIMARY KEY REFERENCES voucher (id),
    refund TEXT NOT NULL REFERENCES refund (number),
    at_s BIGINT NOT NULL
);
CREATE INDEX refund_due ON refund (next_at_s) WHERE state IN ('asked', 'sent')
"""

ORDER_MOVES = (
    "pending>serving expired>serving cancelled>serving pending>held expired>held cancelled>held"
    " pending>mismatch expired>mismatch cancelled>mismatch pending>expired pending>cancelled"
    " held>serving serving>partly serving>exception partly>exception exception>serving"
    " serving>completed partly>completed exception>completed held>refunded mismatch>refunded"
    " serving>refunded exception>refunded expired>refunded cancelled>refunded"
)
UNIT_MOVES = (
    "waiting>serving waiting>cancelled cancelled>serving serving>by-hand serving>stuck"
    " stuck>serving serving>delivered by-hand>delivered stuck>delivered serving>cancelled"
    " by-hand>cancelled stuck>cancelled delivered>revealed revealed>delivered delivered>reversed"
    " revealed>reversed"
)
PAYMENT_MOVES = "asked>open asked>paid open>paid asked>closed open>closed closed>paid"
REFUND_MOVES = "asked>sent asked>stuck sent>done sent>stuck asked>done stuck>done stuck>sent"


def _not_among(moves):
    listed = ", ".join(f"'{move}'" for move in moves.split())
    return f"OLD.state <> NEW.state AND OLD.state || '>' || NEW.state NOT IN ({listed})"


def _differs(names):
    return " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in names.split())


# Table, event, what is said, and when it is refused.
RULES = (
    ("sale_order", "UPDATE", "an order does not go there", _not_among(ORDER_MOVES)),
    (
        "sale_order", "UPDATE", "an order stays what was ordered",
        _differs("id token_hash idem request_hash channel seller buyer sku quantity type"
                 " type_version price currency quote placed_at_s")
        + " OR NEW.refunded < OLD.refunded",
    ),
    ("sale_order", "DELETE", "an order stays", "1 = 1"),
    ("order_unit", "UPDATE", "a unit does not go there", _not_among(UNIT_MOVES)),
    (
        "order_unit", "UPDATE", "a unit stays what was ordered",
        _differs("id order_id n sku fulfilment price"),
    ),
    ("order_unit", "DELETE", "a unit stays", "1 = 1"),
    ("order_event", "UPDATE", "what happened has happened", "1 = 1"),
    ("order_event", "DELETE", "what happened has happened", "1 = 1"),
    ("payment", "UPDATE", "a payment does not go there", _not_among(PAYMENT_MOVES)),
    (
        "payment", "UPDATE", "a payment stays what was asked for",
        _differs("number order_id channel amount currency description created_at_s expires_at_s"),
    ),
    ("payment", "DELETE", "a payment stays", "1 = 1"),
    ("refund", "UPDATE", "a refund does not go there", _not_among(REFUND_MOVES)),
    (
        "refund", "UPDATE", "a refund stays what was asked for",
        _differs("number order_id payment channel amount currency total reason journal_id"),
    ),
    ("refund", "DELETE", "a refund stays", "1 = 1"),
    ("voucher_refund", "UPDATE", "what went back went back", "1 = 1"),
    ("voucher_refund", "DELETE", "what went back went back", "1 = 1"),
)  # fmt: skip


def _sqlite():
    for number, (table, event, why, when) in enumerate(RULES):
        yield (
            f"CREATE TRIGGER orders_rule_{number} BEFORE {event} ON {table} WHEN {when}"
            f" BEGIN SELECT raise(ABORT, 'orders: {why}'); END"
        )


def _postgres():
    yield (
        "CREATE FUNCTION orders_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'orders: %%', TG_ARGV[0] USING ERRCODE = 'check_violation'; END $$"
    )
    for number, (table, event, why, when) in enumerate(RULES):
        yield (
            f"CREATE TRIGGER orders_rule_{number} BEFORE {event} ON {table} FOR EACH ROW"
            f" WHEN ({when}) EXECUTE FUNCTION orders_refuse('{why}')"
        )
    for table in sorted({rule[0] for rule in RULES}):
        # TRUNCATE would go past the row triggers.
        yield (
            f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"
            " EXECUTE FUNCTION orders_refuse('nothing is ever truncated')"
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
