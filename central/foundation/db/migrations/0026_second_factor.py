"""A second factor for people at headquarters.

Forward only; never edited once released.
"""

TABLES = """
CREATE TABLE second_factor (
    person_id INTEGER PRIMARY KEY REFERENCES person (id),
    sealed {blob} NOT NULL,
    confirmed_at_s BIGINT,
    last_step BIGINT NOT NULL DEFAULT 0,
    misses INTEGER NOT NULL DEFAULT 0 CHECK (misses >= 0),
    locked_until_s BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE recovery_code (
    hash {blob} PRIMARY KEY,
    person_id INTEGER NOT NULL REFERENCES person (id),
    used_at_s BIGINT
);
CREATE INDEX recovery_code_person ON recovery_code (person_id)
"""


def up(_migrator, db):
    """Create the tables."""
    blob = "BLOB" if db.param == "?" else "BYTEA"
    for statement in TABLES.format(blob=blob).split(";\n"):
        db.execute_sql(statement)
