"""docs/reference/problems.md, from the errors of both halves and the advice on each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import central.errors
import central.foundation.web.problem
import edge.errors
import edge.web.problem
from central.foundation.web.advice import ADVICE as HUB_ADVICE
from edge.contract.problem import Advice
from edge.contract.signed import MESSAGE_SLUGS
from edge.web.advice import ADVICE as UNIT_ADVICE
from tests.tidy.reference.markdown import code, table


def page() -> Iterator[str]:
    """Yield the page."""
    hub_titles = central.foundation.web.problem.titles()
    yield "# Problems\n"
    yield "Every error of the HTTP interfaces is `application/problem+json` (RFC 9457): `type` is"
    yield "`/problems/<slug>`, a page that the same server shows; `title` says what kind of problem"
    yield "it is, `detail` what is wrong this time; `instance`, if it is there, names the entry in"
    yield "the log. Slugs never change their meaning; compare them, not the sentences. The unit"
    yield "speaks the language of `Accept-Language` (`zh-CN` or `en`), the hub's API English.\n"
    yield "*Again?* says whether sending the same request again is of any use: **no**, it gets the"
    yield "same answer each time; **now**, at once, with the same Idempotency-Key; **later**,"
    yield "likewise, once the cause is gone. Nothing is ever taken twice because of it.\n"
    yield "## The unit\n"
    yield _table("at the till", unit_statuses(), edge.web.problem.titles(), UNIT_ADVICE)
    yield "\nA command of `tearoff-unit` that fails says title and detail of the same problems.\n"
    yield "## The hub\n"
    yield _table("at headquarters", hub_statuses(), hub_titles, HUB_ADVICE)
    yield "\n`request-invalid` is 422 if a parameter does not suit its schema.\n"
    yield "## Messages of the contract\n"
    yield "What is wrong with a message between unit and hub, in an answer of the hub (400) or in"
    yield "the log of either.\n"
    statuses = dict.fromkeys(MESSAGE_SLUGS, "400")
    yield _table("at headquarters", statuses, hub_titles, HUB_ADVICE)


def _table(
    person: str, statuses: Mapping[str, str], titles: Mapping[str, str],
    advice: Mapping[str, Advice],
) -> str:  # fmt: skip
    heads = ("slug, status, title", "cause", person, "in the program", "again?")
    return table(heads, (_row(s, statuses[s], titles[s], advice[s]) for s in sorted(statuses)))


def _row(slug: str, status: str, title: str, advice: Advice) -> tuple[str, ...]:
    head = f"{code(slug)}<br>{status}<br>{title}"
    told = (_linked(text) for text in (advice.cause, advice.person, advice.program))
    return head, *told, f"**{advice.again}**"


def _linked(text: str) -> str:
    """Return a sentence whose mentions of other pages lead there."""
    text = re.sub(r"docs/reference/([\w-]+)\.md", r"[\1](\1.md)", text)
    return re.sub(r"docs/how-to/([\w-]+)\.md", r"[\1](../how-to/\1.md)", text)


def unit_statuses() -> dict[str, str]:
    """Return the HTTP status of each slug of the unit."""
    fixed = {
        edge.web.problem.VOUCHER_REFUSED: "409",
        **{s: str(n) for n, s in edge.web.problem.OF_STATUS.items()},
    }
    return fixed | _statuses(edge.errors.EdgeError)


def hub_statuses() -> dict[str, str]:
    """Return the HTTP status of each slug of the hub, but for those of messages."""
    fixed = {s: str(n) for n, s in central.foundation.web.problem.OF_STATUS.items()}
    return fixed | _statuses(central.errors.HubError)


def _statuses(kind: type[edge.errors.EdgeError | central.errors.HubError]) -> dict[str, str]:
    found = {kind.slug: str(kind.status)}
    for sub in kind.__subclasses__():
        found |= _statuses(sub)
    return found
