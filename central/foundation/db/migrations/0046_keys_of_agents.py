"""A key may be of one agent: the program that has it sees and orders for him alone.

Forward only; never edited once released.
"""


def up(_migrator, db):
    """Add the column; keys from before are of programs of the house."""
    db.execute_sql("ALTER TABLE api_key ADD COLUMN agent TEXT REFERENCES agent (id)")
