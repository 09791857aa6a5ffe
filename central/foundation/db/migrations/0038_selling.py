"""Rounds of buying, how long a key must still be good, members, and what a mismatch may become.

Forward only; never edited once released.
"""

TABLES = """
-- Attempts up to this number belong to rounds before a person said "try again".
ALTER TABLE supplier_purchase ADD COLUMN round_from INTEGER NOT NULL DEFAULT 0;
ALTER TABLE supplier_purchase ADD COLUMN round_at_s BIGINT NOT NULL DEFAULT 0;

-- Until when an account is a member's, and who has said so.
ALTER TABLE customer ADD COLUMN member_until_s BIGINT;
ALTER TABLE customer ADD COLUMN member_by TEXT NOT NULL DEFAULT '';

-- How a SKU is sold, where it is otherwise than usual.
CREATE TABLE sku_selling (
    sku TEXT PRIMARY KEY REFERENCES sku (id),
    min_days_left INTEGER NOT NULL CHECK (min_days_left BETWEEN 0 AND 3650),
    set_by TEXT NOT NULL,
    set_at_s BIGINT NOT NULL
)
"""

ORDER_MOVES = (
    "pending>serving expired>serving cancelled>serving pending>held expired>held cancelled>held"
    " pending>mismatch expired>mismatch cancelled>mismatch pending>expired pending>cancelled"
    " mismatch>serving held>serving serving>partly serving>exception partly>exception"
    " exception>serving serving>completed partly>completed exception>completed held>refunded"
    " mismatch>refunded serving>refunded partly>refunded exception>refunded"
)


def up(_migrator, db):
    """Add columns and the table; let a person accept what came as another amount."""
    sqlite = db.param == "?"
    for statement in TABLES.split(";\n"):
        db.execute_sql(statement)
    listed = ", ".join(f"'{move}'" for move in ORDER_MOVES.split())
    when = f"OLD.state <> NEW.state AND OLD.state || '>' || NEW.state NOT IN ({listed})"
    why = "an order does not go there"
    if sqlite:
        db.execute_sql("DROP TRIGGER orders_rule_0")
        db.execute_sql(
            f"CREATE TRIGGER orders_rule_0 BEFORE UPDATE ON sale_order WHEN {when}"
            f" BEGIN SELECT raise(ABORT, 'orders: {why}'); END"
        )
    else:
        db.execute_sql("DROP TRIGGER orders_rule_0 ON sale_order")
        db.execute_sql(
            f"CREATE TRIGGER orders_rule_0 BEFORE UPDATE ON sale_order FOR EACH ROW"
            f" WHEN ({when}) EXECUTE FUNCTION orders_refuse('{why}')"
        )
