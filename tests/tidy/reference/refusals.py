"""docs/reference/refusals.md, from the decision table and the sentences of the unit."""

from __future__ import annotations

from collections.abc import Iterator

from edge.contract.refusal import WAY_OUT, Refusal
from edge.redemption.decide import RULES
from edge.web.words import REFUSALS, WAYS_OUT, translate
from tests.tidy.reference.markdown import code, table

# When each applies, for whoever has to explain one. The rule itself stands in the code.
_WHEN = {
    Refusal.NOT_A_TOKEN: (
        "The text is of none of our forms: another length or first digit, or no digits at all."
    ),
    Refusal.MISTYPED: "The check digit of the 18 digits does not fit.",
    Refusal.UNKNOWN_KEY: "The trust list has no key of this number, or has itself expired.",
    Refusal.BAD_SIGNATURE: "The key of this number is known and has not signed this.",
    Refusal.FOREIGN_ISSUER: "It is genuine, of an issuer whose vouchers are not taken here.",
    Refusal.UNKNOWN_HANDLE: "The 18 digits lead to no voucher that this unit was told of.",
    Refusal.UNKNOWN_VOUCHER: "The hub was asked and has no such voucher.",
    Refusal.WRONG_STORE: "The voucher names a store group that this store is not of.",
    Refusal.NOT_YET_VALID: "Its first day has not begun.",
    Refusal.EXPIRED: "Its last day is over.",
    Refusal.CLOCK_UNCERTAIN: (
        "The clock may be off by more than the answer allows: near the first or last day, for a"
        " rotating code, or because nothing but an earliest time is known."
    ),
    Refusal.STATUS_MISSING: "The unit has not pulled since it was enrolled.",
    Refusal.REVOKED: "The status list, or the hub, says so.",
    Refusal.SUSPENDED: "The status list, or the hub, says so. It may be resumed.",
    Refusal.ALREADY_REDEEMED: "By this unit's own journal nothing is left of it.",
    Refusal.REDEEMED_ELSEWHERE: "By the status list, or by the hub, nothing is left of it.",
    Refusal.LOCKED_OUT: (
        "There were five wrong codes or more within a day: 30 s, then twice as long each time,"
        " up to an hour. For one voucher and for the unit as a whole."
    ),
    Refusal.CODE_WRONG: "It is not the rotating code of any time step that can be now.",
    Refusal.CODE_UNVERIFIABLE: ("The unit has no key of this week."),
    Refusal.CODE_REQUIRED: "The voucher counts only with its rotating code, and came without.",
    Refusal.CODE_REPLAYED: "The code is right, and was accepted before.",
    Refusal.AMOUNT_MISSING: "A stored value was presented without an amount.",
    Refusal.WRONG_CURRENCY: "The amount is in another currency than this store's.",
    Refusal.AMOUNT_MISMATCH: (
        "An amount that is not the full worth, more than one use of a single voucher, or uses of"
        " a stored value."
    ),
    Refusal.INSUFFICIENT_VALUE: "More is asked for than is left, as far as is known here.",
    Refusal.POLICY_MISSING: "The unit has not pulled a policy yet.",
    Refusal.ONLINE_REQUIRED: (
        "The hub did not answer, and the voucher is online only or the policy lets no unit"
        " accept alone."
    ),
    Refusal.OFFLINE_TOO_LONG: "The hub's last word is older than the policy's hours.",
    Refusal.OVER_FLOOR_LIMIT: (
        "It is worth more than the policy's floor limit for the age of the status list; or what"
        " it is worth is not known."
    ),
    Refusal.OFFLINE_COUNT: (
        "The acceptances alone that the hub has not acknowledged have reached the limit."
    ),
    Refusal.OFFLINE_SUM: "With this one their worth together would exceed the limit.",
    Refusal.GRANT_INVALID: (
        "What was scanned from a phone is no grant, was altered, or is of another issuer."
    ),
    Refusal.GRANT_EXPIRED: "Its three minutes are over, as far as this unit's clock can say.",
    Refusal.GRANT_USED: "The sale that it is for was completed more than five seconds ago.",
    Refusal.GRANT_OTHER_STORE: "It is for a sale of another store.",
    Refusal.GRANT_OTHER_UNIT: "It is for a sale of another unit.",
    Refusal.GRANT_OTHER_SALE: (
        "This unit has not asked for it, or not since it was started, or for another voucher."
    ),
    Refusal.GRANT_OTHER_AMOUNT: "It is for another amount than this unit has asked for.",
    Refusal.VALUE_LENT: (
        "The hub was asked: what is left would be enough, but part of it is lent to other units."
    ),
    Refusal.VELOCITY: "The acceptances alone of the last ten minutes have reached the limit.",
}
_HEADS = ("reason", "when", "what the clerk reads", "中文", "way out")


def page() -> Iterator[str]:
    """Yield the page."""
    ruled = list(dict.fromkeys(rule.reason for rule in RULES))
    first = [reason for reason in Refusal if reason not in ruled]
    yield "# Refusals\n"
    yield "The closed list of reasons why a scan is not accepted: `reason` of the problem"
    yield "[`voucher-refused`](problems.md), `reason` in the journal, and what a clerk is told."
    yield "`way_out` is what the person at the till can do next. Every refused scan is recorded.\n"
    yield "## Before a voucher is known, and of grants\n"
    yield table(_HEADS, map(_row, first))
    yield "\n## The decision table\n"
    yield "A voucher is refused for the first row that applies (`edge/redemption/decide.py`). If"
    yield "the hub was asked, its own answer comes first. Limits are those of the policy, which the"
    yield "hub signs for each store group.\n"
    yield table(_HEADS, map(_row, ruled))
    yield "\n## Ways out\n"
    yield table(
        ("way out", "what the clerk reads", "中文"),
        ((code(w), s, translate("zh-CN", s)) for w, s in WAYS_OUT.items()),
    )


def _row(reason: Refusal) -> tuple[str, ...]:
    sentence = REFUSALS[reason]
    return (
        code(reason), _WHEN[reason], sentence, translate("zh-CN", sentence), code(WAY_OUT[reason]),
    )  # fmt: skip
