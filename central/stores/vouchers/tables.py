"""Vouchers and their status."""

from __future__ import annotations

from peewee import (
    BigIntegerField,
    BooleanField,
    CompositeKey,
    IntegerField,
    SmallIntegerField,
    TextField,
)

from central.foundation.db.engine import Table
from edge.contract.ids import KeyId, ProductId, StatusIndex, StoreGroup, VoucherId
from edge.contract.voucher_token import VoucherClaims, VoucherKind


class Voucher(Table):
    """One voucher, known by the 48-bit id that its token bears. The token itself is not kept:
    whoever reads the database must not be able to spend it. It can be signed again at any time.

    ``face_minor`` is what it was sold for at face value, ``capacity`` what it holds in its own
    measure; the worth of an amount is ``face_minor * amount / capacity``, always a whole number.
    ``region`` is where it is meant to be redeemed, ``agent`` who sold it; the token says neither.
    """

    id = BigIntegerField(primary_key=True)
    kid = SmallIntegerField()
    product = IntegerField()
    value = BigIntegerField()
    kind = SmallIntegerField()
    scope = IntegerField()
    not_before_day = IntegerField()
    expires_day = IntegerField()
    status_index = BigIntegerField()
    dynamic_required = BooleanField()
    online_only = BooleanField()
    face_minor = BigIntegerField()
    capacity = BigIntegerField()
    status = SmallIntegerField()
    batch = TextField()
    issued_at_s = BigIntegerField()
    issued_n = BigIntegerField()
    region = TextField(default="")
    agent = TextField(default="")

    def claims(self) -> VoucherClaims:
        """Return what its token says."""
        return VoucherClaims(
            KeyId(self.kid),
            VoucherId(self.id),
            ProductId(self.product),
            self.value,
            StoreGroup(self.scope),
            self.not_before_day,
            self.expires_day,
            StatusIndex(self.status_index),
            VoucherKind(self.kind),
            self.dynamic_required,
            self.online_only,
        )

    def worth_minor(self, amount: int) -> int:
        """Return what an amount in the voucher's own measure is worth."""
        worth, rest = divmod(self.face_minor * amount, self.capacity)
        assert rest == 0, "face_minor is a multiple of capacity, or both are minor units"
        return worth


class Shard(Table):
    """131,072 status indices of one group and month of expiry; ``used`` of them are given out."""

    id = IntegerField(primary_key=True)
    scope = IntegerField()
    month = IntegerField()
    used = IntegerField()


class StatusChange(Table):
    """A voucher's status became another; ``n`` is the number of the change in the feed."""

    shard = IntegerField()
    n = BigIntegerField()
    place = IntegerField()
    status = SmallIntegerField()

    class Meta:
        """Peewee's settings."""

        table_name = "status_change"
        primary_key = CompositeKey("shard", "n", "place")
