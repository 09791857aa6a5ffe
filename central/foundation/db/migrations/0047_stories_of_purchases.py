"""The story of an attempt to buy is chained, as an order's is; lines from before are not.

Forward only; never edited once released.
"""


def up(_migrator, db):
    """Add number and hash; a line has both, or it is from before."""
    blob = "BLOB" if db.param == "?" else "BYTEA"
    db.execute_sql("ALTER TABLE supplier_event ADD COLUMN n INTEGER CHECK (n > 0)")
    db.execute_sql(f"ALTER TABLE supplier_event ADD COLUMN hash {blob}")
    db.execute_sql(
        "CREATE UNIQUE INDEX supplier_event_n ON supplier_event (attempt, n) WHERE n IS NOT NULL"
    )
