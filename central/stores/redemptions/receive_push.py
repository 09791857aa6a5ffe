"""Takes a push: keeps every entry, settles every voucher touched, answers entry by entry.

Idempotent for ever on (unit, epoch, number, hash). A bad entry is quarantined *and*
acknowledged, so that nothing behind it has to wait.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from central.errors import MessageRefused, PostingRefused
from central.foundation.db.engine import HUB, money_transaction, reading
from central.stores.keys.keyring import Keyring
from central.stores.redemptions.accept import Arrived, Place, arrange, empty_tail
from central.stores.redemptions.diversion import look
from central.stores.redemptions.settle import settle, settle_status
from central.stores.redemptions.tables import ForkedEntry, RedemptionEntry, ReservationRow
from central.stores.units.peers import peers_changed
from central.stores.units.tables import Alarm, Unit, UnitTail
from central.stores.vouchers.tables import Voucher
from edge.contract.ids import EntryRef, Seq, StoreId, UnitId
from edge.contract.journal_entry import EntryKind, EpochCause, Head, JournalEntry, entry_hash
from edge.contract.sync_message import Ack, Outcome, Push, PushReceipt, Result, UnitState

ENTRIES_PER_TRANSACTION = 20
"""A full push at once would keep everybody else from writing for seconds, and a reservation has
800 ms. A part that is taken stays taken; the unit sends again what it has no receipt for."""
NUMBER_MAX = 2**63 - 1
"""What a column holds."""
FORKED = "fork"


def receive_push(
    push: Push, unit: Unit, keyring: Keyring, *, currency: str, at_s: int
) -> PushReceipt:
    """Take a push of a unit whose request signature was checked.

    Raises:
        MessageRefused: the head is not this unit's, or not the head of what was pushed.
    """
    _check_head(push, unit, keyring.issuer)
    arrived: list[Arrived] = []
    ack = empty_tail(push.epoch)
    for start in range(0, len(push.entries), ENTRIES_PER_TRANSACTION):
        part = _part(push, start, start + ENTRIES_PER_TRANSACTION)
        ack, some = money_transaction(partial(_take, part, unit, currency, at_s))
        if any(one.place in {Place.FORK, Place.GAP} for one in some):
            # What follows a fork or a hole belongs to it: all of the rest, in one go.
            rest = _part(push, start, len(push.entries))
            ack, some = money_transaction(partial(_take, rest, unit, currency, at_s))
            arrived += some
            break
        arrived += some
    return PushReceipt(UnitId(unit.id), ack, reading(partial(_results, arrived, push)), at_s)


def _part(push: Push, start: int, end: int) -> Push:
    return replace(push, first_seq=Seq(push.first_seq + start), entries=push.entries[start:end])


def _check_head(push: Push, unit: Unit, issuer: str) -> None:
    key = Ed25519PublicKey.from_public_bytes(bytes(unit.sign_key))
    head = Head.open(push.head, issuer, key)
    last = Seq(push.first_seq + len(push.entries) - 1)
    said = (head.unit, head.epoch, head.seq, head.hash)
    if said != (unit.id, push.epoch, last, entry_hash(push.entries[-1])) or push.unit != unit.id:
        raise MessageRefused("The head is not the head of what was pushed.")
    if push.epoch > NUMBER_MAX or last > NUMBER_MAX:
        raise MessageRefused("No journal reaches this number.")


def _take(push: Push, unit: Unit, currency: str, at_s: int) -> tuple[Ack, list[Arrived]]:
    unit_id = UnitId(unit.id)
    before = _tail(unit_id, push)
    beside = _beside(push) if push.first_seq > before.seq + 1 else frozenset[bytes]()
    arrived = arrange(unit_id, before, _known(push), push.first_seq, push.entries, beside)
    new = [a for a in arrived if a.place is Place.NEXT]
    kept = [one for one in new if _keep(one, push, unit, at_s) is not Outcome.QUARANTINED]
    for voucher in _touched(new):
        _settle_or_alarm(voucher, unit_id, currency, at_s)
        look(voucher, _accepted(voucher, kept, push), unit.store_id, at_s)
    forks = [a for a in arrived if a.place is Place.FORK]
    if forks:
        _quarantine(forks, push, unit, at_s)
    ack = before
    if new:
        ack = Ack(push.epoch, new[-1].seq, new[-1].hash)
        _write_tail(unit_id, before, ack)
    return ack, arrived


def _touched(new: list[Arrived]) -> list[Voucher]:
    """Return the vouchers that these entries are about, each once, in the entries' order."""
    named = (one.entry.voucher_id for one in new if one.entry)
    ids = dict.fromkeys(voucher_id for voucher_id in named if voucher_id is not None)
    known = {v.id: v for v in Voucher.select().where(Voucher.id << list(ids))} if ids else {}
    return [known[voucher_id] for voucher_id in ids if voucher_id in known]


