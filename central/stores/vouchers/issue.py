"""Sells vouchers: rows, money and tokens in one transaction."""

from __future__ import annotations

import re
import secrets
from typing import NamedTuple

from peewee import chunked, fn

from central.errors import NotFound, RequestInvalid
from central.foundation.db.engine import money_transaction
from central.foundation.db.engine import rows as db_rows
from central.foundation.feed import next_change
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.money.ledger import rules
from central.money.ledger.store import post
from central.stores.keys.keyring import Keyring
from central.stores.vouchers.tables import Shard, Voucher
from central.supply.catalogue import products
from central.supply.catalogue.regions import region_in
from edge.contract import voucher_token
from edge.contract.bundle import Product
from edge.contract.ids import ProductId, StatusIndex, StoreGroup, VoucherId
from edge.contract.money import Money
from edge.contract.status import SHARD_BITS, SHARD_SIZE, Status
from edge.contract.voucher_token import VoucherClaims, VoucherKind

COUNT_MAX = 10_000
"""Vouchers of one batch; more are several batches."""
CHANNEL = re.compile(r"[A-Za-z0-9-]{1,32}", re.ASCII)
"""It becomes part of an account's code."""
DAYS_PER_MONTH = 31
ROWS_PER_INSERT = 500


class Order(NamedTuple):
    """What is sold.

    Args:
        vouchers: How many.
        value: Minor units of a stored value; 0 for what the product says.
        scope: Store group, 0 for all.
        expires_day: First day on which it is not good any more, counted from 2026-01-01.
        channel: Where the customer's money came in; None if whoever calls posts the sale himself,
            in the same transaction.
        region: Where they are meant to be redeemed; empty for everywhere.
        agent: Which agent sells them; empty for none.
    """

    product: ProductId
    vouchers: int
    scope: StoreGroup
    not_before_day: int
    expires_day: int
    value: int = 0
    dynamic_required: bool = False
    online_only: bool = False
    channel: str | None = "counter"
    region: str = ""
    agent: str = ""


class Issued(NamedTuple):
    """One voucher and the text of its token. The text is as good as the voucher."""

    claims: VoucherClaims
    text: str


class Batch(NamedTuple):
    """Vouchers that were sold together."""

    id: str
    vouchers: tuple[Issued, ...]


def issue(
    order: Order, keyring: Keyring, *, currency: str, at_s: int, day: int, actor: str
) -> Batch:
    """Issue vouchers and post their sale.

    Raises:
        RequestInvalid: a count, date, value or region that cannot be.
        NotFound: no such product, or agent.
    """
    product = products.get(order.product)
    _check(order, product)
    batch = f"B{secrets.token_hex(6)}"

    def write() -> tuple[VoucherClaims, ...]:
        number = next_change()
        claims = _new_claims(order, product, keyring)
        face = face_minor(claims[0], product)
        rows = [
            {
                **one._asdict(),
                "id": one.voucher_id,
                "kind": int(one.kind),
                "face_minor": face,
                "capacity": capacity(one, product),
                "status": int(Status.VALID),
                "batch": batch,
                "issued_at_s": at_s,
                "issued_n": number,
                "region": order.region,
                "agent": order.agent,
            }
            for one in claims
        ]
        for row in rows:
            del row["voucher_id"]
        for some in chunked(rows, ROWS_PER_INSERT):
            Voucher.insert_many(some).execute()
        if order.channel is None:
            return claims
        total = Money(face * order.vouchers, currency)
        post(rules.vouchers_paid(batch, order.channel, total, day, actor), at_s)
        post(rules.vouchers_sold(batch, order.product, total, day, actor), at_s)
        return claims

    issued = money_transaction(write)
    return Batch(batch, tuple(Issued(c, token_text(c, keyring)) for c in issued))


def token_text(claims: VoucherClaims, keyring: Keyring) -> str:
    """Return the 218 digits of a voucher. Ed25519 is deterministic: it is always the same text."""
    return voucher_token.sign(claims, keyring.issuer, keyring.issuers[claims.kid])


def face_minor(claims: VoucherClaims, product: Product) -> int:
    """Return what one voucher is sold for, at face value."""
    if claims.kind is VoucherKind.STORED_VALUE:
        return claims.value
    return product.worth_minor * (product.uses if claims.kind is VoucherKind.MULTI else 1)


