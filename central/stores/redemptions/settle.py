"""Brings ledger, conflicts and status of one voucher in line with all facts known about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from central.foundation.db.engine import money_transaction
from central.money.ledger import rules
from central.money.ledger.closes import open_day
from central.money.ledger.store import journal_id_of, post, reverse
from central.stores.redemptions import conflict
from central.stores.redemptions.commission import earned_by, given_back_by
from central.stores.redemptions.resolve import Fact, Share, resolve
from central.stores.redemptions.tables import (
    ConflictRow,
    CorrectionRow,
    GrantGiven,
    LeaseRow,
    RedemptionEntry,
)
from central.stores.redemptions.write_off import written_off
from central.stores.units.tables import Store, Unit
from central.stores.vouchers.expire import gone
from central.stores.vouchers.status import change_status, move
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


def resume(voucher_id: VoucherId) -> None:
    """Make a suspended voucher valid again, or redeemed if offline tills have used it up.

    Raises:
        NotFound: there is none; Conflict: it is not suspended.
    """
    money_transaction(lambda: settle_status(move(voucher_id, Status.VALID, {Status.SUSPENDED})))


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


def proven_mode(row: RedemptionEntry) -> Mode:
    """Return what stood behind an acceptance as far as it can be held against what we gave."""
    rows = facts_of(Voucher.get_by_id(row.voucher_id))
    return _proven(row, _on_leases(rows, taken_back(rows)))


def taken_back(rows: Iterable[RedemptionEntry]) -> Counter[EntryRef]:
    """Return what its own unit has taken back of each acceptance, as the facts have it.

    A unit may say that it took more back than it had taken; whoever uses this looks at both.
    """
    back: Counter[EntryRef] = Counter()
    for row in rows:
        if row.kind == EntryKind.VOID:
            back[_voided_by(row)] += row.amount or 0
    return back


def ref_of(row: RedemptionEntry) -> EntryRef:
    """Return the name of an entry."""
    return EntryRef(UnitId(row.unit_id), Epoch(row.epoch), Seq(row.seq))


def _shares(voucher: Voucher, entries: dict[EntryRef, RedemptionEntry]) -> dict[EntryRef, Share]:
    back = taken_back(entries.values())
    on_lease = _on_leases(entries.values(), back)
    given_back, given_up = _given_back(voucher), written_off(VoucherId(voucher.id))
    facts = [
        _fact(row, ref, on_lease, voided=back[ref], given_back=given_back[ref])
        for ref, row in entries.items()
        if row.kind == EntryKind.REDEMPTION
    ]
    lost = _came_too_late(voucher, entries)
    if given_up:
        lost |= {
            r for r, row in entries.items() if (row.unit_id, bytes(row.request or b"")) in given_up
        }
    if lost:
        facts = [fact._replace(is_written_off=fact.ref in lost) for fact in facts]
    return resolve(voucher.capacity, facts)


def _came_too_late(voucher: Voucher, entries: dict[EntryRef, RedemptionEntry]) -> set[EntryRef]:
    """Return the acceptances on a lease that came after it was given up: others have its value."""
    if not any(row.mode == Mode.LEASE for row in entries.values()):
        return set()
    given_up = LeaseRow.select().where(
        LeaseRow.voucher_id == voucher.id, LeaseRow.closed_how == "written-off"
    )
    ended = {bytes(lease.id): lease.closed_at_s or 0 for lease in given_up}
    return {
        ref
        for ref, row in entries.items()
        if row.received_at_s > ended.get(bytes(row.evidence or b""), row.received_at_s)
    }


def _given_back(voucher: Voucher) -> Counter[EntryRef]:
    """Return what headquarters has given back of each acceptance."""
    given: Counter[EntryRef] = Counter()
    for row in CorrectionRow.select().where(CorrectionRow.voucher_id == voucher.id):
        given[EntryRef(UnitId(row.unit_id), Epoch(row.epoch), Seq(row.seq))] += row.amount
    return given


def _proven(row: RedemptionEntry, on_lease: frozenset[EntryRef]) -> Mode:
    """Return what stood behind an entry as far as it can be held against what we gave.

    A unit that says "by grant" or "on a lease" without one has stood alone: whoever was promised
    the value comes before it.
    """
    assert row.mode is not None, "an acceptance has a mode, a time and an amount"
    mode = Mode(row.mode)
    if mode is Mode.LEASE:
        return mode if ref_of(row) in on_lease else Mode.SOLO
    if mode is not Mode.GRANT:
        return mode
    given = GrantGiven.get_or_none(
        GrantGiven.unit_id == row.unit_id, GrantGiven.request == row.request,
        GrantGiven.voucher_id == row.voucher_id, GrantGiven.amount == row.amount,
    )  # fmt: skip
    if given is None or row.evidence is None:
        return Mode.SOLO
    return mode if bytes(given.digest) == bytes(row.evidence) else Mode.SOLO


def _on_leases(rows: Iterable[RedemptionEntry], back: Counter[EntryRef]) -> frozenset[EntryRef]:
    """Return the acceptances that a lease of ours covers: in the order of the unit's journal, as
    long as it lasts."""
    claimed = sorted(
        (row for row in rows if row.mode == Mode.LEASE and row.evidence is not None),
        key=ref_of,
    )
    by_lease: dict[bytes, list[RedemptionEntry]] = {}
    for row in claimed:
        by_lease.setdefault(bytes(row.evidence or b""), []).append(row)
    covered: set[EntryRef] = set()
    for lease_id, entries in by_lease.items():
        lease = LeaseRow.get_or_none(LeaseRow.id == lease_id)
        left = lease.amount if lease else 0
        for row in entries:
            # What the till has taken back it may spend on the same lease again.
            kept = (row.amount or 0) - back[ref_of(row)]
            fits = lease is not None and (
                (row.unit_id, row.voucher_id) == (lease.unit_id, lease.voucher_id)
                and kept <= left
                and (row.wall_s or 0) < lease.expires_at_s
            )
            if fits and kept > 0:
                left -= kept
                covered.add(ref_of(row))
    return frozenset(covered)


def _fact(
    row: RedemptionEntry, ref: EntryRef, on_lease: frozenset[EntryRef], *, voided: int,
    given_back: int,
) -> Fact:  # fmt: skip
    assert row.mode is not None, "an acceptance has a mode, a time and an amount"
    assert row.wall_s is not None, "an acceptance has a mode, a time and an amount"
    assert row.amount is not None, "an acceptance has a mode, a time and an amount"
    # The till may not have known of what headquarters gave back, nor headquarters of the till's.
    kept = max(0, row.amount - given_back - voided)
    return Fact(ref, _proven(row, on_lease), row.wall_s, kept, is_voided=voided >= row.amount)


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
        given_back_by(before.idem, currency, at_s, day=today, actor=str(ref.unit))
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
        earned_by(now.idem, now.voucher_id, now.worth, at_s, day=day, actor=str(ref.unit))


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
