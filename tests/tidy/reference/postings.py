"""docs/reference/posting-rules.md: the chart, the rules, and a business through all of them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

from central.money.ledger import rules
from central.money.ledger.chart import CHART, Heading
from edge.contract.money import decimal_text
from tests.central.money.ledger.walk import Step, steps
from tests.tidy.reference.markdown import code, table

_NUMBERED = re.compile(r"(?:(\d+(?:, \d+)*): )?(.*)", re.DOTALL)
_HOW = {
    "post": "",
    "hold": " (held)",
    "commit": " (a hold is posted)",
    "void": " (a hold is given back)",
    "reverse": " (mirrored)",
}


def page() -> Iterator[str]:
    """Yield the page."""
    yield "# Posting rules\n"
    yield "What each business event does to the books. The rules are pure functions in"
    yield "`central/money/ledger/rules/`, one an event; only `post` and `hold` of"
    yield "`central/money/ledger/store.py` write what they return."
    yield "[How money is kept](../explanation/money.md) says why.\n"
    yield "## The chart of accounts\n"
    yield "*Per*: there is one account for each, `2310.S0412`. *Floor*: the least it may hold; the"
    yield "schema refuses what would go below. *Clears*: it is zero once everything begun has"
    yield "ended.\n"
    yield table(
        ("code", "account", "科目", "kind", "per", "floor", "clears"),
        map(_of_heading, CHART.values()),
    )
    yield "\n## The rules\n"
    yield "The amounts are those of one business that goes through all of them"
    yield "(`tests/central/money/ledger/walk.py`). The key makes an event happen once.\n"
    told = different(steps())
    for number in sorted({step.rule for step in told}):
        yield f"### Rule {number}\n" if number else "### Opening\n"
        yield from (f"* `{name}`: {sentence}" for name, sentence in sentences(number))
        yield ("\n" if number else "") + table(
            ("event", "debit", "credit", "key"), (_row(s) for s in told if s.rule == number)
        )
        yield ""


def different(told: list[Step]) -> list[Step]:
    """Return one step of each event and set of accounts."""
    found: dict[tuple[object, ...], Step] = {}
    for step in told:
        accounts = frozenset((leg.side, leg.account[:4]) for leg in step.posting.legs)
        found.setdefault((step.rule, step.posting.kind, accounts), step)
    return list(found.values())


def sentences(number: int) -> list[tuple[str, str]]:
    """Return name and first sentence of each function that is about a rule."""
    found = []
    for name, function in vars(rules).items():
        if not inspect.isfunction(function):
            continue
        first = inspect.cleandoc(function.__doc__ or "").split("\n\n", maxsplit=1)[0]
        numbers, sentence = re.fullmatch(_NUMBERED, " ".join(first.split())).groups()  # type: ignore[union-attr]
        if numbers and str(number) in numbers.split(", "):
            found.append((name, sentence[0].upper() + sentence[1:]))
    return found


def _of_heading(heading: Heading) -> tuple[str, ...]:
    floor = "" if heading.floor is None else str(heading.floor)
    kind = heading.type.name.lower()
    clears = "✓" if heading.clears else ""
    return code(heading.code), heading.en, heading.zh, kind, heading.per, floor, clears


def _row(step: Step) -> tuple[str, ...]:
    sides = {
        side: "<br>".join(
            f"`{leg.account}` {decimal_text(leg.minor, step.posting.currency)}"
            for leg in step.posting.legs
            if leg.side == side
        )
        for side in (1, -1)
    }
    return step.posting.kind + _HOW[step.how], sides[1], sides[-1], code(step.posting.idem)
