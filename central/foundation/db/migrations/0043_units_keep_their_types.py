"""A unit of an order keeps the version of its type, as the order does: of a bundle, its part's.

Forward only; never edited once released.
"""

WORDS = "orders: a unit keeps the version that it was sold in"
CHANGED = "coalesce(OLD.type_version, 0) <> coalesce(NEW.type_version, 0)"


def up(_migrator, db):
    """Add the column; units from before have none, and the newest version counts for them."""
    db.execute_sql("ALTER TABLE order_unit ADD COLUMN type_version INTEGER")
    if db.param == "?":
        db.execute_sql(
            f"CREATE TRIGGER order_unit_type BEFORE UPDATE ON order_unit WHEN {CHANGED}"
            f" BEGIN SELECT raise(ABORT, '{WORDS}'); END"
        )
        return
    db.execute_sql(
        "CREATE TRIGGER order_unit_type BEFORE UPDATE ON order_unit FOR EACH ROW"
        f" WHEN ({CHANGED}) EXECUTE FUNCTION orders_refuse('{WORDS.removeprefix('orders: ')}')"
    )
