"""Who should bear a double redemption? A pure function of what is known of it.

A store that kept to the policy that was in force has done what it was told, and does not bear it;
one that went beyond its limits does. Whether an agent has leaked a token, or somebody has stolen a
till, no fact says: a person may decide otherwise, and says why.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from central.stores.redemptions.conflict import CaseOutcome
from edge.contract.policy import EXACT, Mode, Policy
from edge.contract.refusal import Refusal
from edge.contract.status import Staleness, staleness


class Circumstances(NamedTuple):
    """What is known of the entry that nobody's value covers.

    Args:
        policy: The one in force by the entry's own word; None if nobody knows it any more.
        status_age_s: How long the unit had not heard of the hub; None if nobody noted it then.
        is_forked: Two journals claim to be this unit's.
        reserve_minor: What the reserve for double redemptions holds.
        is_overruled: A supervisor has let it be accepted; who and why stands in the entry.
    """

    mode: Mode
    worth_minor: int
    is_online_only: bool
    policy: Policy | None
    status_age_s: int | None
    is_forked: bool
    reserve_minor: int
    is_overruled: bool = False

    def may_overrule(self, reason: Refusal) -> bool:
        """Say whether a supervisor has overruled something, and might overrule this."""
        policy = self.policy
        return (
            self.is_overruled
            and policy is not None
            and policy.may_overrule(reason, self.worth_minor)
        )

    @property
    def age(self) -> Staleness | None:
        """How old the unit's status was, in the policy's words."""
        return None if self.status_age_s is None else staleness(self.status_age_s)

    @property
    def floor(self) -> int | None:
        """The most that it could accept at once, as far as its status' age is known.

        Nobody knows the age: then that of a fresh one, which is the most that can have been.
        """
        if self.policy is None:
            return None
        return self.policy.floor(self.mode, self.age or Staleness.FRESH)


class Question(StrEnum):
    """What is asked, in this order."""

    ONE_JOURNAL = "one-journal"
    POLICY_KNOWN = "policy-known"
    MODE_ALLOWED = "mode-allowed"
    OFFLINE_ALLOWED = "offline-allowed"
    WITHIN_FLOOR = "within-floor"
    STATUS_RECENT = "status-recent"


class Check(NamedTuple):
    """One question and its answer.

    Args:
        passed: None if nobody can say.
        found, limit: What was, and what was allowed; minor units or seconds. None if it is no
            matter of numbers.
    """

    question: Question
    passed: bool | None
    found: int | None = None
    limit: int | None = None


class Suggestion(NamedTuple):
    """What the facts suggest, and by which of them.

    Args:
        outcome: None if they suggest nothing.
        because: The first question that was answered with no; None if none was.
    """

    outcome: CaseOutcome | None
    because: Question | None
    checks: tuple[Check, ...]


def suggest(known: Circumstances) -> Suggestion:
    """Return who should bear it."""
    checks = tuple(_checks(known))
    because = next((check.question for check in checks if check.passed is False), None)
    if because is Question.POLICY_KNOWN:
        return Suggestion(None, because, checks)
    if because is not None:
        return Suggestion(CaseOutcome.STORE, because, checks)
    has_reserve = known.reserve_minor >= known.worth_minor
    return Suggestion(CaseOutcome.RESERVE if has_reserve else CaseOutcome.PLATFORM, None, checks)


def _checks(known: Circumstances) -> list[Check]:
    policy, is_exact = known.policy, known.mode in EXACT
    checks = [
        Check(Question.ONE_JOURNAL, not known.is_forked),
        Check(Question.POLICY_KNOWN, policy is not None),
    ]
    if policy is None:
        return checks
    checks += [
        Check(Question.MODE_ALLOWED, known.mode in policy.modes),
        Check(Question.OFFLINE_ALLOWED, is_exact or not known.is_online_only),
    ]
    floor, hours_s = known.floor, policy.solo.hours * 3600
    if floor is not None and not known.may_overrule(Refusal.OVER_FLOOR_LIMIT):
        checks.append(
            Check(Question.WITHIN_FLOOR, known.worth_minor <= floor, known.worth_minor, floor)
        )
    if not is_exact and not known.may_overrule(Refusal.OFFLINE_TOO_LONG):
        age_s = known.status_age_s
        is_recent = None if age_s is None else age_s <= hours_s
        checks.append(Check(Question.STATUS_RECENT, is_recent, age_s, hours_s))
    return checks
