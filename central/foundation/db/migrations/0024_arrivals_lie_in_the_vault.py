"""Keys that arrive from suppliers lie in the vault; nothing has ever been written here.

Forward only; never edited once released.
"""


def up(_migrator, db):
    """Drop the two tables, and their rules with them."""
    for table in ("supplier_arrival", "supplier_key_print"):
        db.execute_sql(f"DROP TABLE {table}")
