"""Brings ledger, conflicts and status of one voucher in line with all facts known about it."""

from __future__ import annotations

from central.money.ledger import rules
from central.money.ledger.closes import open_day
from central.money.ledger.store import journal_id_of, post, reverse
from central.stores.redemptions import conflict
from central.stores.redemptions.resolve import Fact, Share, resolve
from central.stores.redemptions.tables import ConflictRow, RedemptionEntry
from central.stores.units.tables import Store, Unit
from central.stores.vouchers.expire import gone
from central.stores.vouchers.status import change_status
from central.stores.vouchers.tables import Voucher
from edge.contract.ids import EntryRef, Epoch, Seq, StoreId, UnitId, VoucherId
from edge.contract.journal_entry import EntryKind
from edge.contract.money import Money
from edge.contract.policy import Mode
from edge.contract.status import Status
from edge.contract.sync_message import Outcome

CLOCK_SLACK_S = 86400
"""How far a till's clock may lie outside of what is possible before the hub's own is used."""


def settle(voucher: Voucher, *, currency: str, at_s: int) -> None:
    """Work the outcome of every fact about a voucher out anew, and post the differences.

    Call it in the transaction that wrote the facts. Calling it again changes nothing.
    """
    entries = {ref_of(row): row for row in facts_of(voucher)}
    shares = _shares(voucher, entries)
    # What shrinks goes first, so that the holders' debt never falls below zero in between.
    for ref, share in sorted(shares.items(), key=lambda s: s[1].covered - entries[s[0]].covered):
        _apply(entries[ref], ref, share, voucher, currency=currency, at_s=at_s)


def settle_status(voucher: Voucher) -> None:
    """Mark a voucher as redeemed once nothing is left of it, and as valid if something is again.

    Call it in the transaction that wrote the facts; what the ledger says to them is no matter.
    """
    if covered_in_all(voucher) >= voucher.capacity:
        change_status(voucher, Status.REDEEMED, {Status.VALID})
    else:
        change_status(voucher, Status.VALID, {Status.REDEEMED})


def facts_of(voucher: Voucher) -> list[RedemptionEntry]:
    """Return acceptances and voids of a voucher, but for those that are quarantined."""
    return list(
        RedemptionEntry.select().where(
            RedemptionEntry.voucher_id == voucher.id,
            RedemptionEntry.kind << [int(EntryKind.REDEMPTION), int(EntryKind.VOID)],
            RedemptionEntry.outcome != str(Outcome.QUARANTINED),
        )
    )


def covered_in_all(voucher: Voucher) -> int:
    """Return how much of a voucher is spent, in its own measure, posted or not."""
    shares = _shares(voucher, {ref_of(row): row for row in facts_of(voucher)})
    return sum(share.covered for share in shares.values())


def ref_of(row: RedemptionEntry) -> EntryRef:
    """Return the name of an entry."""
    return EntryRef(UnitId(row.unit_id), Epoch(row.epoch), Seq(row.seq))


def _shares(voucher: Voucher, entries: dict[EntryRef, RedemptionEntry]) -> dict[EntryRef, Share]:
    voided = {_voided_by(row) for row in entries.values() if row.kind == EntryKind.VOID}
    facts = [
        _fact(row, ref, is_voided=ref in voided)
        for ref, row in entries.items()
        if row.kind == EntryKind.REDEMPTION
    ]
    return resolve(voucher.capacity, facts)


def _fact(row: RedemptionEntry, ref: EntryRef, *, is_voided: bool) -> Fact:
    assert row.mode is not None, "an acceptance has a mode, a time and an amount"
    assert row.wall_s is not None, "an acceptance has a mode, a time and an amount"
    assert row.amount is not None, "an acceptance has a mode, a time and an amount"
    return Fact(ref, Mode(row.mode), row.wall_s, row.amount, is_voided)


def _voided_by(row: RedemptionEntry) -> EntryRef:
    assert row.voids_epoch is not None, "a void names an entry"
    assert row.voids_seq is not None, "a void names an entry"
    return EntryRef(UnitId(row.unit_id), Epoch(row.voids_epoch), Seq(row.voids_seq))


