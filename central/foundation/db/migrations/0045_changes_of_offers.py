"""Since when the next question for changed prices has to ask, where a supplier tells them.

Forward only; never edited once released.
"""


def up(_migrator, db):
    """Add the column; nothing was asked for yet."""
    db.execute_sql("ALTER TABLE supplier_account ADD COLUMN changes_at_s BIGINT NOT NULL DEFAULT 0")
