"""What must agree every day between the ledger and everything else that is kept.

The ledger's own audit proves it from its entries. These proofs hold it against what other rooms
know without it: vouchers and what was redeemed of them, commissions, payouts, cases, differences.
Whatever does not agree is an alert until it does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from central.foundation.db.engine import reading, rows
from central.foundation.jobs import alerts
from central.foundation.jobs.schedule import Report
from central.foundation.language.said import PARTS_MAX, Saying
from central.insight.against_bills import told_balance, unsettled
from central.insight.against_rooms import claims, owners, suppliers, wallets
from central.insight.finding import Finding, compare, hold_against, text
from central.money.ledger.audit_log import prove_and_note
from central.money.ledger.statement import trial_balance
from central.money.settlement.statements.prove import prove as prove_statements
from central.sale.orders.store import broken_stories
from central.stores.vouchers.expire import left_by_account
from central.supply.cards.stock import findings as card_findings
from central.supply.suppliers.records import purchases

ALERT = "proof"
ACTOR = "proofs"


def prove_all(at_s: int, currency: str) -> Report:
    """Prove everything, note the audit in the books, and open or clear the alerts.

    Call it outside of a transaction.
    """
    audit = prove_and_note(at_s, ACTOR)
    found = [Finding("audit", said) for said in audit.findings]
    found += [Finding("statements", said) for said in prove_statements(None)]
    found += [Finding("card keys", said) for said in reading(card_findings)]
    altered = reading(lambda: [*broken_stories(), *purchases.broken_stories()])
    found += [Finding(subject, Saying("story-altered")) for subject in altered]
    found += reading(lambda: [finding for proof in PROOFS for finding in proof(currency)])
    told: dict[str, str] = {}
    for subject, said in found:
        told[subject] = _also(told[subject], said) if subject in told else said
    alerts.tell_all(ALERT, told, at_s)
    if not found:
        return Report(Saying("all-agrees", journals=audit.journals))
    subject, said = found[0]
    about = Saying(alerts.SUBJECTS[subject]) if subject in alerts.SUBJECTS else subject
    if len(found) == 1:
        return Report(Saying("about", subject=about, what=said), is_good=False)
    left = len(found) - 1
    return Report(Saying("does-not-agree", subject=about, what=said, more=left), is_good=False)


def _also(first: str, more: str) -> str:
    """Join what is found of one subject; what is too long to keep, the next run finds again."""
    if isinstance(first, Saying) and str(first).count("; ") >= PARTS_MAX:
        return first
    return Saying("and-also", first=first, rest=more)


def both_sides(currency: str) -> Iterator[Finding]:
    """Debits and credits of all accounts are the same, in every currency."""
    del currency
    totals = Counter[str]()
    for account in trial_balance():
        totals[account.currency] += account.debit - account.credit
    for code, total in sorted(totals.items()):
        if total:
            amount = f"{text(total, code)} {code}"
            yield Finding("trial balance", Saying("debits-less-credits", amount=amount))


def vouchers(currency: str) -> Iterator[Finding]:
    """What is owed to holders is what is left on their vouchers, once their order is completed."""
    owed = Counter(left_by_account())
    for code, worth in rows(
        "SELECT cost_account, sum(cost) FROM order_unit u JOIN sale_order o ON o.id = u.order_id"
        " WHERE u.voucher_id IS NOT NULL AND u.refund IS NULL AND o.journal_id IS NULL"
        " GROUP BY cost_account"
    ):
        owed[code] -= int(worth)
    yield from hold_against(("2020", "2021"), owed, currency)


def commissions(currency: str) -> Iterator[Finding]:
    """What agents wait for is what is pending of what they have earned."""
    pending = dict(
        rows(
            "SELECT '2111.' || agent, sum(kept_minor) FROM commission WHERE state = 'pending'"
            " GROUP BY agent"
        )
    )
    yield from hold_against(("2111",), pending, currency)


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
            "SELECT code, pd FROM account WHERE pd <> 0 AND substr(code, 1, 4) IN ('2110', '2310',"
            " '2320')"
        )
    )
    yield from compare(held, wanted, "set-aside", currency)


def in_transit(currency: str) -> Iterator[Finding]:
    """What is on its way by a channel is what its payouts that have not ended are of."""
    wanted = dict(
        rows(
            "SELECT '2410.' || channel, sum(amount) FROM payout WHERE state NOT IN ('paid',"
            " 'failed', 'cancelled') GROUP BY channel"
        )
    )
    held = dict(
        rows("SELECT code, pc - pd FROM account WHERE pc <> pd AND substr(code, 1, 4) = '2410'")
    )
    yield from compare(held, wanted, "in-transit", currency)


def cases(currency: str) -> Iterator[Finding]:
    """What stands apart is what open cases are about."""
    [(total,)] = rows(
        "SELECT coalesce(sum(excess_minor), 0) FROM conflict_case WHERE state = 'open'"
    )
    yield from hold_against(("1150",), {"1150": total} if total else {}, currency)


def suspense(currency: str) -> Iterator[Finding]:
    """A difference with a bill is explained by the same decision that found it."""
    yield from hold_against(("1920",), {}, currency)


def orders(currency: str) -> Iterator[Finding]:
    """What customers have paid and not got is what open orders are of, less what goes back.

    Where a person has let another amount buy, that is the price of what is not given back.
    """
    [(waiting,)] = rows(
        "SELECT coalesce(sum(CASE WHEN EXISTS (SELECT 1 FROM order_event e"
        " WHERE e.order_id = o.id AND e.event = 'accepted')"
        " THEN (SELECT coalesce(sum(u.price), 0) FROM order_unit u"
        " WHERE u.order_id = o.id AND u.refund IS NULL)"
        " ELSE (SELECT coalesce(sum(p.paid), 0) FROM payment p WHERE p.order_id = o.id)"
        " - (SELECT coalesce(sum(r.amount), 0) FROM refund r WHERE r.order_id = o.id) END), 0)"
        " FROM sale_order o WHERE o.state NOT IN ('completed', 'refunded')"
    )
    yield from hold_against(("2010",), {"2010": int(waiting)} if waiting else {}, currency)


def refunds(currency: str) -> Iterator[Finding]:
    """What is on its way back to buyers is what refunds that are not made are of."""
    wanted = dict(
        rows(
            "SELECT '2610.' || channel, sum(amount) FROM ("
            "SELECT channel, amount FROM refund WHERE state <> 'done' UNION ALL"
            " SELECT t.channel, r.amount FROM top_up_refund r JOIN top_up t ON t.number = r.top_up"
            " WHERE r.state <> 'done') AS back GROUP BY channel"
        )
    )
    yield from hold_against(("2610",), wanted, currency)


def balances(currency: str) -> Iterator[Finding]:
    """What is on a customer's balance is what he has topped up, less what he has spent of it and
    what went back to him, plus what came back to it."""
    wanted = dict(
        rows(
            "SELECT '2140.' || customer, sum(minor) FROM ("
            "SELECT customer_id AS customer, paid - given_back AS minor FROM top_up"
            " WHERE state = 'paid' UNION ALL"
            " SELECT payer, -p.paid FROM payment p JOIN customer c ON c.id = payer"
            " WHERE p.state = 'paid' UNION ALL"
            " SELECT payer, r.amount FROM refund r JOIN payment p ON p.number = r.payment"
            " JOIN customer c ON c.id = payer WHERE r.state = 'done') AS moved GROUP BY customer"
        )
    )
    yield from hold_against(("2140",), wanted, currency)


Proof = Callable[[str], Iterator[Finding]]
PROOFS: tuple[Proof, ...] = (
    both_sides,
    vouchers,
    commissions,
    wallets,
    payouts,
    in_transit,
    owners,
    cases,
    suspense,
    orders,
    refunds,
    balances,
    unsettled,
    told_balance,
    suppliers,
    claims,
)