def _apply(
    row: RedemptionEntry, ref: EntryRef, share: Share, voucher: Voucher, *, currency: str, at_s: int
) -> None:
    outcome = Outcome.OVERSPEND if share.excess else Outcome.APPLIED
    if share.covered != row.covered:
        _post(row, ref, share.covered, voucher, currency=currency, at_s=at_s)
    if str(outcome) != row.outcome or share.covered != row.covered:
        changes = {
            "outcome": str(outcome),
            "covered": share.covered,
            "posted": row.posted + (1 if share.covered and share.covered != row.covered else 0),
        }
        RedemptionEntry.update(**changes).where(_is(row)).execute()
    _note_conflict(row, share, voucher, at_s)
    if share.excess or row.outcome == Outcome.OVERSPEND:  # it has a case, or had one
        _follow_case(ref, share, voucher, currency=currency, at_s=at_s)


def _post(
    row: RedemptionEntry, ref: EntryRef, covered: int, voucher: Voucher, *, currency: str, at_s: int
) -> None:
    unit = Unit.get(Unit.id == row.unit_id)
    store = Store.get(Store.id == unit.store_id)

    def event(times: int, amount: int) -> rules.Redeemed:
        worth = Money(voucher.worth_minor(amount), currency)
        return rules.Redeemed(ref, times, VoucherId(voucher.id), voucher.product, store.id, worth)

    # A unit that was cut off may report what happened on a day that is closed by now. It is owed
    # all the same, and counts on the first day that is open. Its voucher may have expired, or gone
    # back, by now; then the holder's debt stands elsewhere.
    away = gone(voucher)
    if row.covered:
        before = event(row.posted - 1, row.covered)
        journal_id = journal_id_of(before.idem)
        assert journal_id is not None, "what is covered was posted"
        today = open_day(rules.business_day(at_s, store.timezone))
        reverse(f"rv:{before.idem}", journal_id, at_s, day=today, actor=str(ref.unit))
        if away is not None:
            post(rules.voucher_expired_again(before, today, is_ours=away.is_ours), at_s)
    if covered:
        made_at_s = counts_at_s(row.wall_s, row.received_at_s, unit.enrolled_at_s)
        own = rules.business_day(made_at_s, store.timezone)
        day = open_day(own)
        now = event(row.posted, covered)._replace(told_day=own if own != day else None)
        if away is not None:
            post(rules.voucher_reactivated(now, day, is_ours=away.is_ours), at_s)
        post(rules.redeemed(now, day), at_s)


def counts_at_s(told_s: int | None, came_at_s: int, enrolled_at_s: int) -> int:
    """Return when an entry counts as made: by the till's clock, if that can be true.

    A till whose clock stood wrong still sold something: then it counts when it came.
    """
    earliest_s, latest_s = enrolled_at_s - CLOCK_SLACK_S, came_at_s + CLOCK_SLACK_S
    if told_s is None or not earliest_s <= told_s <= latest_s:
        return came_at_s
    return told_s


def _note_conflict(row: RedemptionEntry, share: Share, voucher: Voucher, at_s: int) -> None:
    state = "open" if share.excess else "withdrawn"
    changed = (
        ConflictRow.update(state=state, excess=share.excess)
        .where(
            ConflictRow.unit_id == row.unit_id,
            ConflictRow.epoch == row.epoch,
            ConflictRow.seq == row.seq,
        )
        .execute()
    )
    if share.excess and not changed:
        ConflictRow.create(
            unit_id=row.unit_id, epoch=row.epoch, seq=row.seq, voucher_id=voucher.id,
            excess=share.excess, state=state, opened_at_s=at_s,
        )  # fmt: skip


def _follow_case(
    ref: EntryRef, share: Share, voucher: Voucher, *, currency: str, at_s: int
) -> None:
    store = Store.get(Store.id == Unit.get(Unit.id == ref.unit).store_id)
    excess = conflict.claimed(voucher, share.excess)
    worth = Money(voucher.worth_minor(excess), currency)
    found = conflict.Excess(ref, VoucherId(voucher.id), StoreId(store.id), excess, worth)
    conflict.follow(found, at_s, store.timezone)


def _is(row: RedemptionEntry) -> object:
    return (
        (RedemptionEntry.unit_id == row.unit_id)
        & (RedemptionEntry.epoch == row.epoch)
        & (RedemptionEntry.seq == row.seq)
    )
