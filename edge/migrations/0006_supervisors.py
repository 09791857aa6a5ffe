"""Clerks who may look behind the screen. Forward only; never edited once released."""


def up(_migrator, db):
    """Nobody is one until headquarters or the store says so."""
    db.execute_sql("ALTER TABLE clerk ADD COLUMN is_supervisor INTEGER NOT NULL DEFAULT 0")
