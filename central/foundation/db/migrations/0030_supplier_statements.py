"""Statements that suppliers were asked for, a row an account and day.

Forward only; never edited once released.
"""

TABLES = """
-- Without a bill the day is missing, and ``said`` tells why. ``file_id`` is what came last, byte
-- for byte, whether it was believed or not.
CREATE TABLE supplier_statement (
    account TEXT NOT NULL REFERENCES supplier_account (id),
    day INTEGER NOT NULL,
    bill_id BIGINT REFERENCES bill (id),
    file_id BIGINT REFERENCES bill_file (id),
    said TEXT NOT NULL,
    tries INTEGER NOT NULL,
    asked_at_s BIGINT NOT NULL,
    asked_by TEXT NOT NULL,
    PRIMARY KEY (account, day),
    CONSTRAINT supplier_statement_taken CHECK (bill_id IS NULL OR said = '')
)
"""


def up(_migrator, db):
    """Create the table."""
    db.execute_sql(TABLES)