def capacity(claims: VoucherClaims, product: Product) -> int:
    """Return what one voucher holds, in its own measure."""
    return {
        VoucherKind.SINGLE: 1,
        VoucherKind.MULTI: product.uses,
        VoucherKind.STORED_VALUE: claims.value,
    }[claims.kind]


def _check(order: Order, product: Product) -> None:
    if not 1 <= order.vouchers <= COUNT_MAX:
        raise RequestInvalid(f"A batch has 1 to {COUNT_MAX} vouchers.")
    if not 0 <= order.scope <= 0xFFFF:
        raise RequestInvalid(N_("A store group is 0 to 65535."))
    if order.channel is not None and not CHANNEL.fullmatch(order.channel):
        raise RequestInvalid(N_("A channel is 1 to 32 letters, digits and hyphens."))
    region_in(order.region)
    if order.agent and not db_rows("SELECT 1 FROM agent WHERE id = ?", (order.agent,)):
        raise NotFound(Saying("no-agent", agent=order.agent))
    if not 0 <= order.not_before_day < order.expires_day <= 0xFFFF:
        raise RequestInvalid(N_("A voucher begins before it expires, both from 2026-01-01 on."))
    if product.kind is VoucherKind.STORED_VALUE:
        if not 1 <= order.value <= 0xFFFFFFFF:
            raise RequestInvalid(N_("A stored value has a value from 0.01 to 42949672.95."))
    elif order.value:
        raise RequestInvalid(N_("Only a stored value has a value of its own."))


def _new_claims(order: Order, product: Product, keyring: Keyring) -> tuple[VoucherClaims, ...]:
    kid, _ = keyring.newest
    # What the token says must not change when the product does, so it bears its own figures.
    value = {
        VoucherKind.SINGLE: product.worth_minor if product.worth_minor <= 0xFFFFFFFF else 0,
        VoucherKind.MULTI: product.uses,
        VoucherKind.STORED_VALUE: order.value,
    }[product.kind]
    ids = _new_voucher_ids(order.vouchers)
    indices = _take_indices(order.scope, order.expires_day // DAYS_PER_MONTH, order.vouchers)
    return tuple(
        VoucherClaims(
            kid=kid,
            voucher_id=voucher_id,
            product=order.product,
            value=value,
            scope=order.scope,
            not_before_day=order.not_before_day,
            expires_day=order.expires_day,
            status_index=index,
            kind=product.kind,
            dynamic_required=order.dynamic_required,
            online_only=order.online_only,
        )
        for voucher_id, index in zip(ids, indices, strict=True)
    )


def _new_voucher_ids(wanted: int) -> list[VoucherId]:
    """Return distinct random 48-bit ids that no voucher has."""
    ids: set[int] = set()
    while len(ids) < wanted:
        ids |= {secrets.randbits(48) for _ in range(wanted - len(ids))}
        for some in chunked(sorted(ids), ROWS_PER_INSERT):
            taken = Voucher.select(Voucher.id).where(Voucher.id << list(some))
            ids -= {row.id for row in taken}
    return [VoucherId(i) for i in ids]


def _take_indices(scope: StoreGroup, month: int, wanted: int) -> list[StatusIndex]:
    """Return the next free status indices of a group and month, densely; opens shards as needed."""
    indices: list[StatusIndex] = []
    while len(indices) < wanted:
        shard = (
            Shard.select()
            .where(Shard.scope == scope, Shard.month == month, Shard.used < SHARD_SIZE)
            .order_by(Shard.id)
            .first()
        ) or _open_shard(scope, month)
        room = min(SHARD_SIZE - shard.used, wanted - len(indices))
        # Two sales at once: whoever finds the shard changed is tried again as a whole.
        changed = (
            Shard.update(used=Shard.used + room)
            .where(Shard.id == shard.id, Shard.used == shard.used)
            .execute()
        )
        assert changed == 1, "serializable transactions do not see one another's changes"
        first = (shard.id << SHARD_BITS) + shard.used
        indices += [StatusIndex(first + i) for i in range(room)]
    return indices


def _open_shard(scope: StoreGroup, month: int) -> Shard:
    newest = Shard.select(fn.max(Shard.id)).scalar()
    shard = 0 if newest is None else int(newest) + 1
    return Shard.create(id=shard, scope=scope, month=month, used=0)
