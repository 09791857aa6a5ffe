"""Was an answer right? Worked out from what was shown, not asked of the code that answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from edge.contract.dynamic_code import step_at
from edge.contract.journal_entry import JournalEntry
from edge.contract.policy import STALENESS_ORDER, Mode
from edge.contract.refusal import Refusal
from edge.contract.status import Status, staleness
from edge.contract.sync_message import UnitState
from edge.contract.voucher_token import DAY_S, DAY_ZERO_S, FOR_EVER
from tests.simulation.customers import Asked, amount_of
from tests.simulation.hub.memory import ALL, GROUP
from tests.simulation.machine import Machine
from tests.simulation.rules import at_rest

if TYPE_CHECKING:
    from tests.simulation.rules.judge import Judge

REALISTIC_STEPS = 3
"""A code may be two steps from the unit's time, and that a few seconds from the truth."""


class Before(NamedTuple):
    """What a unit knew as somebody asked it."""

    at_s: float
    policy_version: int | None
    hub_age_s: int | None
    state: UnitState
    hub_status: Status
    is_honest: bool
    known_keys: frozenset[int]
    tail: tuple[int, int]


def accepted(judge: Judge, machine: Machine, asked: Asked, entry: JournalEntry, b: Before) -> None:
    """Hold an acceptance against everything that is known."""
    voucher, claims = asked.voucher, asked.voucher.claims
    who = f"{machine.name} {entry.epoch}/{entry.seq} {voucher.name}"
    wanted = amount_of(voucher, asked.presented.wish)
    if (entry.voucher_id, entry.amount) != (claims.voucher_id, wanted) or wanted < 1:
        judge.accuse("good-voucher", f"{who} takes {entry.amount}, {wanted} was asked")
    if claims.scope not in {ALL, GROUP} or b.state is not UnitState.ACTIVE:
        judge.accuse("good-voucher", f"{who} is not for this till")
    day = (judge.world.now_s - DAY_ZERO_S) / DAY_S
    ends = 10**6 if claims.expires_day == FOR_EVER else claims.expires_day
    if b.is_honest and not claims.not_before_day - 0.01 <= day <= ends + 0.01:
        judge.accuse("good-voucher", f"{who} is good from {claims.not_before_day} to {ends}")
    _status(judge, entry, asked, b, who)
    if claims.dynamic_required and (asked.shown.step is None or asked.shown.is_wrong):
        judge.accuse("good-voucher", f"{who} without its code")
    if entry.code_step is not None:
        _code_step(judge, machine, entry, b, who)
    again = judge.given_back_here(machine.unit, claims.voucher_id)
    if at_rest.taken_here(machine, claims.voucher_id) > voucher.capacity + again:
        judge.accuse("own-journal", f"{who} was used up here")
    _limits(judge, machine, asked, entry, b, who)


def _status(judge: Judge, entry: JournalEntry, asked: Asked, b: Before, who: str) -> None:
    world, index = judge.world, asked.voucher.claims.status_index
    if world.is_rewritten or entry.status_version is None:
        return
    known = [
        now for n, i, now in world.hub.books.changes
        if i == index and n <= entry.status_version
    ]  # fmt: skip
    if known and known[-1] is not Status.VALID:
        judge.accuse("good-voucher", f"{who} was {known[-1].name} in what this unit knew")
    is_out = b.hub_status in {Status.REVOKED, Status.SUSPENDED}
    if entry.mode is Mode.ONLINE and is_out and judge.world.depth == 0:
        judge.accuse("good-voucher", f"{who} was {b.hub_status.name} at the hub")


def _code_step(judge: Judge, machine: Machine, entry: JournalEntry, b: Before, who: str) -> None:
    step, voucher_id = entry.code_step, entry.voucher_id
    assert step is not None, "only for entries with a code"
    assert voucher_id is not None, "an acceptance has one"
    used = judge.steps.setdefault(machine.name, set())
    if (voucher_id, step) in used:
        judge.accuse("step-once", f"{who} takes step {step} again")
    used.add((voucher_id, step))
    if b.is_honest and abs(step - step_at(int(b.at_s))) > REALISTIC_STEPS:
        judge.accuse("step-once", f"{who} takes a code of {step - step_at(int(b.at_s))} steps")


