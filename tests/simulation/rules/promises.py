"""What was promised with the hub's word and is spent later: counted from what lies in the books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from edge.bundles.store import HubWord
from edge.contract.ids import EntryRef, VoucherId
from edge.contract.journal_entry import EntryKind, JournalEntry
from edge.contract.policy import Mode
from edge.contract.refusal import Refusal
from edge.contract.sync_message import UnitState
from edge.journal.store import Recorded
from edge.redemption.phone import ASKED_S
from tests.builders import STORE
from tests.simulation.customers import Asked, Voucher
from tests.simulation.hub.memory import Books, Kept
from tests.simulation.machine import Machine
from tests.simulation.rules import answers, at_rest, neighbours
from tests.simulation.rules.answers import Before

if TYPE_CHECKING:
    from tests.simulation.rules.judge import Judge

PROMISED = frozenset({Mode.ONLINE, Mode.GRANT, Mode.LEASE})
"""Modes that stand on the hub's word."""
Told = Iterable[tuple[EntryRef, JournalEntry]]


# --- at a till -----------------------------------------------------------------------------------


def on_lease(judge: Judge, machine: Machine, entry: JournalEntry, b: Before, who: str) -> None:
    """An acceptance says that it is on a lease: on one of its own, within it, before its end."""
    lease = judge.lent.get(entry.evidence or b"")
    if lease is None or (lease.unit, lease.voucher_id) != (entry.unit, entry.voucher_id):
        judge.accuse("lease-within-value", f"{who} is on no lease of its own")
        return
    spent = at_rest.spent_here(machine, entry.evidence or b"")
    if spent > lease.amount:
        judge.accuse("lease-within-value", f"{who} spends {spent} of {lease.amount} that are lent")
    at_hub = judge.world.hub.books.leases.get(entry.evidence or b"")
    is_back = at_hub is not None and at_hub.closed_how == "returned" and at_hub.closed_at_s < b.at_s
    if is_back and not judge.world.is_rewritten and not judge.is_doubtful(entry.unit):
        judge.accuse("lease-within-value", f"{who} is on a lease that was given back")
    if b.is_honest and b.at_s > lease.expires_at_s + 2:
        judge.accuse("lease-within-value", f"{who} is after the end of its lease")


def granted(
    judge: Judge, machine: Machine, asked: Asked, recorded: Recorded, b: Before
) -> None:  # fmt: skip
    """A grant was scanned: it completes the sale that it is for, once and in time, or nothing."""
    entry, grant = recorded.entry, asked.grant
    assert grant is not None, "called for grants only"
    who, world = f"{machine.name} {entry.epoch}/{entry.seq}", judge.world
    phones = [p for p in world.phones if p.request.nonce == grant.nonce]
    is_genuine = any(p.text == asked.shown.text.strip() for p in phones)
    is_waiting = any((p.machine, p.life) == (machine.name, machine.life) for p in phones)
    is_remembered = any(b.at_s - p.asked.at_s < ASKED_S - 30 for p in phones)
    wanted = {p.request[:2] + p.request[3:] for p in phones}
    is_its = grant[:2] + grant[3:5] in wanted
    if entry.accepted:
        if not (is_genuine and is_its and grant.unit == machine.unit):
            judge.accuse("grant-fits", f"{who} takes a grant of {grant.unit}, genuine {is_genuine}")
        if (entry.request, entry.voucher_id, entry.amount) != grant[2:5]:
            judge.accuse("grant-fits", f"{who} takes {entry.amount} on a grant of {grant.amount}")
        is_new = entry.ref[1:] > b.tail
        if is_new and not is_waiting:
            judge.accuse("grant-fits", f"{who} is no sale that this till has asked for")
        if is_new and b.at_s > grant.expires_at_s + 2:
            judge.accuse("grant-fits", f"{who} takes a grant after its end")
        first = judge.granted.setdefault((machine.name, grant.nonce), entry.ref)
        if first != entry.ref and machine.name not in judge.ever_set_back:
            judge.accuse("grant-fits", f"{who} takes the grant of {first} again")
        if is_new and phones:
            answers.accepted(judge, machine, phones[0].asked, entry, b)
            neighbours.accepted(judge, machine, entry, b)
        return
    is_over = any(
        e.request == grant.nonce and e.unit == machine.unit for _, e in judge.told_of.values()
    )
    is_true = {
        Refusal.GRANT_INVALID: not is_genuine,
        Refusal.GRANT_OTHER_STORE: grant.store != STORE,
        Refusal.GRANT_OTHER_UNIT: grant.unit != machine.unit,
        Refusal.GRANT_OTHER_SALE: not (is_waiting and is_its and is_remembered),
        Refusal.GRANT_OTHER_AMOUNT: not is_its,
        Refusal.GRANT_USED: is_over,
        Refusal.GRANT_EXPIRED:
            b.at_s + 2 * machine.clock.now().uncertainty_s + 2 >= grant.expires_at_s,
    }  # fmt: skip
    if entry.reason is not None and not is_true.get(entry.reason, True):
        judge.accuse("fair-refusal", f"{who} refuses a grant as {entry.reason}")


