"""What is sold: product types as data, categories, items, and what of them can be ordered.

Forward only; never edited once released.
"""

TABLES = """
-- A node of the tree that buyers browse and that profit sharing has rules for. It stays where it
-- is, so there are no circles, and nobody's commission changes because a shelf was moved.
CREATE TABLE category (
    id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 32),
    parent TEXT REFERENCES category (id),
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    place INTEGER NOT NULL DEFAULT 0,
    CHECK (parent <> id)
);
CREATE INDEX category_parent ON category (parent);

-- A kind of thing that is sold; what it asks for and how it is delivered is data.
CREATE TABLE product_type (
    id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 32),
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    fulfilment TEXT NOT NULL CHECK (fulfilment IN ('local_key', 'supplier_key', 'direct_topup',
        'link', 'own_voucher', 'manual', 'bundle')),
    made_by TEXT NOT NULL,
    made_at_s BIGINT NOT NULL,
    UNIQUE (id, fulfilment)
);

-- One version of a type: its fields, its delivery, its validity. An order keeps its version.
CREATE TABLE product_type_version (
    type TEXT NOT NULL REFERENCES product_type (id),
    version INTEGER NOT NULL CHECK (version > 0),
    body TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at_s BIGINT NOT NULL,
    PRIMARY KEY (type, version)
);

-- What is sold, as a buyer sees it. Of which type it is, is for ever.
CREATE TABLE item (
    id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 32),
    type TEXT NOT NULL,
    fulfilment TEXT NOT NULL,
    category TEXT REFERENCES category (id),
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    description_zh TEXT NOT NULL DEFAULT '',
    description_en TEXT NOT NULL DEFAULT '',
    media TEXT NOT NULL DEFAULT '',
    FOREIGN KEY (type, fulfilment) REFERENCES product_type (id, fulfilment),
    UNIQUE (id, fulfilment)
);
CREATE INDEX item_category ON item (category);

-- What can be ordered. `product` is the number that stands in the tokens of our own vouchers.
CREATE TABLE sku (
    id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 32),
    item TEXT NOT NULL,
    fulfilment TEXT NOT NULL,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    face_minor BIGINT CHECK (face_minor > 0),
    currency TEXT CHECK (length(currency) = 3),
    product INTEGER REFERENCES product (id),
    state TEXT NOT NULL CHECK (state IN ('draft', 'live', 'retired')),
    made_by TEXT NOT NULL,
    made_at_s BIGINT NOT NULL,
    changed_at_s BIGINT NOT NULL,
    FOREIGN KEY (item, fulfilment) REFERENCES item (id, fulfilment),
    UNIQUE (id, fulfilment),
    CHECK ((face_minor IS NULL) = (currency IS NULL)),
    CHECK ((fulfilment = 'own_voucher') = (product IS NOT NULL))
);
CREATE INDEX sku_item ON sku (item);

-- What a bundle is made of. A bundle is in no other bundle, so there are no circles.
CREATE TABLE bundle_part (
    sku TEXT NOT NULL,
    sku_fulfilment TEXT NOT NULL CHECK (sku_fulfilment = 'bundle'),
    part TEXT NOT NULL,
    part_fulfilment TEXT NOT NULL CHECK (part_fulfilment <> 'bundle'),
    quantity INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 1000),
    PRIMARY KEY (sku, part),
    FOREIGN KEY (sku, sku_fulfilment) REFERENCES sku (id, fulfilment),
    FOREIGN KEY (part, part_fulfilment) REFERENCES sku (id, fulfilment)
)
"""


def _differs(*columns):
    return " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in columns)


# Each rule once: table, event, what is said, and when it is refused, in SQL that both engines read.
RULES = (
    ("category", "UPDATE", "a category stays where it is", _differs("id", "parent")),
    ("product_type", "UPDATE", "what a type is stays", _differs("id", "fulfilment")),
    ("product_type", "DELETE", "a type stays", "1 = 1"),
    ("product_type_version", "UPDATE", "a version stays as it is", "1 = 1"),
    ("product_type_version", "DELETE", "a version stays", "1 = 1"),
    ("item", "UPDATE", "of which type an item is stays", _differs("id", "type", "fulfilment")),
    (
        "sku", "UPDATE",
        "what was offered once stays what it is, and is no draft again",
        f"OLD.state <> 'draft' AND (NEW.state = 'draft' OR"
        f" {_differs('id', 'item', 'fulfilment', 'face_minor', 'currency', 'product')})",
    ),
    ("sku", "DELETE", "what was offered once stays", "OLD.state <> 'draft'"),
    ("bundle_part", "UPDATE", "a part is taken out and another put in", "1 = 1"),
)  # fmt: skip

_PARTS_STAY = "the parts of a bundle that was offered once stay"


def _sqlite():
    for number, (table, event, why, when) in enumerate(RULES):
        yield (
            f"CREATE TRIGGER catalogue_rule_{number} BEFORE {event} ON {table} WHEN {when}"
            f" BEGIN SELECT raise(ABORT, 'catalogue: {why}'); END"
        )
    for event, row in (("INSERT", "NEW"), ("DELETE", "OLD")):
        yield (
            f"CREATE TRIGGER catalogue_parts_{event.lower()} BEFORE {event} ON bundle_part"
            f" WHEN (SELECT state FROM sku WHERE id = {row}.sku) <> 'draft'"
            f" BEGIN SELECT raise(ABORT, 'catalogue: {_PARTS_STAY}'); END"
        )


def _postgres():
    yield (
        "CREATE FUNCTION catalogue_refuses() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'catalogue: %%', TG_ARGV[0] USING ERRCODE = 'check_violation'; END"
        " $$"
    )
    for number, (table, event, why, when) in enumerate(RULES):
        yield (
            f"CREATE TRIGGER catalogue_rule_{number} BEFORE {event} ON {table} FOR EACH ROW"
            f" WHEN ({when}) EXECUTE FUNCTION catalogue_refuses('{why}')"
        )
    yield (
        "CREATE FUNCTION catalogue_parts_stay() RETURNS trigger LANGUAGE plpgsql AS $$"
        " DECLARE of_sku TEXT; BEGIN"
        " IF TG_OP = 'INSERT' THEN of_sku := NEW.sku; ELSE of_sku := OLD.sku; END IF;"
        " IF (SELECT state FROM sku WHERE id = of_sku FOR SHARE) <> 'draft' THEN"
        f" RAISE EXCEPTION 'catalogue: {_PARTS_STAY}' USING ERRCODE = 'check_violation'; END IF;"
        " IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$"
    )
    yield (
        "CREATE TRIGGER catalogue_parts BEFORE INSERT OR DELETE ON bundle_part"
        " FOR EACH ROW EXECUTE FUNCTION catalogue_parts_stay()"
    )
    for table in ("product_type", "product_type_version", "item", "sku", "bundle_part"):
        # TRUNCATE would go past the row triggers.
        yield (
            f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"
            " EXECUTE FUNCTION catalogue_refuses('nothing is ever truncated')"
        )


def up(_migrator, db):
    """Create tables and rules."""
    for statement in TABLES.split(";\n"):
        db.execute_sql(statement)
    for statement in _sqlite() if db.param == "?" else _postgres():
        db.execute_sql(statement)