def _limits(
    judge: Judge, machine: Machine, asked: Asked, entry: JournalEntry, b: Before, who: str
) -> None:
    policy = judge.world.policies.get(entry.policy_version or 0)
    if policy is None or entry.mode is None:
        judge.accuse("within-limits", f"{who} under no policy of the hub's")
        return
    if entry.mode not in policy.modes:
        judge.accuse("within-limits", f"{who} in mode {entry.mode.name}")
    if entry.mode not in {Mode.SOLO, Mode.DEGRADED} or b.policy_version != entry.policy_version:
        return
    risk = at_rest.risk_of(machine, judge.world.vouchers, entry.wall_s)
    solo = policy.solo
    worth = asked.voucher.worth_minor(entry.amount or 0)
    age = staleness(b.hub_age_s if b.hub_age_s is not None else 10**9)
    floor = policy.floors[entry.mode][STALENESS_ORDER.index(age)]
    limits = {
        "floor": worth <= floor,
        "count": risk.accepted <= solo.count,
        "sum": risk.sum_minor <= solo.sum_minor,
        "velocity": risk.recent <= solo.per_10_min,
        "hours": b.hub_age_s is not None and b.hub_age_s <= solo.hours * 3600,
        "online only": not asked.voucher.claims.online_only,
    }
    for name in (name for name, holds in limits.items() if not holds):
        judge.accuse("within-limits", f"{who} beyond the limit of {name}: {risk}")


def codes(judge: Judge, machine: Machine, entry: JournalEntry, asked: Asked) -> None:
    """Five wrong codes of a voucher, or of all: whoever looks at a sixth waits first."""
    if asked.shown.step is None and not asked.shown.is_wrong:
        return
    is_examined = entry.accepted or entry.reason is Refusal.CODE_WRONG
    misses = judge.misses.setdefault(machine.name, [])
    for voucher_id in (entry.voucher_id, None):
        times = sorted(t for t, v in misses if voucher_id is None or v == voucher_id)
        times = [t for t in times if t > entry.wall_s - DAY_S + 60]
        if is_examined and len(times) >= 5 and entry.wall_s < times[-1] + 25:
            judge.accuse(
                "codes-are-guessed-slowly", f"{machine.name} looks at code {len(times) + 1}"
            )
    if entry.reason is Refusal.CODE_WRONG:
        misses.append((entry.wall_s, entry.voucher_id))


def refused(judge: Judge, machine: Machine, asked: Asked, entry: JournalEntry, b: Before) -> None:
    """Hold a refusal against everything that is known: its reason must be true."""
    claims, reason = asked.voucher.claims, entry.reason
    who = f"{machine.name} {entry.epoch}/{entry.seq} {asked.voucher.name}"
    policy = judge.world.policies.get(entry.policy_version or 0)
    risk = at_rest.risk_of(machine, judge.world.vouchers, entry.wall_s)
    worth = asked.voucher.worth_minor(amount_of(asked.voucher, asked.presented.wish))
    taken = at_rest.taken_here(machine, claims.voucher_id)
    ever = {now for _, i, now in judge.world.hub.books.changes if i == claims.status_index}
    is_true: dict[Refusal, bool] = {
        # With what the other units of the store have taken, as far as they have said.
        Refusal.ALREADY_REDEEMED: taken >= (1 if judge.world.mix.lan else asked.voucher.capacity),
        Refusal.WRONG_STORE: claims.scope not in {ALL, GROUP},
        Refusal.UNKNOWN_KEY: claims.kid not in b.known_keys,
        Refusal.CODE_REQUIRED: asked.shown.step is None,
        Refusal.BAD_SIGNATURE: False,
        Refusal.NOT_A_TOKEN: False,
        Refusal.MISTYPED: asked.shown.is_wrong,
    }
    if policy is not None and b.policy_version == policy.version:
        solo = policy.solo
        is_true |= {
            Refusal.OFFLINE_COUNT: risk.accepted >= solo.count,
            Refusal.OFFLINE_SUM: risk.sum_minor + worth > solo.sum_minor,
        }
    if not judge.world.is_rewritten:
        is_true |= {
            Refusal.REVOKED: Status.REVOKED in ever,
            Refusal.SUSPENDED: Status.SUSPENDED in ever,
        }
    if b.is_honest and asked.shown.step is not None and not asked.shown.is_wrong:
        off = abs(asked.shown.step - step_at(int(b.at_s)))
        is_true[Refusal.CODE_WRONG] = off >= 1
    if reason is not None and not is_true.get(reason, True):
        judge.accuse("fair-refusal", f"{who} refused as {reason}")
