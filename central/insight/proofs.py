"""What must agree every day between the ledger and everything else that is kept.

The ledger's own audit proves it from its entries. These proofs hold it against what other rooms
know without it: vouchers and what was redeemed of them, commissions, payouts, cases, differences.
Whatever does not agree is an alert until it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from central.foundation.db.engine import reading, rows
from central.foundation.jobs import alerts
from central.foundation.jobs.schedule import Report
from central.money.ledger.audit_log import prove_and_note
from central.money.ledger.chart import heading_of
from central.money.ledger.statement import trial_balance
from central.money.settlement.statements.prove import prove as prove_statements
from central.sale.orders.store import broken_stories
from central.stores.vouchers.expire import left_by_account
from central.supply.cards.stock import findings as card_findings
from edge.contract.money import decimal_text

ALERT = "proof"
ACTOR = "proofs"


class Finding(NamedTuple):
    """Something that does not agree.

    Args:
        subject: What it is about: an account, or which proof.
    """

    subject: str
    said: str


def prove_all(at_s: int, currency: str) -> Report:
    """Prove everything, note the audit in the books, and open or clear the alerts.

    Call it outside of a transaction.
    """
    audit = prove_and_note(at_s, ACTOR)
    found = [Finding("audit", said) for said in audit.findings]
    found += [Finding("statements", said) for said in prove_statements(None)]
    found += [Finding("card keys", said) for said in reading(card_findings)]
    found += [Finding(order, "its story was altered") for order in reading(broken_stories)]
    found += reading(lambda: [finding for proof in PROOFS for finding in proof(currency)])
    told: dict[str, str] = {}
    for subject, said in found:
        told[subject] = f"{told[subject]}; {said}" if subject in told else said
    alerts.tell_all(ALERT, told, at_s)
    if not found:
        return Report(f"{audit.journals} journals, everything agrees.")
    subject, said = found[0]
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return Report(f"{subject}: {said}{more}", is_good=False)


def both_sides(currency: str) -> Iterator[Finding]:
    """Debits and credits of all accounts are the same."""
    total = sum(account.debit - account.credit for account in trial_balance())
    if total:
        yield Finding("trial balance", f"debits less credits are {_text(total, currency)}")


def vouchers(currency: str) -> Iterator[Finding]:
    """What is owed to holders is what is left on their vouchers."""
    yield from _hold_against(("2020", "2021"), left_by_account(), currency)


def commissions(currency: str) -> Iterator[Finding]:
    """What agents wait for is what is pending of what they have earned."""
    pending = dict(
        rows(
            "SELECT '2111.' || agent, sum(kept_minor) FROM commission WHERE state = 'pending'"
            " GROUP BY agent"
        )
    )
    yield from _hold_against(("2111",), pending, currency)


def payouts(currency: str) -> Iterator[Finding]:
    """What is set aside is what payouts that have not ended are of."""
    wanted = dict(
        rows(
            "SELECT account, sum(amount) FROM payout WHERE state NOT IN ('paid', 'failed',"
            " 'cancelled') GROUP BY account"
        )
    )
    held = dict(
        rows(
            "SELECT code, pd FROM account WHERE pd <> 0 AND substr(code, 1, 4) IN ('2110', '2310')"
        )
    )
    yield from _compare(held, wanted, "is set aside, payouts that have not ended are of", currency)


def cases(currency: str) -> Iterator[Finding]:
    """What stands apart is what open cases are about."""
    [(total,)] = rows(
        "SELECT coalesce(sum(excess_minor), 0) FROM conflict_case WHERE state = 'open'"
    )
    yield from _hold_against(("1150",), {"1150": total} if total else {}, currency)


def suspense(currency: str) -> Iterator[Finding]:
    """A difference with a bill is explained by the same decision that found it."""
    yield from _hold_against(("1920",), {}, currency)


def orders(currency: str) -> Iterator[Finding]:
    """What customers have paid and not got is what open orders are of, less what goes back."""
    [(waiting,)] = rows(
        "SELECT coalesce(sum(coalesce((SELECT sum(p.paid) FROM payment p WHERE p.order_id = o.id),"
        " 0) - coalesce((SELECT sum(r.amount) FROM refund r WHERE r.order_id = o.id), 0)), 0)"
        " FROM sale_order o WHERE o.state NOT IN ('completed', 'refunded')"
    )
    yield from _hold_against(("2010",), {"2010": int(waiting)} if waiting else {}, currency)


def refunds(currency: str) -> Iterator[Finding]:
    """What is on its way back to buyers is what refunds that are not made are of."""
    wanted = dict(
        rows(
            "SELECT '2610.' || channel, sum(amount) FROM refund WHERE state <> 'done'"
            " GROUP BY channel"
        )
    )
    yield from _hold_against(("2610",), wanted, currency)


Proof = Callable[[str], Iterator[Finding]]
PROOFS: tuple[Proof, ...] = (
    both_sides,
    vouchers,
    commissions,
    payouts,
    cases,
    suspense,
    orders,
    refunds,
)


def _hold_against(
    headings: tuple[str, ...], wanted: Mapping[str, int], currency: str
) -> Iterator[Finding]:
    """Compare all accounts under some headings with what another room says of them."""
    held = {
        account.code: account.balance * heading_of(account.code).type.sign
        for account in trial_balance()
        if account.code.partition(".")[0] in headings
    }
    yield from _compare(held, wanted, "stands there, it has to be", currency)


def _compare(
    held: Mapping[str, int], wanted: Mapping[str, int], instead_of: str, currency: str
) -> Iterator[Finding]:
    for code in sorted({*held, *wanted}):
        there, should = int(held.get(code, 0)), int(wanted.get(code, 0))
        if there != should:
            figures = (_text(there, currency), instead_of, _text(should, currency))
            yield Finding(code, " ".join(figures))


def _text(minor: int, currency: str) -> str:
    return decimal_text(int(minor), currency)
