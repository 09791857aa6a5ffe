"""Products."""

from __future__ import annotations

from peewee import BigIntegerField, IntegerField, SmallIntegerField, TextField

from central.foundation.db.engine import Table


class ProductRow(Table):
    """What a voucher is for.

    ``worth_minor`` is the face value of a single voucher, of one use of a multi-use one, and 1
    for a stored value, whose amount stands on each voucher.
    """

    id = IntegerField(primary_key=True)
    name_zh = TextField()
    name_en = TextField()
    kind = SmallIntegerField()
    worth_minor = BigIntegerField()
    uses = IntegerField()
    changed_n = BigIntegerField()

    class Meta:
        """Peewee's settings."""

        table_name = "product"
