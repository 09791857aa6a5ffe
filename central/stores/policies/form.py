"""What somebody has typed into the form of a policy, and the policy that it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from central.errors import RequestInvalid
from central.foundation.language.words import REFUSALS
from central.stores.policies import words
from central.stores.policies.preview import Case
from edge.contract.money import decimal_text, parse_decimal
from edge.contract.policy import STALENESS_ORDER, Mode, Policy, SoloLimits
from edge.contract.refusal import Refusal
from edge.contract.status import Staleness

HOURS_MAX = 720
COUNT_MAX = 10_000
TIMEOUT_MS = (100, 10_000)
VOID_MINUTES_MAX = 1440
MINOR_MAX = 2**53
"""What every program that reads JSON still tells from its neighbours."""


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it is filled in, right or wrong.

    Args:
        based_on: The version it began with.
        fields: Each text by its field's name; likewise ``ticked`` for boxes.
    """

    based_on: int
    fields: Mapping[str, str]
    ticked: frozenset[str]


def floor_field(mode: Mode, age: Staleness) -> str:
    """Return the name of the field of a floor limit."""
    return f"floor_{mode.name}_{age}"


def typed_of(policy: Policy, currency: str) -> Typed:
    """Return the form as it begins."""

    def money(minor: int | None) -> str:
        return "" if minor is None else decimal_text(minor, currency)

    solo = policy.solo
    fields = {
        "count": str(solo.count), "per_10_min": str(solo.per_10_min), "hours": str(solo.hours),
        "sum": money(solo.sum_minor), "timeout_ms": str(policy.online_timeout_ms),
        "void_minutes": f"{policy.void_s / 60:g}", "permille": str(policy.online_permille),
        "kind": "single", "network": "alone", "staleness": "fresh", "amount": "100",
        "silent_h": "0", "accepted": "0", "accepted_sum": "0", "recent": "0",
    }  # fmt: skip
    fields |= {
        floor_field(mode, age): money(policy.floor(mode, age))
        for mode in words.FLOOR_MODES
        for age in STALENESS_ORDER
    }
    fields |= {f"over_{reason}": money(policy.overrides.get(reason)) for reason in words.OVERRULED}
    return Typed(policy.version, fields, frozenset(mode.name for mode in policy.modes))


def typed(form: MultiDict[str, str], blank: Typed) -> Typed:
    """Return what was sent; RequestInvalid only for what no form of ours sends.

    Args:
        blank: Any form; its fields are those that there are.
    """
    based_on = form.get("based_on", "")
    if not (based_on.isascii() and based_on.isdecimal() and len(based_on) <= 18):
        raise RequestInvalid(gettext("Load the page again."))
    fields = {name: form.get(name, "").strip()[:40] for name in blank.fields}
    return Typed(int(based_on), fields, frozenset(form.getlist("tick")))


def policy_from(typed: Typed, currency: str) -> Policy:
    """Return the policy that was meant; RequestInvalid with what is wrong with which field."""
    floors = {}
    for mode in words.FLOOR_MODES:
        row = [typed.fields[floor_field(mode, age)] for age in STALENESS_ORDER]
        if not any(row):
            continue  # no limit at all
        name = gettext(words.MODES[mode][0])
        if not all(row):
            raise RequestInvalid(
                gettext("%(mode)s: fill in all four limits, or none for no limit.", mode=name)
            )
        a, b, c, d = (_minor(text, name, currency) for text in row)
        floors[mode] = (a, b, c, d)
    minutes = _minutes(typed.fields["void_minutes"])
    found = Policy(
        version=0,
        currency=currency,
        modes=frozenset(mode for mode in Mode if mode.name in typed.ticked),
        floors=floors,
        solo=SoloLimits(
            count=_number(typed, "count", gettext("Vouchers accepted alone"), COUNT_MAX),
            sum_minor=_minor(typed.fields["sum"], gettext("Worth accepted alone"), currency),
            per_10_min=_number(typed, "per_10_min", gettext("Vouchers in ten minutes"), COUNT_MAX),
            hours=_number(typed, "hours", gettext("Hours without headquarters"), HOURS_MAX),
        ),
        online_timeout_ms=_number(
            typed, "timeout_ms", gettext("Waits for headquarters, ms"), TIMEOUT_MS[1]
        ),
        void_s=minutes,
        overrides=_overrides(typed, currency),
        online_permille=_number(
            typed, "permille", gettext("Of a thousand that must go online"), 1000
        ),
    )
    check(found)
    return found


