"""Which issuers' keys the units are told to believe."""

from __future__ import annotations

from peewee import (
    BigIntegerField,
    BlobField,
    BooleanField,
    CompositeKey,
    IntegerField,
    TextField,
    fn,
)

from central.foundation.db.engine import Table, money_transaction
from central.foundation.feed import next_change
from central.stores.keys.keyring import Keyring
from edge.contract.ids import KeyId
from edge.contract.keys import IssuerKey, TrustList, hub_seal_key

LIFE_S = 90 * 86400
"""How long a unit without news believes a trust list."""
REFRESH_S = 86400
"""A list is signed anew when it is this old, so that its end moves on."""


class IssuerKeyRow(Table):
    """A public key that signs vouchers: ours, or a foreign one that units can name."""

    issuer = TextField()
    kid = IntegerField()
    public_key = BlobField()
    is_foreign = BooleanField()
    active = BooleanField()
    created_at_s = BigIntegerField()
    changed_n = BigIntegerField()

    class Meta:
        """Peewee's settings."""

        table_name = "issuer_key"
        primary_key = CompositeKey("issuer", "kid")


def publish(keyring: Keyring, at_s: int) -> None:
    """Note the public half of every key in the ring that is not noted yet."""

    def write() -> None:
        for kid, key in keyring.issuers.items():
            known = IssuerKeyRow.get_or_none(
                IssuerKeyRow.issuer == keyring.issuer, IssuerKeyRow.kid == kid
            )
            if known is None:
                IssuerKeyRow.create(
                    changed_n=next_change(),
                    issuer=keyring.issuer, kid=kid, active=True, is_foreign=False,
                    public_key=key.public_key().public_bytes_raw(), created_at_s=at_s,
                )  # fmt: skip

    money_transaction(write)


def changed_n() -> int:
    """Return the number of the newest change of any key."""
    return int(IssuerKeyRow.select(fn.max(IssuerKeyRow.changed_n)).scalar() or 0)


def trust_list(keyring: Keyring, at_s: int) -> TrustList:
    """Return the list as it is now. Its version grows with every change, and every day."""
    keys = tuple(
        IssuerKey(row.issuer, KeyId(row.kid), bytes(row.public_key), foreign=row.is_foreign)
        for row in IssuerKeyRow.select()
        .where(IssuerKeyRow.active)
        .order_by(IssuerKeyRow.issuer, IssuerKeyRow.kid)
    )
    return TrustList(
        version=(at_s // REFRESH_S << 40) + changed_n(),
        issuer=keyring.issuer,
        issued_at_s=at_s,
        expires_at_s=at_s + LIFE_S,
        keys=keys,
        bundle_keys=(keyring.bundle_public,),
        hub_seal_key=hub_seal_key(keyring.master).public_key().public_bytes_raw(),
    )
