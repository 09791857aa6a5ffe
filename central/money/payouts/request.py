"""Ask for a payout: its money is held and its number is there before any channel hears of it."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from central.errors import Conflict, KeyReused, PayoutRefused
from central.foundation.db.engine import money_transaction
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.money.channels.model import PayoutOrder
from central.money.ledger import rules
from central.money.ledger import store as ledger
from central.money.ledger.balance import balance
from central.money.payouts import store
from central.money.payouts.model import PAYEE_COOLS_S, State
from central.money.payouts.payees import changed_since, payee_of, payees
from central.money.payouts.regime import OF_OTHERS, forbids_pooling
from central.money.payouts.store import Payout
from central.money.payouts.tax import withhold
from edge.contract.money import Money


class Wanted(NamedTuple):
    """A payout to be asked for.

    Args:
        key: What it is for, such as ``batch:20260411``: the same party and key is one payout.
        amount: What the party's balance falls by.
        tax: What of it is withheld, minor units; None: what the rules in force say.
    """

    account: str
    key: str
    amount: Money
    remark: str
    tax: int | None = None


def number_of(account: str, key: str) -> str:
    """Return the number of a payout: 32 letters and digits that follow from what it is for.

    So whoever asks twice, after whatever crash, asks for the same one.
    """
    digest = hashlib.sha256(f"{account}\x00{key}".encode()).hexdigest()
    return f"PO{digest[:30]}"


def request_payout(wanted: Wanted, at_s: int, *, day: int, actor: str) -> Payout:
    """Hold the money and write the payout, in one transaction.

    Asking again with the same party, key and amount returns the payout that is there.

    Raises:
        KeyReused: the key was used for another amount.
        PayoutRefused: a limit is in the way, or payouts are stopped.
        PostingRefused: the party does not have as much.
        Conflict: the party has no payee, or is suspended.
    """
    return money_transaction(lambda: write_payout(wanted, at_s, day=day, actor=actor))


def write_payout(wanted: Wanted, at_s: int, *, day: int, actor: str) -> Payout:
    """Do the same in the caller's transaction, which also writes what the payout is for."""
    no = number_of(wanted.account, wanted.key)
    earlier = store.find(no)
    if earlier:
        if earlier.amount != wanted.amount or wanted.tax not in {None, earlier.tax}:
            raise KeyReused(Saying("payout-other-amount", payout=no))
        return earlier
    if wanted.account[:4] in OF_OTHERS and forbids_pooling(wanted.amount.currency):
        raise PayoutRefused(N_("What belongs to stores may not be paid out of our own balance."))
    known = payee_of(wanted.account)
    limits = store.limits()
    today = store.asked_for(wanted.account, day)
    refused = limits.why_not(wanted.amount, today)
    if refused:
        raise PayoutRefused(refused)
    tax = wanted.tax
    if tax is None:
        tax = withhold.tax_now(wanted.account, wanted.amount, day)
    if not 0 <= tax < wanted.amount.minor:
        raise PayoutRefused(N_("The tax that is withheld is less than the payout."))
    held = ledger.hold(
        rules.payout_requested(
            rules.Payout(no, wanted.account, known.channel, wanted.amount), day, actor
        ),
        at_s,
    )
    net = Money(wanted.amount.minor - tax, wanted.amount.currency)
    order = PayoutOrder(no, known.payee, net, wanted.remark, known.authorization_id)
    state = limits.first_state(wanted.amount, today)
    if changed_since(wanted.account, at_s - PAYEE_COOLS_S):
        state = State.WAITING
    payout = Payout(
        no, wanted.account, known.channel, order, tax, day, held.id, state, at_s, actor,
        released_by=None, attempts=0, first_sent_at_s=None, next_at_s=at_s, lease_until_s=0,
        last_code="", channel_number="", package_info="", confirm_until_s=None,
        done_at_s=None, journal_id=None,
    )  # fmt: skip
    store.insert(payout, wanted.key)
    return payout


class Batch(NamedTuple):
    """What a batch has asked for, and whom it could not: account and reason."""

    payouts: list[Payout]
    left: list[tuple[str, str]]


def request_all(
    heading: str, remark: str, at_s: int, *, day: int, actor: str, currency: str
) -> Batch:
    """Ask for all that every party under a heading may have, one payout a party and day.

    Small amounts stay until there is more. One party that cannot be paid hinders no other.
    """
    done: list[Payout] = []
    left: list[tuple[str, str]] = []
    for known in payees():
        if not known.account.startswith(f"{heading}."):
            continue
        key = f"batch:{day}"
        earlier = store.find(number_of(known.account, key))
        if earlier:
            done.append(earlier)
            continue
        available = balance(known.account).available
        if available < store.limits().least:
            left.append((known.account, N_("Too little; it waits until there is more.")))
            continue
        try:
            wanted = Wanted(known.account, key, Money(available, currency), remark)
            done.append(request_payout(wanted, at_s, day=day, actor=actor))
        except Conflict as exc:
            left.append((known.account, exc.detail))
    return Batch(done, left)