def _accepted(voucher: Voucher, kept: list[Arrived], push: Push) -> list[EntryRef]:
    """Return the acceptances of a voucher among these entries of a unit."""
    return [
        EntryRef(push.unit, push.epoch, one.seq)
        for one in kept
        if one.entry is not None
        and (one.entry.voucher_id, one.entry.kind) == (voucher.id, EntryKind.REDEMPTION)
    ]


def _settle_or_alarm(voucher: Voucher, unit_id: UnitId, currency: str, at_s: int) -> None:
    """Settle a voucher; what the ledger refuses waits for a person and holds nobody else up."""
    try:
        with HUB.obj.atomic():
            settle(voucher, currency=currency, at_s=at_s)
    except PostingRefused as exc:
        Alarm.create(unit_id=unit_id, kind="posting-refused", detail=str(exc), at_s=at_s)
    settle_status(voucher)


def _tail(unit_id: UnitId, push: Push) -> Ack:
    row = UnitTail.get_or_none(UnitTail.unit_id == unit_id, UnitTail.epoch == push.epoch)
    return Ack(push.epoch, Seq(row.seq), bytes(row.hash)) if row else empty_tail(push.epoch)


def _write_tail(unit_id: UnitId, before: Ack, ack: Ack) -> None:
    if not before.seq:
        UnitTail.create(unit_id=unit_id, epoch=ack.epoch, seq=ack.seq, hash=ack.hash)
        return
    changed = (
        UnitTail.update(seq=ack.seq, hash=ack.hash)
        .where(UnitTail.unit_id == unit_id, UnitTail.epoch == ack.epoch, UnitTail.seq == before.seq)
        .execute()
    )
    assert changed == 1, "serializable: nobody else has moved this tail"


def _stored(push: Push) -> dict[Seq, RedemptionEntry]:
    last = push.first_seq + len(push.entries) - 1
    found = RedemptionEntry.select().where(
        RedemptionEntry.unit_id == push.unit,
        RedemptionEntry.epoch == push.epoch,
        RedemptionEntry.seq.between(push.first_seq, last),
    )
    return {Seq(row.seq): row for row in found}


def _known(push: Push) -> dict[Seq, bytes]:
    return {seq: bytes(row.hash) for seq, row in _stored(push).items()}


def _beside(push: Push) -> frozenset[bytes]:
    """Return what is kept beside ours of the entry before the first one pushed: what follows on it
    is the rest of that other journal, and not a hole in ours."""
    found = ForkedEntry.select().where(
        ForkedEntry.unit_id == push.unit, ForkedEntry.epoch == push.epoch,
        ForkedEntry.seq == push.first_seq - 1,
    )  # fmt: skip
    return frozenset(bytes(row.hash) for row in found)


