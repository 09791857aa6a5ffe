"""Links to a voucher's page, and what became of them."""

from __future__ import annotations

from peewee import AutoField, BigIntegerField, BlobField, TextField

from central.foundation.db.engine import Table


class HolderLink(Table):
    """A link that brings one voucher to one phone. Its secret is kept as a hash only.

    A voucher has at most one that was not withdrawn, which an index sees to.
    """

    id = AutoField()
    voucher_id = BigIntegerField()
    token_hash = BlobField()
    made_at_s = BigIntegerField()
    made_by = TextField()
    device_key = BlobField(null=True)
    locked_at_s = BigIntegerField(null=True)
    withdrawn_at_s = BigIntegerField(null=True)

    class Meta:
        """Peewee's settings."""

        table_name = "holder_link"


class HolderEvent(Table):
    """Something that happened to a voucher's links; a trigger keeps it as it is."""

    id = AutoField()
    voucher_id = BigIntegerField()
    event = TextField()
    who = TextField()
    said = TextField()
    at_s = BigIntegerField()

    class Meta:
        """Peewee's settings."""

        table_name = "holder_event"
