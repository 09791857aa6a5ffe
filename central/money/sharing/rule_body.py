"""Reads and writes rule sets and what was worked out by them as JSON, and checks them. Pure.

The JSON stands in the database, with each order too: a field that was released keeps its meaning.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from central.foundation.language.words import N_
from central.money.sharing.model import (
    HOLD_S_DEFAULT,
    PAID_LEVELS_DEFAULT,
    PAID_LEVELS_MAX,
    TOTAL_PPM_DEFAULT,
    AgentId,
    Base,
    FixedLine,
    LevelId,
    LevelLine,
    Link,
    Over,
    RatioLine,
    RuleInForce,
    RuleLine,
    RuleRef,
    RuleSet,
    Sale,
    Scope,
    Share,
    Split,
    To,
)
from central.money.sharing.split import PPM
from central.money.sharing.work_out import AMOUNT_MINOR_MAX
from edge.contract.money import Money

LINES_MAX = 20
LEVELS_MAX = 8
HOLD_S_MAX = 400 * 86_400

_SCOPE = re.compile(r"default|category:[a-z0-9][a-z0-9-]{0,31}|product:[1-9][0-9]{0,7}", re.ASCII)
_LEVEL = re.compile(r"[a-z][a-z0-9-]{0,31}", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_FIELDS = {
    "currency", "lines", "base", "inherits", "total_ppm", "paid_levels", "over", "hold_s",
}  # fmt: skip
_LINE_FIELDS = {
    "fixed": {"kind", "to", "minor"},
    "ratio": {"kind", "to", "ppm", "cap_minor"},
    "level": {"kind", "rates", "same_level_ppm", "cap_minor"},
}

E = TypeVar("E", bound=StrEnum)


class RuleInvalid(ValueError):
    """A rule set that cannot be; the sentence is in the catalogues.

    Args:
        line: Which of its lines is meant, counted from 1; 0 for the whole.
    """

    def __init__(self, sentence: str, line: int = 0) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.line = line


def parse_scope(text: str) -> Scope:
    """Check the form of a scope: ``default``, ``category:drinks`` or ``product:7``.

    Raises:
        RuleInvalid: it is none of these.
    """
    if not _SCOPE.fullmatch(text):
        raise RuleInvalid(N_("A rule set is for default, category:… or product:…"))
    return Scope(text)


def to_body(rule: RuleSet) -> dict[str, Any]:
    """Return the JSON of a rule set."""
    return {
        "currency": rule.currency,
        "base": str(rule.base),
        "inherits": rule.inherits,
        "lines": [_line_body(line) for line in rule.lines],
        "total_ppm": rule.total_ppm,
        "paid_levels": rule.paid_levels,
        "over": str(rule.over),
        "hold_s": rule.hold_s,
    }


def _line_body(line: RuleLine) -> dict[str, Any]:
    if isinstance(line, FixedLine):
        return {"kind": "fixed", "to": str(line.to), "minor": line.minor}
    if isinstance(line, RatioLine):
        return {
            "kind": "ratio", "to": str(line.to), "ppm": line.ppm, "cap_minor": line.cap_minor,
        }  # fmt: skip
    return {
        "kind": "level", "rates": dict(line.rates), "same_level_ppm": line.same_level_ppm,
        "cap_minor": line.cap_minor,
    }  # fmt: skip


# --- reading -------------------------------------------------------------------------------------


def read(body: object) -> RuleSet:
    """Read a rule set from its JSON, and check it.

    Raises:
        RuleInvalid: a field is unknown, missing or out of range, or the lines may together be
            more than the cap on their sum.
    """
    if not isinstance(body, Mapping) or not set(body) <= _FIELDS:
        raise RuleInvalid(N_("A rule set has a field that is not known."))
    currency, lines = body.get("currency"), body.get("lines", [])
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        raise RuleInvalid(N_("A currency is three capital letters."))
    if not isinstance(lines, list) or len(lines) > LINES_MAX:
        raise RuleInvalid(N_("A rule set has at most twenty lines."))
    if not isinstance(body.get("inherits", False), bool):
        raise RuleInvalid(N_("A rule set has a field that is not known."))
    rule = RuleSet(
        currency=currency,
        lines=tuple(_line(line, number) for number, line in enumerate(lines, 1)),
        base=_one_of(Base, body.get("base", "sale")),
        inherits=body.get("inherits", False),
        total_ppm=_whole(body.get("total_ppm", TOTAL_PPM_DEFAULT), 1, PPM),
        paid_levels=_whole(body.get("paid_levels", PAID_LEVELS_DEFAULT), 1, PAID_LEVELS_MAX),
        over=_one_of(Over, body.get("over", "cut")),
        hold_s=_whole(body.get("hold_s", HOLD_S_DEFAULT), 0, HOLD_S_MAX),
    )
    _check(rule)
    return rule


def _line(line: object, number: int) -> RuleLine:
    kind = line.get("kind") if isinstance(line, Mapping) else None
    if not isinstance(line, Mapping) or kind not in _LINE_FIELDS:
        raise RuleInvalid(N_("A line is fixed, a ratio, or by level."), number)
    if not set(line) <= _LINE_FIELDS[kind]:
        raise RuleInvalid(N_("A line has a field that is not known."), number)
    if kind == "fixed":
        to = _one_of(To, line.get("to"), number)
        return FixedLine(to, _whole(line.get("minor"), 1, AMOUNT_MINOR_MAX, number))
    cap = line.get("cap_minor")
    cap_minor = None if cap is None else _whole(cap, 1, AMOUNT_MINOR_MAX, number)
    if kind == "ratio":
        to = _one_of(To, line.get("to"), number)
        return RatioLine(to, _whole(line.get("ppm"), 1, PPM, number), cap_minor)
    same_level_ppm = _whole(line.get("same_level_ppm", 0), 0, PPM, number)
    return LevelLine(_rates(line.get("rates"), number), same_level_ppm, cap_minor)


def _rates(rates: object, number: int) -> dict[LevelId, int]:
    if not isinstance(rates, Mapping) or not 1 <= len(rates) <= LEVELS_MAX:
        raise RuleInvalid(N_("A line by level has a rate for one to eight levels."), number)
    if not all(isinstance(level, str) and _LEVEL.fullmatch(level) for level in rates):
        raise RuleInvalid(N_("There is no such level."), number)
    found = {LevelId(level): _whole(ppm, 0, PPM, number) for level, ppm in rates.items()}
    if not any(found.values()):
        raise RuleInvalid(N_("A line by level gives some level something."), number)
    return found


def _whole(value: object, least: int, most: int, line: int = 0) -> int:
    # bool is an int to Python, and 1.0 equals 1; neither is an amount.
    if type(value) is not int or not least <= value <= most:
        raise RuleInvalid(N_("A number is missing, not whole, or out of range."), line)
    return value


def _one_of(kind: type[E], value: object, line: int = 0) -> E:
    if not isinstance(value, str) or value not in set(kind):
        raise RuleInvalid(N_("A choice is none of those there are."), line)
    return kind(value)


# --- what a rule set must be as a whole ----------------------------------------------------------


def _check(rule: RuleSet) -> None:
    if rule.inherits and rule.lines:
        raise RuleInvalid(N_("A rule set that leaves it to the wider one has no lines."))
    for number, line in enumerate(rule.lines, 1):
        if not isinstance(line, LevelLine) and line.to.place >= rule.paid_levels:
            raise RuleInvalid(N_("This line pays somebody beyond the paid levels."), number)
    if sum(isinstance(line, LevelLine) for line in rule.lines) > 1:
        raise RuleInvalid(N_("A rule set has one line by level."))
    if most_ppm(rule) > rule.total_ppm:
        raise RuleInvalid(N_("The rates together are more than the cap on all commissions."))


def most_ppm(rule: RuleSet) -> int:
    """Return what the rates can come to at most, whatever the chain; fixed amounts not counted.

    Differences by level never exceed the highest rate; everybody above the seller may be of the
    level of the one below him.
    """
    total = 0
    for line in rule.lines:
        if isinstance(line, RatioLine):
            total += line.ppm
        elif isinstance(line, LevelLine):
            total += max(line.rates.values()) + line.same_level_ppm * (rule.paid_levels - 1)
    return total


# --- what stands with each order -----------------------------------------------------------------

SNAPSHOT_VERSION = 1


def snapshot(sale: Sale, split: Split) -> dict[str, Any]:
    """Return all that is needed to work a sale out again, and what came out of it."""
    ref = split.rule.ref if split.rule else None
    return {
        "v": SNAPSHOT_VERSION,
        "sale": {
            "ref": sale.ref,
            "amount_minor": sale.amount.minor,
            "currency": sale.amount.currency,
            "cost_minor": sale.cost_minor,
            "product": sale.product,
            "category": sale.category,
            "at_s": sale.at_s,
            "chain": [list(link) for link in sale.chain],
        },
        "scope": ref.scope if ref else None,
        "version": ref.version if ref else None,
        "rule": to_body(split.rule.rule) if split.rule else None,
        "shares": [share_body(share) for share in split.shares],
        "house_minor": split.house_minor,
    }


def share_body(share: Share) -> dict[str, Any]:
    """Return the JSON of one share."""
    return {
        "line": share.line, "why": str(share.why), "agent": share.agent, "level": share.level,
        "place": share.place, "ppm": share.ppm, "own_ppm": share.own_ppm,
        "below_ppm": share.below_ppm, "wanted_minor": share.wanted_minor, "minor": share.minor,
        "cuts": [str(cut) for cut in share.cuts],
    }  # fmt: skip


def read_snapshot(body: Mapping[str, Any]) -> tuple[Sale, RuleInForce | None]:
    """Return the sale and the rule set of a snapshot, to be worked out again."""
    assert body["v"] == SNAPSHOT_VERSION, "a version that this program has not written"
    told = body["sale"]
    sale = Sale(
        ref=told["ref"],
        amount=Money(told["amount_minor"], told["currency"]),
        chain=tuple(Link(AgentId(a), LevelId(level), why) for a, level, why in told["chain"]),
        at_s=told["at_s"],
        cost_minor=told["cost_minor"],
        product=told["product"],
        category=told["category"],
    )
    if body["rule"] is None:
        return sale, None
    ref = RuleRef(Scope(body["scope"]), body["version"])
    return sale, RuleInForce(ref, read(body["rule"]))