def check(policy: Policy) -> None:
    """Raise RequestInvalid if it is none that somebody would want, with what is wrong with it."""
    if not policy.modes:
        raise RequestInvalid(gettext("Choose at least one guarantee: nothing would be accepted."))
    if not TIMEOUT_MS[0] <= policy.online_timeout_ms <= TIMEOUT_MS[1]:
        low, high = TIMEOUT_MS
        raise RequestInvalid(
            gettext("A till waits for headquarters %(low)d to %(high)d ms.", low=low, high=high)
        )
    if policy.solo.hours > HOURS_MAX:
        raise RequestInvalid(gettext("At most %(n)d hours without headquarters.", n=HOURS_MAX))
    for mode, row in policy.floors.items():
        if mode not in words.FLOOR_MODES:
            raise RequestInvalid(
                gettext("%(mode)s is exact and has no limit.", mode=gettext(words.MODES[mode][0]))
            )
        if list(row) != sorted(row, reverse=True):
            raise RequestInvalid(
                gettext(
                    "%(mode)s: the older the status, the lower the limit, never higher.",
                    mode=gettext(words.MODES[mode][0]),
                )
            )


def case_from(typed: Typed, currency: str) -> Case:
    """Return what happens at the till in the question; RequestInvalid if that cannot be."""
    fields = typed.fields
    for name, known in (
        ("kind", words.KINDS), ("network", words.NETWORKS), ("staleness", set(STALENESS_ORDER)),
    ):  # fmt: skip
        if fields[name] not in known:
            raise RequestInvalid(gettext("Load the page again."))
    amount = _minor(fields["amount"], gettext("Amount"), currency)
    if not 0 < amount < 2**32:
        raise RequestInvalid(gettext("Say how much is to be taken."))
    return Case(
        fields["kind"], amount, fields["network"], fields["staleness"],
        _number(typed, "silent_h", gettext("Hours without headquarters"), HOURS_MAX * 2),
        _number(typed, "accepted", gettext("Accepted alone before"), COUNT_MAX),
        _minor(fields["accepted_sum"], gettext("Worth of these"), currency),
        _number(typed, "recent", gettext("Of these in the last ten minutes"), COUNT_MAX),
        "online_only" in typed.ticked, "code_required" in typed.ticked,
    )  # fmt: skip


def _overrides(typed: Typed, currency: str) -> dict[Refusal, int]:
    found = {}
    for reason in words.OVERRULED:
        text = typed.fields[f"over_{reason}"]
        most = _minor(text, gettext(REFUSALS[reason]), currency) if text else 0
        if most:
            found[reason] = most
    return found


def _minor(text: str, what: str, currency: str) -> int:
    try:
        minor = parse_decimal(text, currency).minor
    except ValueError as exc:
        raise RequestInvalid(
            gettext("%(what)s: “%(text)s” is not an amount.", what=what, text=text)
        ) from exc
    if minor > MINOR_MAX:
        raise RequestInvalid(gettext("%(what)s: “%(text)s” is too much.", what=what, text=text))
    return minor


def _number(typed: Typed, name: str, what: str, most: int) -> int:
    text = typed.fields[name]
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and int(text) <= most):
        raise RequestInvalid(
            gettext("%(what)s: a whole number from 0 to %(most)d.", what=what, most=most)
        )
    return int(text)


def _minutes(text: str) -> int:
    """Return seconds; a policy of before may have a part of a minute."""
    try:
        seconds = round(float(text) * 60) if text.replace(".", "", 1).isdecimal() else -1
    except (ValueError, OverflowError):
        seconds = -1
    if not 0 <= seconds <= VOID_MINUTES_MAX * 60:
        what = gettext("Minutes in which a till may take back")
        raise RequestInvalid(
            gettext("%(what)s: a number from 0 to %(most)d.", what=what, most=VOID_MINUTES_MAX)
        )
    return seconds
