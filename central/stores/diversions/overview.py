"""Diversions as a person looks at them: the list, and what lies behind one."""

from __future__ import annotations

from typing import NamedTuple

from central.errors import NotFound
from central.foundation.db.engine import rows
from central.foundation.language.said import Saying
from central.stores.redemptions.settle import facts_of, ref_of, taken_back
from central.stores.units.regions import shops
from central.stores.units.tables import Unit
from central.stores.vouchers.tables import Voucher
from central.supply.catalogue.regions import lies_outside
from edge.contract.ids import VoucherId, voucher_id_text
from edge.contract.journal_entry import EntryKind

_SELECT = (
    "SELECT d.voucher_id, v.product, d.region, d.agent, (SELECT u.order_id FROM order_unit u"
    " WHERE u.voucher_id = d.voucher_id), v.batch, d.unit_id, d.epoch, d.seq, d.store_id, s.name,"
    " d.store_region, d.found_at_s, d.closed_at_s, d.closed_by, d.said FROM diversion d"
    " JOIN voucher v ON v.id = d.voucher_id JOIN store s ON s.id = d.store_id"
)


class Diversion(NamedTuple):
    """A voucher that was redeemed outside of its region.

    Args:
        agent: Who sold it; empty for nobody of the agents.
        order: The order that it was delivered for; None if it was issued by hand, in ``batch``.
        entry: The first redemption outside, as unit/epoch/number.
        store_region: Where that store lay, as the hub knew it then.
        said: What was done about it; None while nobody has dealt with it.
    """

    voucher_id: str
    product: int
    region: str
    agent: str
    order: str | None
    batch: str
    entry: str
    store: str
    store_name: str
    store_region: str
    found_at_s: int
    closed_at_s: int | None
    closed_by: str | None
    said: str | None


class Redeemed(NamedTuple):
    """One acceptance of the voucher, and where.

    Args:
        region: Where the store lies by what is known now.
        is_outside: Of the voucher's region.
        is_voided: The till took it back.
    """

    entry: str
    store: str
    store_name: str
    region: str
    told_s: int
    worth_minor: int
    is_outside: bool
    is_voided: bool


class Behind(NamedTuple):
    """A diversion, and every acceptance of its voucher by the till's clock."""

    diversion: Diversion
    redeemed: tuple[Redeemed, ...]


def diversions(*, open_only: bool = True, agent: str = "", limit: int = 200) -> list[Diversion]:
    """Return diversions, the newest first.

    Args:
        open_only: Those alone that nobody has dealt with.
        agent: Of vouchers alone that this agent sold; empty for all.
    """
    found = rows(
        f"{_SELECT} WHERE (d.closed_at_s IS NULL OR ?) AND ? IN ('', d.agent)"
        " ORDER BY d.found_at_s DESC, d.voucher_id LIMIT ?",
        (not open_only, agent, limit),
    )
    return [_diversion(row) for row in found]


def open_diversions() -> int:
    """Return how many nobody has dealt with."""
    [(count,)] = rows("SELECT count(*) FROM diversion WHERE closed_at_s IS NULL")
    return int(count)


def diversion_of(voucher_id: VoucherId) -> Diversion | None:
    """Return the diversion of a voucher; None if there is none."""
    found = rows(f"{_SELECT} WHERE d.voucher_id = ?", (voucher_id,))
    return _diversion(found[0]) if found else None


def behind(voucher_id: VoucherId) -> Behind:
    """Return what lies behind a diversion.

    Raises:
        NotFound: there is none of this voucher.
    """
    found = diversion_of(voucher_id)
    if found is None:
        raise NotFound(Saying("no-diversion", voucher=voucher_id_text(voucher_id)))
    voucher = Voucher.get(Voucher.id == voucher_id)
    facts = facts_of(voucher)
    back, known = taken_back(facts), {shop.id: shop for shop in shops()}
    redeemed = []
    for row in facts:
        if row.kind != EntryKind.REDEMPTION:
            continue
        ref, amount = ref_of(row), row.amount or 0
        shop = known[Unit.get(Unit.id == row.unit_id).store_id]
        redeemed.append(
            Redeemed(
                "/".join(map(str, ref)), shop.id, shop.name, shop.region, row.wall_s or 0,
                voucher.worth_minor(min(amount, voucher.capacity)),
                lies_outside(shop.region, voucher.region), back[ref] >= amount,
            )
        )  # fmt: skip
    redeemed.sort(key=lambda one: (one.told_s, one.entry))
    return Behind(found, tuple(redeemed))


def _diversion(row: tuple[object, ...]) -> Diversion:
    (voucher_id, product, region, agent, order, batch, unit, epoch, seq, *rest) = row
    name = voucher_id_text(VoucherId(int(str(voucher_id))))
    return Diversion(name, product, region, agent, order, batch, f"{unit}/{epoch}/{seq}", *rest)  # type: ignore[arg-type]
