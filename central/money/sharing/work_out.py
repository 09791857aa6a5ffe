"""Works out who earns what on a sale, and why: rule set × chain × amount. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from central.foundation.language.words import N_
from central.money.sharing.model import (
    Base,
    Cut,
    FixedLine,
    LevelLine,
    Link,
    Over,
    RatioLine,
    RuleInForce,
    RuleSet,
    Sale,
    Share,
    Split,
    Why,
)
from central.money.sharing.split import PPM, Fixed, Ratio, Rest, allocate, shares

AMOUNT_MINOR_MAX = 10**15
"""The largest sale that is shared: ten thousand of them fit into the ledger."""


def work_out(sale: Sale, found: RuleInForce | None) -> Split:
    """Return the shares of a sale under a rule set; without one all of it is the house's.

    The same arguments give the same minor units for ever, whoever calls.

    Raises:
        SharesExceed: together they are more than they may be, and the rule set makes that an
            error.
        ValueError: the amount is not positive or too large, the cost is negative, an agent stands
            in the chain twice, or the rule set is of another currency.
    """
    _check(sale, found)
    amount = sale.amount.minor
    margin = amount - sale.cost_minor
    if found is None:
        return Split(None, amount, 0, margin)
    rule = found.rule
    base = amount if rule.base is Base.SALE else max(margin, 0)
    # Never more than was earned, nor than the cap on the sum says.
    room = max(0, min(base, margin, amount * rule.total_ppm // PPM))
    asked = _with_amounts(_within_levels(list(_entitled(rule, sale.chain)), rule), rule, base)
    if rule.over is Over.CUT:
        asked = _within(asked, room)
    # Proves the sum once more; and of a rule set that refuses, it is the refusal.
    allocate(base, [*(Fixed(share.minor) for share in asked), Rest()], room)
    taken = sum(share.minor for share in asked)
    return Split(found, base, room, margin - taken, tuple(asked), _for_nobody(rule, sale.chain))


def _check(sale: Sale, found: RuleInForce | None) -> None:
    if not 0 < sale.amount.minor <= AMOUNT_MINOR_MAX:
        raise ValueError(N_("The amount of a sale is positive, and not beyond all bounds."))
    if not 0 <= sale.cost_minor <= AMOUNT_MINOR_MAX:
        raise ValueError(N_("The cost of a sale is not negative, and not beyond all bounds."))
    if len({link.agent for link in sale.chain}) < len(sale.chain):
        raise ValueError(N_("An agent stands in a chain once."))
    if found is not None and found.rule.currency != sale.amount.currency:
        raise ValueError(N_("The rule set pays in another currency than the sale's."))


# --- who is entitled -----------------------------------------------------------------------------


def _entitled(rule: RuleSet, chain: Sequence[Link]) -> Iterator[Share]:
    """Yield a share for each line and each agent it speaks of, without amounts yet."""
    for number, line in enumerate(rule.lines, 1):
        if isinstance(line, LevelLine):
            yield from _by_level(number, line, chain)
        elif line.to.place < len(chain):
            why = Why.FIXED if isinstance(line, FixedLine) else Why.RATIO
            ppm = line.ppm if isinstance(line, RatioLine) else 0
            yield _share(number, why, chain, line.to.place, ppm=ppm)


def _by_level(number: int, line: LevelLine, chain: Sequence[Link]) -> Iterator[Share]:
    """Yield what each level has above the levels below it.

    The highest rate below counts, not only the neighbour's, so that all differences together
    never exceed the highest rate. Somebody who is barred keeps his place: what he does not get is
    the house's, not a present to who is above him.
    """
    below = 0
    for place, link in enumerate(chain):
        own = line.rates.get(link.level, 0)
        if own > below:
            yield _share(
                number, Why.LEVEL, chain, place, ppm=own - below, own_ppm=own, below_ppm=below
            )
        elif place and line.same_level_ppm and link.level == chain[place - 1].level:
            ppm = line.same_level_ppm
            yield _share(
                number, Why.SAME_LEVEL, chain, place, ppm=ppm, own_ppm=own, below_ppm=below
            )
        below = max(below, own)


def _share(number: int, why: Why, chain: Sequence[Link], place: int, **rates: int) -> Share:
    link = chain[place]
    cuts = (Cut.BARRED,) if link.barred else ()
    return Share(number, why, link.agent, link.level, place, cuts=cuts, **rates)


def _for_nobody(rule: RuleSet, chain: Sequence[Link]) -> tuple[int, ...]:
    """Return the lines that speak of somebody whom this chain does not have."""
    return tuple(
        number
        for number, line in enumerate(rule.lines, 1)
        if not isinstance(line, LevelLine) and line.to.place >= len(chain)
    )


# --- how much ------------------------------------------------------------------------------------


def _within_levels(entitled: list[Share], rule: RuleSet) -> list[Share]:
    """Mark who is beyond the paid levels: those nearest to the sale are paid."""
    places = sorted({share.place for share in entitled if not share.cuts})
    paid = set(places[: rule.paid_levels])
    return [
        share if share.cuts or share.place in paid else replace(share, cuts=(Cut.LEVELS,))
        for share in entitled
    ]


def _with_amounts(entitled: list[Share], rule: RuleSet, base: int) -> list[Share]:
    """Fill in what each share asks for, and what the caps of the lines leave of it."""
    capped = shares(base, [_line(share, rule, with_cap=True) for share in entitled])
    uncapped = shares(base, [_line(share, rule, with_cap=False) for share in entitled])
    found = []
    for share, minor, wanted in zip(entitled, capped, uncapped, strict=True):
        if share.cuts:
            alone = _asks_for(share, rule)
            [wanted_alone] = shares(base, [alone])
            found.append(replace(share, wanted_minor=wanted_alone))
        else:
            cuts = (Cut.LINE_CAP,) if minor < wanted else ()
            found.append(replace(share, wanted_minor=wanted, minor=minor, cuts=cuts))
    return found


def _line(share: Share, rule: RuleSet, *, with_cap: bool) -> Fixed | Ratio:
    """Return the line of the split; who is cut already takes no part in the rounding."""
    if share.cuts:
        return Fixed(0)
    asked = _asks_for(share, rule)
    line = rule.lines[share.line - 1]
    if with_cap and isinstance(asked, Ratio) and not isinstance(line, FixedLine):
        return Ratio(asked.ppm, line.cap_minor)
    return asked


def _asks_for(share: Share, rule: RuleSet) -> Fixed | Ratio:
    line = rule.lines[share.line - 1]
    return Fixed(line.minor) if isinstance(line, FixedLine) else Ratio(share.ppm)


def _within(asked: list[Share], room: int) -> list[Share]:
    """Cut what is too much: from the top of the chain downwards, later lines first."""
    excess = sum(share.minor for share in asked) - room
    found = list(asked)
    order = sorted(range(len(asked)), key=lambda n: (-asked[n].place, -asked[n].line))
    for number in order:
        if excess <= 0:
            break
        share = found[number]
        less = min(excess, share.minor)
        if less:
            cuts = (*share.cuts, Cut.SUM_CAP)
            found[number] = replace(share, minor=share.minor - less, cuts=cuts)
            excess -= less
    return found