def part(
    judge: Judge, machine: Machine, taken: JournalEntry, recorded: Recorded, wanted: int | None
) -> None:
    """Something is taken back: never more than there was, and as much as was asked for.

    Args:
        wanted: How much; None for all that is left.
    """
    entry, so_far = recorded.entry, judge.voids.setdefault((machine.name, taken.ref), {})
    who, is_new = f"{machine.name} {entry.epoch}/{entry.seq}", recorded.hash not in so_far
    left = (taken.amount or 0) - sum(so_far.values())
    so_far[recorded.hash] = entry.amount or 0
    if is_new and not 0 < (entry.amount or 0) <= left:
        judge.accuse("parts-within", f"{who} takes {entry.amount} back, {left} is left")
    if wanted is not None and entry.amount != wanted:
        judge.accuse("parts-within", f"{who} takes {entry.amount} back, {wanted} was asked for")
    is_corrected = taken.ref in judge.given_back
    if wanted is None and is_new and entry.amount != left and not is_corrected:
        judge.accuse("one-void", f"{who} takes {entry.amount} back, {left} is left")


def note_given_back(judge: Judge, hub: Books) -> None:
    """Remember what headquarters has given back, whatever becomes of the hub that did it."""
    given: Counter[tuple[EntryRef, VoucherId]] = Counter()
    for one in hub.corrections:
        given[one.ref, one.voucher_id] += one.amount
    for (ref, voucher_id), amount in given.items():
        before = judge.given_back.get(ref, (voucher_id, 0))[1]
        judge.given_back[ref] = (voucher_id, max(before, amount))


# --- in the hub's books --------------------------------------------------------------------------


def kept_of(facts: Told) -> dict[EntryRef, int]:
    """Return what each acceptance still takes: less what its till has taken back."""
    back: Counter[EntryRef] = Counter()
    taken: dict[EntryRef, int] = {}
    for ref, entry in facts:
        if entry.kind is EntryKind.REDEMPTION:
            taken[ref] = entry.amount or 0
        elif entry.voids:
            back[EntryRef(entry.unit, *entry.voids)] += entry.amount or 0
    return {ref: max(0, amount - back[ref]) for ref, amount in taken.items()}


def less_corrections(
    judge: Judge, kept: Mapping[EntryRef, int], facts: Told, hub: Books
) -> dict[EntryRef, int]:
    """Return what each acceptance still takes, less what headquarters has given back of it too."""
    given: Counter[EntryRef] = Counter()
    for one in hub.corrections:
        given[one.ref] += one.amount
    for ref, entry in facts:
        if entry.kind is EntryKind.REDEMPTION and given[ref] > (entry.amount or 0):
            judge.accuse("parts-within", f"{given[ref]} of {ref} is given back")
    return {ref: max(0, amount - given[ref]) for ref, amount in kept.items()}


def proven(facts: Told, kept: Mapping[EntryRef, int], hub: Books) -> dict[EntryRef, Mode]:
    """Return what stood behind each acceptance, as far as these books say so too."""
    leases = hub.leases
    left = {lease_id: lent.amount for lease_id, lent in leases.items()}
    modes: dict[EntryRef, Mode] = {}
    for ref, entry in sorted(facts, key=lambda one: one[0]):
        if entry.kind is not EntryKind.REDEMPTION:
            continue
        modes[ref] = entry.mode or Mode.SOLO
        if entry.mode is Mode.GRANT:
            given = hub.grants.get((entry.unit, entry.request or b""))
            if given is None or given[:3] != (entry.voucher_id, entry.amount, entry.evidence):
                modes[ref] = Mode.SOLO
        if entry.mode is Mode.LEASE:
            lent = leases.get(entry.evidence or b"")
            is_its = lent and (lent.unit, lent.voucher_id) == (entry.unit, entry.voucher_id)
            lasts = lent is not None and entry.wall_s < lent.expires_at_s
            if is_its and lasts and 0 < kept[ref] <= left[entry.evidence or b""]:
                left[entry.evidence or b""] -= kept[ref]
            else:
                modes[ref] = Mode.SOLO
    return modes


