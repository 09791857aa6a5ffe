"""Shares a sale in the transaction that completes it: who earns what is written down, once.

Nothing is posted here: the sale's own journal takes the commissions in (``rules.Completed``), so
that a sale and its shares are one journal. What is used up later, as a voucher is, is promised
first and earned part by part (``postings.part_earned``).
"""

from __future__ import annotations

import json
from typing import NamedTuple

from central.errors import KeyReused, NotFound, SharingRefused
from central.foundation.db.engine import change, rows
from central.foundation.language.words import N_
from central.money.ledger.rules import Commission
from central.money.sharing.claw import claw
from central.money.sharing.model import RuleInForce, Sale, Split
from central.money.sharing.rule_body import read_snapshot, snapshot
from central.money.sharing.rule_sets import in_force
from central.money.sharing.split import SharesExceed
from central.money.sharing.tables import CommissionRow, SharedSale
from central.money.sharing.work_out import work_out
from edge.contract.money import Money

TOO_MUCH = N_("All shares together are more than they may be, and the rule set refuses that.")


class Earned(NamedTuple):
    """What a sale gives to agents.

    Args:
        commissions: What each of them earns, the seller first.
        created: False if it was shared before, and this is what came out of it then.
    """

    ref: str
    commissions: tuple[Commission, ...]
    created: bool


class Part(NamedTuple):
    """Part of a promise that was used: a redemption of a voucher.

    Args:
        ref: The redemption's own key.
        promise: The ref under which the whole was promised.
    """

    ref: str
    promise: str
    amount: Money


def split_of(sale: Sale, found: RuleInForce | None) -> Split:
    """Work a sale out.

    Raises:
        SharingRefused: the sale or the rule set cannot be; the sentence says why.
    """
    try:
        return work_out(sale, found)
    except SharesExceed as exc:
        raise SharingRefused(TOO_MUCH, sale=sale.ref, why=str(exc)) from exc
    except ValueError as exc:
        raise SharingRefused(str(exc), sale=sale.ref) from exc


def earn(sale: Sale, at_s: int) -> Earned:
    """Share a completed order. Call it in the transaction that completes it.

    Commissions are pending until the hold of the rule set is over.

    Raises:
        SharingRefused: the sale cannot be shared.
        KeyReused: another sale was shared under this number.
    """
    return _share(sale, "order", at_s)


def promise(sale: Sale, at_s: int, *, measure: int | None = None) -> Earned:
    """Note what agents will earn as something that was sold is used: nothing is earned yet.

    Call it in the transaction that sells it.

    Args:
        measure: What all of it is worth as it is used, minor units, if that is not its price: a
            voucher's face value.

    Raises:
        SharingRefused, KeyReused: as ``earn``.
    """
    return _share(sale, "promise", at_s, measure)


def earn_part(part: Part, at_s: int) -> Earned:
    """Let agents earn the part of a promise that was used; the last part leaves nothing over.

    Call it in the transaction that posts the redemption.

    Raises:
        NotFound: nothing was promised under this ref.
        SharingRefused: more is used than is left of the promise, or another currency.
        KeyReused: the redemption's key was used for something else.
    """
    whole = SharedSale.get_or_none(SharedSale.ref == part.promise, SharedSale.kind == "promise")
    if whole is None:
        raise NotFound(f"Nothing was promised under {part.promise}.")
    known = SharedSale.get_or_none(SharedSale.ref == part.ref)
    if known is not None:
        if (known.promise, known.minor, known.currency) != (
            part.promise, part.amount.minor, part.amount.currency,
        ):  # fmt: skip
            raise KeyReused(f"{part.ref} was shared as something else.")
        return Earned(part.ref, _commissions(part.ref), created=False)
    if part.amount.currency != whole.currency or not 0 < part.amount.minor <= whole.left_minor:
        raise SharingRefused(
            f"Of {part.promise} {Money(whole.left_minor, whole.currency)} are left to be used."
        )
    _, found = read_snapshot(json.loads(whole.snapshot))
    hold_s = found.rule.hold_s if found else 0
    earned = _use_up(whole, part.amount.minor)
    SharedSale.create(
        ref=part.ref, kind="redemption", promise=part.promise, currency=whole.currency,
        minor=part.amount.minor, left_minor=part.amount.minor, scope=whole.scope,
        version=whole.version, snapshot=whole.snapshot, shared_at_s=at_s,
    )  # fmt: skip
    _write_commissions(part.ref, earned, "pending", at_s + hold_s)
    return Earned(part.ref, earned, created=True)


