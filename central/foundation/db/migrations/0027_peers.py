"""Which stores' units have to hear of one another anew, and what came through a peer.

Forward only; never edited once released.
"""

TABLES = """
-- The newest change of who the units of a store are, where they listen, and how many stores there
-- are besides: the version of what they are told of one another.
CREATE TABLE store_peers (
    store_id TEXT PRIMARY KEY REFERENCES store (id),
    changed_n BIGINT NOT NULL
);
INSERT INTO store_peers (store_id, changed_n)
SELECT store.id, feed.n + 1 FROM store, feed;
UPDATE feed SET n = n + 1 WHERE EXISTS (SELECT 1 FROM store_peers);

-- Entries that reached the hub through another unit of the store than the one that made them.
CREATE TABLE relayed_run (
    unit_id TEXT NOT NULL REFERENCES unit (id),
    epoch BIGINT NOT NULL,
    first_seq BIGINT NOT NULL,
    last_seq BIGINT NOT NULL CHECK (last_seq >= first_seq),
    relayer_id TEXT NOT NULL REFERENCES unit (id),
    received_at_s BIGINT NOT NULL,
    PRIMARY KEY (unit_id, epoch, first_seq)
)
"""


def up(_migrator, db):
    """Create the tables."""
    for statement in TABLES.split(";\n"):
        db.execute_sql(statement)