def is_late(hub: Books, kept: Kept) -> bool:
    """Say whether it came after the lease that it is on was given up: it comes last."""
    lent = hub.leases.get((kept.entry and kept.entry.evidence) or b"")
    return bool(lent and lent.closed_how == "written-off" and kept.at_s > lent.closed_at_s)


def within_value(judge: Judge, hub: Books, voucher: Voucher, facts: Told) -> None:
    """What is lent, what is held and what was exactly taken are never more than there is."""
    if judge.world.is_rewritten:
        return
    kept = kept_of(facts)
    modes = proven(facts, kept, hub)
    amounts = less_corrections(judge, kept, facts, hub)
    voucher_id = voucher.claims.voucher_id
    by_lease: Counter[bytes] = Counter()
    exact = 0
    # What a till that was revoked had promised comes late, and may have been earlier.
    has_late = any(hub.units[ref.unit].revoked_at_s is not None for ref, _ in facts)
    for ref, entry in facts:
        if entry.kind is not EntryKind.REDEMPTION:
            continue
        is_waited_for = judge.is_waited_for(entry)
        if modes[ref] in PROMISED and is_waited_for:
            exact += amounts[ref]
            if ref in hub.conflicts and not has_late:
                judge.accuse("lease-within-value", f"{voucher.name} {ref} is exact, and a conflict")
        if modes[ref] is Mode.LEASE:
            by_lease[entry.evidence or b""] += kept[ref]
        is_its_own = is_waited_for and not judge.is_doubtful(ref.unit)
        if entry.mode is Mode.LEASE is not modes[ref] and is_its_own and kept[ref]:
            judge.accuse("lease-within-value", f"{voucher.name} {ref} is beyond its lease")
        if entry.mode is Mode.GRANT is not modes[ref]:
            judge.accuse("grant-fits", f"{voucher.name} {ref} bears no grant that was given")
    lent = sum(
        max(0, lease.amount - by_lease[lease_id])
        for lease_id, lease in hub.leases.items()
        if lease.voucher_id == voucher_id and lease.closed_n is None
    )
    held = sum(h.amount for h in hub.held.values() if h.voucher_id == voucher_id)
    if exact + lent + held > voucher.capacity:
        judge.accuse(
            "lease-within-value",
            f"{voucher.name} holds {voucher.capacity}: {exact} exactly taken, {lent} lent,"
            f" {held} held",
        )


# --- at rest -------------------------------------------------------------------------------------


def check(judge: Judge) -> None:
    """Look at what is promised still, now that nothing moves any more."""
    _unspent_returns(judge)
    for machine in judge.world.machines:
        word = machine.bundles.word if machine.is_up else None
        if word is not None and judge.world.hub.state_of(machine.unit) is UnitState.ACTIVE:
            _agrees(judge, machine, word)


def _agrees(judge: Judge, machine: Machine, word: HubWord) -> None:
    """A unit has been told of what it was lent, and of what was given back in its store."""
    hub = judge.world.hub.books
    lent = {
        (lease_id, lease.voucher_id, lease.amount, lease.expires_at_s)
        for lease_id, lease in hub.leases.items()
        if lease.unit == machine.unit and lease.closed_n is None and lease.recalled_n is None
    }
    given: Counter[tuple[EntryRef, VoucherId]] = Counter()
    for one in hub.corrections:
        given[one.ref, one.voucher_id] += one.amount
    told = word.corrections.corrections if word.corrections else ()
    held = {tuple(lease) for lease in word.leases.leases} if word.leases else set()
    if held != lent:
        judge.accuse("in-step", f"{machine.name} knows of other leases than the hub")
    if {(ref, v): n for ref, v, n in told} != dict(given):
        judge.accuse("in-step", f"{machine.name} knows of other corrections than the hub")


def _unspent_returns(judge: Judge) -> None:
    """A lease that is over or recalled, and whose unit has told everything, is given back."""
    world, hub = judge.world, judge.world.hub
    for lease_id, lent in hub.books.leases.items():
        is_over = lent.recalled_n is not None or lent.expires_at_s < world.now_s - 1500
        if lent.closed_n is not None or not is_over or judge.is_doubtful(lent.unit):
            continue
        if hub.state_of(lent.unit) is UnitState.ACTIVE and not world.is_rewritten:
            judge.accuse("lease-within-value", f"{lease_id[:3].hex()} is over and not given back")
