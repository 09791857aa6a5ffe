"""What is known of a case: both receipts as they were signed, and what was in force then."""

from __future__ import annotations

from typing import NamedTuple

from central.errors import NotFound
from central.foundation.db.engine import rows
from central.foundation.language.said import Saying
from central.money.ledger.balance import balance
from central.stores.cases.liability import Circumstances, Suggestion, suggest
from central.stores.redemptions.conflict import CaseState
from central.stores.redemptions.settle import facts_of, proven_mode, ref_of, taken_back
from central.stores.redemptions.tables import ConflictCase, RedemptionEntry
from central.stores.units.contact import silent_for_s
from central.stores.units.steer import policy_at
from central.stores.units.tables import Store, Unit
from central.stores.vouchers.tables import Voucher
from edge.contract.ids import StoreGroup, UnitId, VoucherId, voucher_id_text
from edge.contract.journal_entry import EntryKind, JournalEntry
from edge.contract.policy import Mode, Policy
from edge.contract.status import Staleness


class Receipt(NamedTuple):
    """One signed acceptance of the voucher, with what it was decided by.

    Args:
        is_the_case: Whether this is the one that the case is about.
        told_s: By the till's clock.
        floor_minor: Floor limit of its mode at the age of its status; None for no limit, or if
            nobody knows the policy any more.
        status_age_s: How long the unit had not heard of the hub; None if nobody noted it then.
        raw: The entry's bytes, ``SHA-256("VXJ1" || raw)`` is ``hash``; the unit has signed for
            a head that proves them.
    """

    is_the_case: bool
    unit: str
    store: str
    epoch: int
    seq: int
    told_s: int
    received_at_s: int
    mode: str
    worth_minor: int
    covered_minor: int
    is_voided: bool
    receipt: int | None
    clerk: str | None
    policy_version: int | None
    status_version: int | None
    floor_minor: int | None
    status_age_s: int | None
    status_age: Staleness | None
    hash: bytes
    raw: bytes


class CaseView(NamedTuple):
    """One case as a list shows it."""

    id: int
    entry: str
    store: str
    store_name: str
    voucher_id: str
    product: int
    excess_minor: int
    currency: str
    state: str
    outcome: str | None
    agent: str | None
    reason: str | None
    opened_at_s: int
    decide_until_s: int
    closed_at_s: int | None
    closed_by: str | None
    claim_journal_id: int
    outcome_journal_id: int | None

    def is_overdue(self, now_s: int) -> bool:
        """Say whether somebody should have decided it by now."""
        return self.state == CaseState.OPEN and now_s > self.decide_until_s


class Evidence(NamedTuple):
    """One case with all that speaks for and against.

    Args:
        face_minor: What the voucher was worth.
        receipts: The one of the case first, then the others by the till's clock.
    """

    case: CaseView
    face_minor: int
    is_online_only: bool
    receipts: tuple[Receipt, ...]
    suggestion: Suggestion


def cases(state: str | None = None, limit: int = 200) -> list[CaseView]:
    """Return cases, the one that is to be decided first first."""
    query = ConflictCase.select().order_by(
        ConflictCase.state != str(CaseState.OPEN), ConflictCase.decide_until_s, ConflictCase.id
    )
    if state:
        query = query.where(ConflictCase.state == state)
    found = list(query.limit(limit))
    names = {store.id: store.name for store in Store.select()}
    ids = sorted({case.voucher_id for case in found})
    products = {v.id: v.product for v in Voucher.select().where(Voucher.id << ids)} if ids else {}
    return [_view(case, names[case.store_id], products[case.voucher_id]) for case in found]


def open_cases() -> int:
    """Return how many cases wait for a decision."""
    return int(ConflictCase.select().where(ConflictCase.state == str(CaseState.OPEN)).count())