def commissions_of(ref: str) -> list[CommissionRow]:
    """Return the commissions of a sale, in the order in which rounding and refunds take them."""
    found = CommissionRow.select().where(CommissionRow.sale == ref)
    return list(found.order_by(CommissionRow.place))


def _share(sale: Sale, kind: str, at_s: int, measure: int | None = None) -> Earned:
    known = rows("SELECT kind, snapshot FROM shared_sale WHERE ref = ?", (sale.ref,))
    if known:
        [(known_kind, before)] = known
        if known_kind != kind or read_snapshot(json.loads(before))[0] != sale:
            raise KeyReused(f"{sale.ref} was shared as something else.")
        return Earned(sale.ref, _commissions(sale.ref), created=False)
    found = in_force(sale.scopes, sale.at_s)
    split = split_of(sale, found)
    scope, version = found.ref if found else (None, None)
    whole = sale.amount.minor if measure is None else measure
    # Raw SQL, as in the ledger: every order comes through here, and the ORM costs ten times more.
    change(
        "INSERT INTO shared_sale (ref, kind, currency, minor, left_minor, scope, version,"
        " snapshot, shared_at_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (sale.ref, kind, sale.amount.currency, whole, whole, scope, version,
         json.dumps(snapshot(sale, split)), at_s),
    )  # fmt: skip
    state = "promised" if kind == "promise" else "pending"
    release_at_s = at_s + (found.rule.hold_s if found else 0)
    earned = tuple(Commission(agent, minor) for agent, minor in split.by_agent.items())
    _write_commissions(sale.ref, earned, state, release_at_s)
    return Earned(sale.ref, earned, created=True)


def _use_up(whole: SharedSale, minor: int) -> tuple[Commission, ...]:
    """Take a part out of a promise; return who earns what by it."""
    promised = commissions_of(whole.ref)
    parts = claw([row.kept_minor for row in promised], minor, whole.left_minor)
    used = (
        SharedSale.update(left_minor=SharedSale.left_minor - minor)
        .where(SharedSale.ref == whole.ref, SharedSale.left_minor == whole.left_minor)
        .execute()
    )
    assert used == 1, "nobody else writes while this transaction does"
    for row, earned in zip(promised, parts, strict=True):
        changed = (
            CommissionRow.update(kept_minor=CommissionRow.kept_minor - earned)
            .where(
                CommissionRow.sale == row.sale, CommissionRow.agent == row.agent,
                CommissionRow.kept_minor == row.kept_minor,
            )
            .execute()
        )  # fmt: skip
        assert changed == 1, "nobody else writes while this transaction does"
    earning = zip(promised, parts, strict=True)
    return tuple(Commission(row.agent, minor) for row, minor in earning if minor)


def _commissions(ref: str) -> tuple[Commission, ...]:
    return tuple(Commission(row.agent, row.minor) for row in commissions_of(ref))


def _write_commissions(
    sale: str, earned: tuple[Commission, ...], state: str, release_at_s: int
) -> None:
    for place, one in enumerate(earned):
        change(
            "INSERT INTO commission (sale, agent, place, minor, kept_minor, state, release_at_s)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (sale, one.agent, place, one.minor, one.minor, state, release_at_s),
        )