def _keep(one: Arrived, push: Push, unit: Unit, at_s: int) -> Outcome:
    """Keep an entry; return what becomes of it before its voucher is settled."""
    entry = one.entry
    outcome, why = _first_outcome(one, unit)
    RedemptionEntry.create(
        unit_id=unit.id,
        epoch=push.epoch,
        seq=one.seq,
        hash=one.hash,
        entry=one.raw,
        kind=None if entry is None else int(entry.kind),
        voucher_id=entry and entry.voucher_id,
        amount=entry and entry.amount,
        mode=int(entry.mode) if entry and entry.mode else None,
        reason=str(entry.reason) if entry and entry.reason else None,
        wall_s=entry and min(entry.wall_s, NUMBER_MAX),
        voids_epoch=min(entry.voids[0], NUMBER_MAX) if entry and entry.voids else None,
        voids_seq=min(entry.voids[1], NUMBER_MAX) if entry and entry.voids else None,
        request=entry and entry.request,
        evidence=entry and entry.evidence,
        outcome=str(outcome),
        outcome_reason=why,
        received_at_s=at_s,
    )
    if entry and entry.request:
        ReservationRow.delete().where(
            ReservationRow.unit_id == unit.id, ReservationRow.request == entry.request
        ).execute()
    if entry and entry.gap and entry.gap.cause is not EpochCause.FIRST_START:
        gap = entry.gap
        detail = (
            f"{gap.cause}: entries of epoch {gap.epoch} known up to {gap.known_seq},"
            f" present up to {gap.have_seq}"
        )
        Alarm.create(unit_id=unit.id, kind="new-epoch", detail=detail, at_s=at_s)
    return outcome


def _first_outcome(one: Arrived, unit: Unit) -> tuple[Outcome, str]:
    """Return what becomes of an entry before its voucher is settled."""
    entry = one.entry
    if entry is None:
        return Outcome.QUARANTINED, one.fault
    if entry.kind not in {EntryKind.REDEMPTION, EntryKind.VOID}:
        return Outcome.RECORDED, ""
    if Voucher.get_or_none(Voucher.id == entry.voucher_id) is None:
        return Outcome.QUARANTINED, "unknown-voucher"
    if unit.revoked_at_s is not None and entry.wall_s > unit.revoked_at_s:
        return Outcome.QUARANTINED, "after-revocation"
    if entry.kind is EntryKind.VOID and not _voids_its_own(entry):
        return Outcome.QUARANTINED, "voids-nothing"
    return (Outcome.RECORDED if entry.kind is EntryKind.VOID else Outcome.APPLIED), ""


def _voids_its_own(entry: JournalEntry) -> bool:
    """Say whether a void names an acceptance of the same unit and voucher, or a part of it.

    That all voids of it together are no more than it, resolution sees to: it looks at the set.
    """
    assert entry.voids is not None, "a void entry has this field"
    epoch, seq = entry.voids
    if max(epoch, seq) > NUMBER_MAX:
        return False
    row = RedemptionEntry.get_or_none(
        RedemptionEntry.unit_id == entry.unit,
        RedemptionEntry.epoch == epoch,
        RedemptionEntry.seq == seq,
        RedemptionEntry.kind == int(EntryKind.REDEMPTION),
    )
    if row is None or row.voucher_id != entry.voucher_id:
        return False
    return 0 < (entry.amount or 0) <= (row.amount or 0)


def _quarantine(forks: list[Arrived], push: Push, unit: Unit, at_s: int) -> None:
    """Two journals claim to be this unit's: keep what came, stop the unit, call somebody."""
    for one in forks:
        known = ForkedEntry.get_or_none(
            ForkedEntry.unit_id == unit.id, ForkedEntry.epoch == push.epoch,
            ForkedEntry.seq == one.seq, ForkedEntry.hash == one.hash,
        )  # fmt: skip
        if known is None:
            ForkedEntry.create(
                unit_id=unit.id, epoch=push.epoch, seq=one.seq, hash=one.hash, entry=one.raw,
                received_at_s=at_s,
            )  # fmt: skip
    stopped = (
        Unit.update(state=str(UnitState.QUARANTINED))
        .where(Unit.id == unit.id, Unit.state == str(UnitState.ACTIVE))
        .execute()
    )
    if stopped:
        peers_changed(StoreId(unit.store_id))
        detail = f"entry {push.epoch}/{forks[0].seq} is another one than the hub has"
        Alarm.create(unit_id=unit.id, kind="fork", detail=detail, at_s=at_s)


def _results(arrived: list[Arrived], push: Push) -> tuple[Result, ...]:
    stored = _stored(push)
    results = []
    for one in arrived:
        if one.place in {Place.NEXT, Place.KNOWN}:
            row = stored[one.seq]
            results.append(Result(one.seq, Outcome(row.outcome), row.outcome_reason))
        elif one.place is Place.FORK:
            results.append(Result(one.seq, Outcome.QUARANTINED, FORKED))
    return tuple(results)