def evidence(case_id: int) -> Evidence:
    """Return all that is known of a case.

    Raises:
        NotFound: there is no such case.
    """
    case = ConflictCase.get_or_none(ConflictCase.id == case_id)
    if case is None:
        raise NotFound(Saying("no-conflict", case=case_id))
    voucher = Voucher.get(Voucher.id == case.voucher_id)
    store = Store.get(Store.id == case.store_id)
    facts = facts_of(voucher)
    back = taken_back(facts)
    receipts = [
        _receipt(row, voucher, case, is_voided=back[ref_of(row)] >= (row.amount or 0))
        for row in facts
        if row.kind == EntryKind.REDEMPTION
    ]
    receipts.sort(key=lambda r: (not r.is_the_case, r.told_s, r.unit, r.seq))
    return Evidence(
        case=_view(case, store.name, voucher.product),
        face_minor=voucher.face_minor,
        is_online_only=bool(voucher.online_only),
        receipts=tuple(receipts),
        suggestion=suggest(_circumstances(case, voucher, receipts[0])),
    )


def _circumstances(case: ConflictCase, voucher: Voucher, receipt: Receipt) -> Circumstances:
    group = StoreGroup(Store.get(Store.id == case.store_id).store_group)
    forked = rows("SELECT 1 FROM forked_entry WHERE unit_id = ? LIMIT 1", (case.unit_id,))
    return Circumstances(
        mode=Mode[receipt.mode.upper()],
        worth_minor=receipt.worth_minor,
        is_online_only=bool(voucher.online_only),
        policy=_policy(receipt.policy_version, group, case.currency),
        status_age_s=receipt.status_age_s,
        is_forked=bool(forked),
        reserve_minor=max(0, balance("2710").available),
        is_overruled=JournalEntry.decode(receipt.raw).override is not None,
    )


def _receipt(
    row: RedemptionEntry, voucher: Voucher, case: ConflictCase, *, is_voided: bool
) -> Receipt:
    entry = JournalEntry.decode(bytes(row.entry))
    assert entry.mode is not None, "an acceptance has a mode"
    unit = Unit.get(Unit.id == row.unit_id)
    group = StoreGroup(Store.get(Store.id == unit.store_id).store_group)
    age_s = silent_for_s(UnitId(unit.id), min(entry.wall_s, row.received_at_s))
    policy = _policy(entry.policy_version, group, case.currency)
    worth = voucher.worth_minor(min(entry.amount or 0, voucher.capacity))
    # What a till says stood behind it counts as far as it can be held against what we gave.
    stood = proven_mode(row)
    known = Circumstances(
        stood, worth, bool(voucher.online_only), policy, age_s, is_forked=False,
        reserve_minor=0,
    )  # fmt: skip
    return Receipt(
        is_the_case=(row.unit_id, row.epoch, row.seq) == (case.unit_id, case.epoch, case.seq),
        unit=str(ref_of(row).unit),
        store=unit.store_id,
        epoch=row.epoch,
        seq=row.seq,
        told_s=entry.wall_s,
        received_at_s=row.received_at_s,
        mode=stood.name.lower(),
        worth_minor=worth,
        covered_minor=voucher.worth_minor(row.covered),
        is_voided=is_voided,
        receipt=entry.receipt,
        clerk=entry.clerk,
        policy_version=entry.policy_version,
        status_version=entry.status_version,
        floor_minor=known.floor,
        status_age_s=age_s,
        status_age=known.age,
        hash=bytes(row.hash),
        raw=bytes(row.entry),
    )


def _policy(version: int | None, group: StoreGroup, currency: str) -> Policy | None:
    is_known = version is not None and version < 2**63  # what a column holds
    return policy_at(group, version, currency) if is_known and version is not None else None


def _view(case: ConflictCase, store_name: str, product: int) -> CaseView:
    return CaseView(
        id=case.id,
        entry=f"{case.unit_id}/{case.epoch}/{case.seq}",
        store=case.store_id,
        store_name=store_name,
        voucher_id=voucher_id_text(VoucherId(case.voucher_id)),
        product=product,
        excess_minor=case.excess_minor,
        currency=case.currency,
        state=case.state,
        outcome=case.outcome,
        agent=case.agent,
        reason=case.reason,
        opened_at_s=case.opened_at_s,
        decide_until_s=case.decide_until_s,
        closed_at_s=case.closed_at_s,
        closed_by=case.closed_by,
        claim_journal_id=case.claim_journal_id,
        outcome_journal_id=case.outcome_journal_id,
    )
