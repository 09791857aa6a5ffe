"""What a proof finds, and how accounts are held against what another room says of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from central.foundation.db.engine import rows
from central.foundation.language.said import Saying
from central.money.ledger.chart import heading_of
from central.money.ledger.statement import trial_balance
from edge.contract.money import decimal_text

ALONE = (
    "brought-in", "transferred", "supplier-prefunded", "supplier-paid", "claim-met",
    "deposit-set-off", "receivable-written-off", "difference-found", "difference-explained",
)  # fmt: skip
"""Kinds of journals of which no room but the ledger knows: they are taken at its word."""


class Finding(NamedTuple):
    """Something that does not agree.

    Args:
        subject: What it is about: an account, or which proof.
    """

    subject: str
    said: str


def hold_against(
    headings: tuple[str, ...], wanted: Mapping[str, int], currency: str
) -> Iterator[Finding]:
    """Compare all accounts under some headings with what another room says of them."""
    held = {
        account.code: account.balance * heading_of(account.code).type.sign
        for account in trial_balance()
        if account.code.partition(".")[0] in headings
    }
    yield from compare(held, wanted, "stands-there", currency)


def compare(
    held: Mapping[str, int], wanted: Mapping[str, int], slug: str, currency: str
) -> Iterator[Finding]:
    """Tell each account that does not hold what it has to, by its code.

    Args:
        slug: The sentence of ``SAYINGS`` that says it, of what is ``there`` and what is ``wanted``.
    """
    for code in sorted({*held, *wanted}):
        there, should = int(held.get(code, 0)), int(wanted.get(code, 0))
        if there != should:
            figures = {"there": text(there, currency), "wanted": text(should, currency)}
            yield Finding(code, Saying(slug, **figures))


def alone(headings: tuple[str, ...]) -> dict[str, int]:
    """Return what journals that no room knows of have put on accounts: debits less credits."""
    marks = ", ".join("?" * len(headings))
    kinds = ", ".join("?" * len(ALONE) * 2)
    return {
        code: int(minor)
        for code, minor in rows(
            "SELECT code, sum(side * amount)"  # noqa: S608 - marks only
            " FROM entry JOIN account ON account.id = account_id"
            f" JOIN journal ON journal.id = journal_id WHERE substr(code, 1, 4) IN ({marks})"
            f" AND layer = 1 AND kind IN ({kinds}) GROUP BY code",
            (*headings, *ALONE, *(f"{kind}-reversed" for kind in ALONE)),
        )
    }


def text(minor: int, currency: str) -> str:
    """Return an amount as a finding says it."""
    return decimal_text(int(minor), currency)
