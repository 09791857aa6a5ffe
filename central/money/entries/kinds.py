"""The table of what can be entered by hand. Page, command line and API are made from it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from central.foundation.language.words import N_
from central.money.entries.model import Field, Given, Kind, Takes
from central.money.ledger import rules
from central.money.ledger.posting import Posting


class Opening(NamedTuple):
    """What may stand somewhere when the books begin.

    Args:
        heading: Its line of the chart of accounts.
    """

    heading: str
    words: str


OPENINGS = {
    "bank": Opening("1030", N_("Money in a bank account")),
    "channel": Opening("1020", N_("Balance with a payment channel")),
    "supplier-prepayment": Opening("1040", N_("Money placed with a supplier")),
    "supplier-claim": Opening("1130", N_("What a supplier has to give back")),
    "supplier-payable": Opening("2210", N_("What we owe a supplier")),
    "agent-receivable": Opening("1110", N_("What an agent owes us")),
    "agent-commission": Opening("2110", N_("Commission that an agent may have paid out")),
    "agent-deposit": Opening("2120", N_("An agent's deposit")),
    "agent-prepaid": Opening("2130", N_("What an agent has prepaid")),
    "tax-withheld": Opening("2510", N_("Tax withheld and not paid yet")),
    "reserve": Opening("2710", N_("Reserve for double redemptions")),
    "retained": Opening("3900", N_("Earnings retained")),
}
"""What has rows of its own elsewhere, such as vouchers, card keys and open orders, is not here."""

TAKEN_BACK = "taken-back"
_AGENT = Field("agent", N_("Agent"), Takes.AGENT)
_SUPPLIER = Field("supplier", N_("Supplier"), Takes.SUPPLIER)
_FROM = Field("from", N_("Where the money has left"), Takes.PLACE)
_TO = Field("to", N_("Where the money has come"), Takes.PLACE)


def account_of(place: str, *, is_clearing: bool = False) -> str:
    """Return the account of a place: ``1030.main`` of ``bank:main``.

    Args:
        is_clearing: A channel has the money, and its bill has not settled it yet.
    """
    what, _, name = place.partition(":")
    if what == "bank":
        return f"1030.{name}"
    return f"1010.{name}" if is_clearing else f"1020.{name}"


def opening_account(what: str, owner: str) -> str:
    """Return the account of an opening balance."""
    heading = OPENINGS[what].heading
    return f"{heading}.{owner}" if owner else heading


def _brought_in(g: Given) -> Posting:
    account = opening_account(g.fields["what"], g.fields.get("owner", ""))
    return rules.brought_in(account, g.amount, g.day, g.actor)


def _paid_in(rule: Callable[..., Posting]) -> Callable[[Given], Posting]:
    def build(g: Given) -> Posting:
        to = account_of(g.fields["to"], is_clearing=True)
        return rule(to, g.document, g.fields["agent"], g.amount, g.day, g.actor)

    return build


def _to_supplier(rule: Callable[..., Posting]) -> Callable[[Given], Posting]:
    def build(g: Given) -> Posting:
        source = account_of(g.fields["from"])
        return rule(g.fields["supplier"], g.document, source, g.amount, g.day, g.actor)

    return build


def _of_agent(rule: Callable[..., Posting]) -> Callable[[Given], Posting]:
    def build(g: Given) -> Posting:
        return rule(g.document, g.fields["agent"], g.amount, g.day, g.actor)

    return build


def _claim_met(heading: str) -> Callable[[Given], Posting]:
    def build(g: Given) -> Posting:
        supplier = g.fields["supplier"]
        to = f"{heading}.{supplier}"
        return rules.claim_met(g.document, supplier, to, g.amount, g.day, g.actor)

    return build


def _transferred(g: Given) -> Posting:
    source, to = account_of(g.fields["from"]), account_of(g.fields["to"])
    return rules.transferred(g.document, source, to, g.amount, g.day, g.actor)


def _deposit_returned(g: Given) -> Posting:
    source = account_of(g.fields["from"])
    return rules.deposit_returned(g.document, g.fields["agent"], source, g.amount, g.day, g.actor)


def _tax_paid(g: Given) -> Posting:
    source = account_of(g.fields["from"])
    return rules.tax_paid(g.document, source, g.amount, g.day, g.actor)


def _fee_returned(g: Given) -> Posting:
    return rules.fee_returned(g.fields["channel"], g.document, g.amount, g.day, g.actor)


def _reserve_accrued(g: Given) -> Posting:
    return rules.reserve_accrued(g.document, g.amount, g.day, g.actor)


def _no_legs(g: Given) -> Posting:
    # Its legs are those of the journal that it takes back, which only the ledger knows.
    key = rules.reversal_key(int(g.fields["journal"]))
    return Posting(key, TAKEN_BACK, g.document, g.amount.currency, (), g.day, g.actor)


KINDS = {
    kind.slug: kind
    for kind in (
        Kind(
            "brought-in", N_("Opening balance"),
            N_("Something stood somewhere when these books began."),
            (
                Field("what", N_("What it is"), Takes.OPENING),
                Field("owner", N_("Whose, or of which bank or channel"), Takes.OWNER),
            ),
            _brought_in, needs_two=True,
        ),
        Kind(
            "transferred", N_("Our own money has changed places"),
            N_("A channel's balance was drawn to the bank, or a bank account to another one."),
            (_FROM, _TO), _transferred,
        ),
        Kind(
            "prepaid", N_("An agent has paid in advance"),
            N_("He buys from it at his own prices until it is used up."),
            (_AGENT, _TO), _paid_in(rules.prepaid),
        ),
        Kind(
            "deposit-paid-in", N_("An agent has paid a deposit"),
            N_("It stays his, and goes back when he leaves."),
            (_AGENT, _TO), _paid_in(rules.deposit_paid_in),
        ),
        Kind(
            "deposit-returned", N_("A deposit went back to its agent"),
            N_("What he still owed was set off before."),
            (_AGENT, _FROM), _deposit_returned,
        ),
        Kind(
            "deposit-set-off", N_("An agent's debt was taken from his deposit"),
            N_("What he owes us falls, and so does his deposit."),
            (_AGENT,), _of_agent(rules.deposit_set_off),
            document=N_("Number of the decision"),
        ),
        Kind(
            "deposit-forfeited", N_("An agent has lost his deposit"),
            N_("By what he has signed, it is ours now."),
            (_AGENT,), _of_agent(rules.deposit_forfeited), needs_two=True,
            document=N_("Number of the decision"),
        ),
        Kind(
            "receivable-written-off", N_("An agent's debt will not come"),
            N_("It is written off as bad debt."),
            (_AGENT,), _of_agent(rules.receivable_written_off), needs_two=True,
            document=N_("Number of the decision"),
        ),
        Kind(
            "supplier-prefunded", N_("Money was placed with a supplier"),
            N_("What is bought from him is taken from it."),
            (_SUPPLIER, _FROM), _to_supplier(rules.supplier_prefunded),
        ),
        Kind(
            "supplier-paid", N_("A supplier's bill was paid"),
            N_("What we owe him falls."),
            (_SUPPLIER, _FROM), _to_supplier(rules.supplier_paid),
        ),
        Kind(
            "claim-met", N_("A supplier has given a claim back to our money with him"),
            N_("He had charged for nothing; what lies with him grows by it."),
            (_SUPPLIER,), _claim_met("1040"), document=N_("Number of the purchase"),
        ),
        Kind(
            "claim-set-off", N_("A supplier has set a claim off against his bill"),
            N_("He had charged for nothing; what we owe him falls by it."),
            (_SUPPLIER,), _claim_met("2210"), document=N_("Number of the purchase"),
        ),
        Kind(
            "tax-paid", N_("Withheld tax was paid to the authority"),
            N_("What we hold of it for the authority falls."),
            (_FROM,), _tax_paid, document=N_("Number of the receipt"),
        ),
        Kind(
            "fee-returned", N_("A channel has given fees back"),
            N_("Apart from what its daily bills settle."),
            (Field("channel", N_("Channel"), Takes.CHANNEL),), _fee_returned,
        ),
        Kind(
            "reserve-accrued", N_("Something was put aside for double redemptions"),
            N_("Cases may be decided at the cost of this reserve, as far as it goes."),
            (), _reserve_accrued, document=N_("Number of the decision"),
        ),
        Kind(
            TAKEN_BACK, N_("A journal was wrong and is taken back"),
            N_("Its mirror is posted; both stay in the books."),
            (Field("journal", N_("Number of the journal"), Takes.JOURNAL),), _no_legs,
            needs_two=True,
        ),
    )
}  # fmt: skip
