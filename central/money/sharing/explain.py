"""Sentences for people: what a share is, why it is less, what a line says. No rule is here."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from flask_babel import get_locale, gettext

from central.foundation.language.words import AGENT_STATES, N_
from central.money.sharing.form import days_text, percent
from central.money.sharing.model import (
    Base,
    Cut,
    FixedLine,
    Over,
    RatioLine,
    RuleLine,
    RuleSet,
    Scope,
    Share,
    Split,
    To,
    Why,
)
from edge.contract.money import decimal_text

TO = {
    To.SELLER: N_("who sells"),
    To.UPLINE_1: N_("who is above"),
    To.UPLINE_2: N_("who is above that one"),
}
VERSION_STATES = {
    "draft": N_("draft"),
    "later": N_("begins later"),
    "in-force": N_("in force"),
    "past": N_("replaced"),
}
VERSION_LOOKS = {"draft": "ask", "later": "quiet", "in-force": "good", "past": "quiet"}


def locale() -> str:
    """Return the language of this request, ``zh-CN`` or ``en``."""
    return str(get_locale()).replace("_", "-")


def exact_text(split: Split, share: Share, currency: str) -> str:
    """Return a share before rounding, ``4.9995``; of a fixed amount that amount."""
    if share.why is Why.FIXED:
        return decimal_text(share.wanted_minor, currency)
    places = len(decimal_text(0, currency).partition(".")[2])
    # Decimal, and only to be looked at: what is posted was rounded in whole minor units.
    exact = Decimal(split.base_minor * share.ppm).scaleb(-6 - places)
    whole, _, decimals = f"{exact:f}".partition(".")
    decimals = decimals.rstrip("0").ljust(places, "0")
    return f"{whole}.{decimals}" if decimals else whole


def why(split: Split, share: Share, currency: str, levels: Mapping[str, str]) -> str:
    """Return how a share comes about.

    Args:
        levels: The names of the levels.
    """
    base = decimal_text(split.base_minor, currency)
    rate = percent(share.ppm)
    if share.why is Why.FIXED:
        amount = decimal_text(share.wanted_minor, currency)
        return str(gettext("%(amount)s for each sale", amount=amount))
    if share.why is Why.RATIO:
        return str(gettext("%(rate)s of %(base)s", rate=rate, base=base))
    level = levels.get(share.level, share.level)
    if share.why is Why.SAME_LEVEL:
        return str(gettext(
            "%(level)s above the same level: %(rate)s of %(base)s",
            level=level, rate=rate, base=base,
        ))  # fmt: skip
    if not share.below_ppm:
        return str(gettext("%(level)s: %(rate)s of %(base)s", level=level, rate=rate, base=base))
    return str(gettext(
        "%(level)s has %(own)s, those below have %(below)s of it: %(rate)s of %(base)s",
        level=level, own=percent(share.own_ppm), below=percent(share.below_ppm), rate=rate,
        base=base,
    ))  # fmt: skip


def cuts(split: Split, share: Share, currency: str, barred: str) -> list[str]:
    """Return why a share is less than its line says.

    Args:
        barred: Why this agent earns nothing just now, if that is so.
    """
    assert split.rule is not None, "a share has a rule"
    rule = split.rule.rule
    line = rule.lines[share.line - 1]
    cap = 0 if isinstance(line, FixedLine) else line.cap_minor or 0
    told = {
        Cut.BARRED: gettext(
            "This agent earns nothing now: %(why)s", why=gettext(AGENT_STATES.get(barred, barred))
        ),
        Cut.LEVELS: gettext("Only %(count)d agents are paid", count=rule.paid_levels),
        Cut.LINE_CAP: gettext("At most %(cap)s by this line", cap=decimal_text(cap, currency)),
        Cut.SUM_CAP: gettext(
            "All together may have %(room)s", room=decimal_text(split.room_minor, currency)
        ),
    }
    return [told[cut] for cut in share.cuts]


def line_text(line: RuleLine, currency: str, levels: Mapping[str, str]) -> str:
    """Return what a line of a rule set says."""
    if isinstance(line, FixedLine):
        amount = decimal_text(line.minor, currency)
        return str(gettext("%(amount)s to %(whom)s", amount=amount, whom=gettext(TO[line.to])))
    if isinstance(line, RatioLine):
        whom = gettext(TO[line.to])
        text = str(gettext("%(rate)s to %(whom)s", rate=percent(line.ppm), whom=whom))
    else:
        rates = sorted(line.rates.items(), key=lambda item: -item[1])
        names = " · ".join(f"{levels.get(level, level)} {percent(ppm)}" for level, ppm in rates)
        text = str(gettext("By level: %(rates)s", rates=names))
        if line.same_level_ppm:
            same = percent(line.same_level_ppm)
            text += gettext("; above the same level %(rate)s", rate=same)
    if line.cap_minor is not None:
        text += gettext(", at most %(cap)s", cap=decimal_text(line.cap_minor, currency))
    return text


def rule_text(rule: RuleSet) -> list[str]:
    """Return what a rule set says besides its lines."""
    if rule.inherits:
        return [gettext("The next wider rule set decides.")]
    base = (
        N_("Rates are of the price.") if rule.base is Base.SALE else N_("Rates are of the margin.")
    )
    over = (
        N_("What is too much is cut from the top of the chain.")
        if rule.over is Over.CUT
        else N_("A sale for which it is too much is refused.")
    )
    return [
        gettext(base),
        gettext("All together at most %(rate)s of the price.", rate=percent(rule.total_ppm)),
        gettext(over),
        gettext("At most %(count)d agents are paid.", count=rule.paid_levels),
        gettext("Held for %(days)s days.", days=days_text(rule.hold_s)),
    ]


def scope_text(scope: Scope, products: Mapping[str, str]) -> str:
    """Return what a rule set is for.

    Args:
        products: The names of the products, by number.
    """
    kind, _, of = scope.partition(":")
    if kind == "product":
        return str(gettext("Product %(number)s %(name)s", number=of, name=products.get(of, "")))
    if kind == "category":
        return str(gettext("Category %(name)s", name=of))
    return str(gettext("Everything else"))
