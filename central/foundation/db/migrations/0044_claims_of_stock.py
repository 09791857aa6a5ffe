"""A case notes which key of ours it is about: that one is claimed, whatever takes its place.

Forward only; never edited once released.
"""

WORDS = "after-sales: a case is about one key"
CHANGED = "coalesce(OLD.key_id, 0) <> coalesce(NEW.key_id, 0)"


def up(_migrator, db):
    """Add the column; cases from before are about the key that their unit has now."""
    db.execute_sql("ALTER TABLE after_sale ADD COLUMN key_id BIGINT REFERENCES card_key (id)")
    if db.param == "?":
        db.execute_sql(
            f"CREATE TRIGGER after_sale_key BEFORE UPDATE ON after_sale WHEN {CHANGED}"
            f" BEGIN SELECT raise(ABORT, '{WORDS}'); END"
        )
        return
    db.execute_sql(
        "CREATE TRIGGER after_sale_key BEFORE UPDATE ON after_sale FOR EACH ROW"
        f" WHEN ({CHANGED}) EXECUTE FUNCTION"
        f" after_sales_refuse('{WORDS.removeprefix('after-sales: ')}')"
    )
