"""Who has changed a policy and when, and grants that nobody waits for any more.

Forward only; never edited once released.
"""

TABLES = """
-- back_to: the earlier version that was put back as this one. Empty and 0: older than this record.
ALTER TABLE policy_version ADD COLUMN changed_by TEXT NOT NULL DEFAULT '';
ALTER TABLE policy_version ADD COLUMN changed_at_s BIGINT NOT NULL DEFAULT 0;
ALTER TABLE policy_version ADD COLUMN back_to BIGINT;

-- What was held for a grant is free again, although its unit has not told. One for a grant.
CREATE TABLE grant_write_off (
    unit_id TEXT NOT NULL,
    request {blob} NOT NULL,
    voucher_id BIGINT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    reason TEXT NOT NULL,
    written_off_by TEXT NOT NULL,
    written_off_at_s BIGINT NOT NULL,
    PRIMARY KEY (unit_id, request),
    FOREIGN KEY (unit_id, request) REFERENCES grant_given (unit_id, request)
);
CREATE INDEX grant_write_off_voucher ON grant_write_off (voucher_id)
"""

WHY = "what was written off stays so"


def _sqlite():
    for event in ("UPDATE", "DELETE"):
        yield (
            f"CREATE TRIGGER grant_write_off_{event.lower()} BEFORE {event} ON grant_write_off"
            f" BEGIN SELECT raise(ABORT, 'grants: {WHY}'); END"
        )


def _postgres():
    yield (
        "CREATE TRIGGER grant_write_off_stays BEFORE UPDATE OR DELETE ON grant_write_off"
        f" FOR EACH ROW EXECUTE FUNCTION grants_refuse('{WHY}')"
    )


def up(_migrator, db):
    """Widen the policies' record, and create the table with its rules."""
    sqlite = db.param == "?"
    for statement in TABLES.format(blob="BLOB" if sqlite else "BYTEA").split(";\n"):
        db.execute_sql(statement)
    for statement in _sqlite() if sqlite else _postgres():
        db.execute_sql(statement)
