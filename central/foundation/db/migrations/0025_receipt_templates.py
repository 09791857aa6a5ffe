"""Every receipt template that was ever in force, and who made it so.

Forward only; never edited once released.
"""

TABLES = """
-- The newest version of a group is what receipt_template holds. back_to: the earlier version that
-- was put back as this one.
CREATE TABLE receipt_template_version (
    store_group INTEGER NOT NULL,
    version BIGINT NOT NULL,
    body TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at_s BIGINT NOT NULL,
    back_to BIGINT,
    PRIMARY KEY (store_group, version)
);
INSERT INTO receipt_template_version (store_group, version, body, changed_by, changed_at_s)
    SELECT store_group, changed_n, body, '', 0 FROM receipt_template
"""

RULES = (
    ("UPDATE", "what stood on receipts stays so"),
    ("DELETE", "what stood on receipts stays so"),
)


def _sqlite():
    for event, why in RULES:
        yield (
            f"CREATE TRIGGER receipt_template_{event.lower()} BEFORE {event}"
            " ON receipt_template_version"
            f" BEGIN SELECT raise(ABORT, 'receipts: {why}'); END"
        )


def _postgres():
    yield (
        "CREATE FUNCTION receipts_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'receipts: %%', TG_ARGV[0] USING ERRCODE = 'check_violation'; END $$"
    )
    for event, why in RULES:
        yield (
            f"CREATE TRIGGER receipt_template_{event.lower()} BEFORE {event}"
            " ON receipt_template_version FOR EACH ROW"
            f" EXECUTE FUNCTION receipts_refuse('{why}')"
        )


def up(_migrator, db):
    """Create the table, fill it with what is in force, and seal it."""
    for statement in TABLES.split(";\n"):
        db.execute_sql(statement)
    for statement in _sqlite() if db.param == "?" else _postgres():
        db.execute_sql(statement)
