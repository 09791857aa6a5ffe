"""What the parts of a policy are called, and in which words two of them differ."""

from __future__ import annotations

from typing import NamedTuple

from flask_babel import gettext

from central.foundation.language.words import N_, REFUSALS, grouped
from edge.contract.money import decimal_text
from edge.contract.policy import OVERRIDABLE, STALENESS_ORDER, Mode, Policy
from edge.contract.refusal import Refusal
from edge.contract.status import Staleness

MODES = {
    Mode.ONLINE: (
        N_("Headquarters"),
        N_("The till asks headquarters, which sets the value aside."),
    ),
    Mode.GRANT: (
        N_("The customer's phone"),
        N_("The customer's phone asks headquarters; the till scans its answer."),
    ),
    Mode.LEASE: (N_("A lease"), N_("Part of the value was lent to this till beforehand.")),
    Mode.LAN: (
        N_("All tills of the store"),
        N_("Every other till of the store says that it has not taken it."),
    ),
    Mode.DEGRADED: (
        N_("Some tills of the store"),
        N_("Some are silent, or the voucher is good in other stores too: at risk."),
    ),
    Mode.SOLO: (N_("This till alone"), N_("Nobody is there to ask: at risk.")),
}
"""A name, and what it means, of each mode, the strongest first."""
FLOOR_MODES = (Mode.LAN, Mode.DEGRADED, Mode.SOLO)
"""Those that have a limit for one acceptance; the others are exact whatever it is worth."""
AGES = {
    Staleness.FRESH: N_("under 15 minutes"),
    Staleness.STALE: N_("under a day"),
    Staleness.OLD: N_("under 3 days"),
    Staleness.EXPIRED: N_("older"),
}
"""How old the newest status list of a till is."""
KINDS = {
    "single": N_("A voucher used once"),
    "multi": N_("A card of several uses"),
    "stored-value": N_("A gift card"),
}
NETWORKS = {
    "online": N_("Headquarters answers"),
    "phone": N_("No network, but the customer's phone has one"),
    "lease": N_("No network, but part of it is lent to this till"),
    "lan": N_("No network, all tills of the store answer"),
    "degraded": N_("No network, some tills are silent"),
    "alone": N_("No network, no other till"),
}
"""Who is there to ask; ``preview`` knows the same names, and ``KINDS``."""
OVERRULED = tuple(reason for reason in Refusal if reason in OVERRIDABLE)
"""What a supervisor may overrule, in the order of the refusals."""
NOBODY = N_("nobody")
NO_LIMIT = N_("no limit")


class Difference(NamedTuple):
    """One thing that two policies say differently, in words."""

    what: str
    before: str
    after: str


def differences(before: Policy, after: Policy, currency: str) -> list[Difference]:
    """Return in what one policy differs from another, in the order of the form."""
    old, new = said(before, currency), said(after, currency)
    return [Difference(what, old[what], new[what]) for what in new if old[what] != new[what]]


def said(policy: Policy, currency: str) -> dict[str, str]:
    """Return all that a policy says: by what it is about, always the same and in this order."""

    def money(minor: int) -> str:
        return grouped(decimal_text(minor, currency))

    told = {gettext(name): _yes(mode in policy.modes) for mode, (name, _) in MODES.items()}
    for mode in FLOOR_MODES:
        for age in STALENESS_ORDER:
            floor = policy.floor(mode, age)
            what = gettext(
                "At once, %(mode)s, status %(age)s",
                mode=gettext(MODES[mode][0]), age=gettext(AGES[age]),
            )  # fmt: skip
            told[what] = gettext(NO_LIMIT) if floor is None else money(floor)
    solo = policy.solo
    told |= {
        gettext("Vouchers accepted alone"): str(solo.count),
        gettext("Worth accepted alone"): money(solo.sum_minor),
        gettext("Vouchers in ten minutes"): str(solo.per_10_min),
        gettext("Hours without headquarters"): str(solo.hours),
        gettext("Waits for headquarters, ms"): str(policy.online_timeout_ms),
        gettext("Minutes in which a till may take back"): _minutes(policy.void_s),
        gettext("Of a thousand that must go online"): str(policy.online_permille),
    }
    for reason in OVERRULED:
        most = policy.overrides.get(reason, 0)
        what = gettext("A supervisor may overrule: %(reason)s", reason=gettext(REFUSALS[reason]))
        told[what] = money(most) if most else gettext(NOBODY)
    return told


def _yes(is_so: object) -> str:
    return str(gettext("yes") if is_so else gettext("no"))


def _minutes(seconds: int) -> str:
    return f"{seconds / 60:g}"
