"""What suppliers and agents are owed, worked out again from purchases, commissions and payouts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from central.foundation.db.engine import rows
from central.insight.finding import Finding, alone, compare, hold_against
from central.money.ledger.statement import trial_balance
from central.supply.suppliers.model import total

_PARTY = "substr(account, 6)"
_PAID_FROM_WALLET = "state = 'paid' AND substr(account, 1, 5) = '2110.'"
_BOUGHT_BY_COMMISSION = "JOIN sale_order o ON o.id = p.order_id WHERE p.channel = 'commission'"
_BORNE_BY_AGENT = "state = 'closed' AND outcome = 'agent'"


def suppliers(currency: str) -> Iterator[Finding]:
    """What suppliers are owed, less what lies with them, is what was bought from them.

    Payments to them, and what their statements have brought, are the ledger's own.
    """
    bought = _charged("a.kind = 'supplier_key' AND a.late_to IS NULL", "a.late_to = 'dispute'")
    for paid_from, cost in rows(
        "SELECT paid_from, sum(unit_cost * kept) FROM card_batch"
        " WHERE state = 'stocked' AND journal_id IS NOT NULL GROUP BY paid_from"
    ):
        if paid_from[:5] in {"1040.", "2210."}:
            bought[paid_from[5:]] += int(cost)
    for supplier, cost in rows(
        "SELECT substr(cost_account, 6), sum(cost) FROM order_unit u"
        " JOIN sale_order o ON o.id = u.order_id"
        " WHERE (o.journal_id IS NOT NULL OR u.refund IS NOT NULL)"
        " AND u.delivered_at_s IS NOT NULL AND substr(cost_account, 1, 5) IN ('1040.', '2210.')"
        " GROUP BY substr(cost_account, 6)"
    ):
        bought[supplier] += int(cost)
    for supplier, back in rows(
        "SELECT claim_on, sum(claim_minor) FROM after_sale WHERE claim = 'accepted'"
        " GROUP BY claim_on"
    ):
        bought[supplier] -= int(back)
    yield from _net(("2210", "1040"), bought, currency)


def claims(currency: str) -> Iterator[Finding]:
    """What suppliers owe us is what they have charged for nothing, less what they made good."""
    owed = {f"1130.{name}": minor for name, minor in _charged("a.late_to = 'dispute'").items()}
    for code, minor in alone(("1130",)).items():
        owed[code] = owed.get(code, 0) + minor
    held = {one.code: one.balance for one in trial_balance() if one.code.startswith("1130.")}
    yield from compare(held, owed, "stands-there", currency)


def wallets(currency: str) -> Iterator[Finding]:
    """What agents may have, less what they owe us, is what they have earned and not been paid."""
    due = Counter[str]()
    for sign, what in (
        (1, "agent, sum(kept_minor) FROM commission WHERE state = 'released'"),
        (-1, f"{_PARTY}, sum(amount) FROM payout WHERE {_PAID_FROM_WALLET}"),
        (-1, f"buyer, sum(p.paid) FROM payment p {_BOUGHT_BY_COMMISSION} AND p.state = 'paid'"),
        (1, f"buyer, sum(p.amount) FROM refund p {_BOUGHT_BY_COMMISSION} AND p.state = 'done'"),
        (1, "owner, sum(set_off) FROM netting"),
        (-1, f"agent, sum(excess_minor) FROM conflict_case WHERE {_BORNE_BY_AGENT}"),
    ):
        for agent, minor in rows(f"SELECT {what} GROUP BY 1"):
            due[agent] += sign * int(minor)
    yield from _net(("2110", "1110"), due, currency)


def owners(currency: str) -> Iterator[Finding]:
    """What owners of stores may have is what was netted for them and not paid."""
    due = {
        f"2320.{owner}": int(minor)
        for owner, minor in rows(
            "SELECT owner, sum(gross - set_off) - coalesce((SELECT sum(amount) FROM payout"
            " WHERE state = 'paid' AND account = '2320.' || owner), 0) FROM netting GROUP BY owner"
        )
    }
    yield from hold_against(("2320",), due, currency)


def _charged(*conditions: str) -> Counter[str]:
    """Return what suppliers have charged for purchases of some kinds."""
    found = Counter[str]()
    for supplier, cost_e4, money in rows(
        "SELECT supplier, charged_e4, p.currency FROM supplier_attempt a"  # noqa: S608 - ours
        " JOIN supplier_account s ON s.id = a.account"
        " JOIN supplier_purchase p ON p.unit = a.unit WHERE a.state IN ('succeeded', 'late')"
        f" AND a.charged_e4 IS NOT NULL AND ({' OR '.join(conditions)})"
    ):
        found[supplier] += total(int(cost_e4), money).minor
    return found


def _net(headings: tuple[str, str], wanted: Mapping[str, int], currency: str) -> Iterator[Finding]:
    """Compare what parties are owed on the first account, less what stands on their second."""
    due, held = Counter[str](wanted), Counter[str]()
    for account in trial_balance():
        heading, _, party = account.code.partition(".")
        if heading in headings:
            held[party] -= account.balance
    for code, minor in alone(headings).items():
        due[code.partition(".")[2]] -= minor
    named = " less ".join(headings)
    yield from compare(
        {f"{party}: {named}": minor for party, minor in held.items()},
        {f"{party}: {named}": minor for party, minor in due.items()},
        "stands-there", currency,
    )  # fmt: skip
