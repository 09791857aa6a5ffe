"""What is left on a balance goes back the way it came: from the newest top-up to the oldest.

Each part is a row with its posting before the channel hears of it, like a refund of an order.
"""

from __future__ import annotations

import secrets
from base64 import b32encode
from typing import Any

from central.errors import ChannelRefused, Conflict, HubError, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.jobs import alerts
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.money.channels import model as channel
from central.money.ledger import rules
from central.money.ledger.balance import balance
from central.money.ledger.store import post
from central.sale.customers.model import CustomerId, GivenBack
from central.sale.orders.office import Office
from central.sale.orders.refund import POLL_S, REASON_CHARS, STUCK
from central.sale.orders.states import RefundState
from edge.contract.money import Money

LEASE_S = 120
ACTOR = "balances"
_BACK = (
    "SELECT r.number, r.top_up, t.channel, t.customer_id, r.amount, t.currency, t.paid, r.reason,"
    " r.state, r.attempts FROM top_up_refund r JOIN top_up t ON t.number = r.top_up"
)


def give_back(customer: CustomerId, reason: str, who: str, office: Office) -> list[GivenBack]:
    """Have all of a balance go back by the channels that it has come by.

    Raises:
        RequestInvalid: no reason.
        Conflict: there is no balance.
    """
    why = reason.strip()
    if not 1 <= len(why) <= REASON_CHARS or not why.isprintable():
        raise RequestInvalid(Saying("say-why", most=REASON_CHARS))

    def work() -> list[GivenBack]:
        left = balance(rules.balance_account(customer)).available
        if left <= 0:
            raise Conflict(N_("There is nothing on this balance."))
        made = []
        for top_up, minor in rows(
            "SELECT number, paid - given_back FROM top_up WHERE customer_id = ?"
            " AND state = 'paid' AND paid > given_back ORDER BY paid_at_s DESC, number DESC",
            (customer,),
        ):
            part = min(left, int(minor))
            if part > 0:
                made.append(_insert(str(top_up), part, why, who, office))
                left -= part
        # All that is on a balance has come by a top-up, and no top-up gives more than it brought.
        assert left == 0, "a balance is of top-ups"
        return made

    return money_transaction(work)


def of_customer(customer: CustomerId) -> list[GivenBack]:
    """Return what goes back, or went back, to a customer; the newest first."""
    return _back("WHERE t.customer_id = ? ORDER BY r.asked_at_s DESC, r.number", (customer,))


def wake(number: str, at_s: int) -> bool:
    """Make the question after it due now; a callback's transaction does it.

    Args:
        number: Of the refund, or of the top-up that it is of: channels name either.
    """
    return bool(
        rows(
            "UPDATE top_up_refund SET next_at_s = ? WHERE (number = ? OR top_up = ?)"
            " AND state IN ('asked', 'sent') RETURNING number",
            (at_s, number, number),
        )
    )


def give_back_due(office: Office, most: int = 200) -> int:
    """Send what is to go back, and ask what became of it; return how many steps were made."""
    for done in range(most):
        found = _take(office.now_s())
        if found is None:
            return done
        try:
            _step(found, office)
        except ChannelRefused as exc:
            _stuck(found, exc.code, office)
        except HubError as exc:
            _later(found, str(exc.extra.get("code", exc.slug)), office)
    return most


def try_again(number: str, office: Office) -> None:
    """Send again what was stuck: a person has cleared what was in its way.

    Raises:
        Conflict: it is not stuck.
    """
    at_s = office.now_s()

    def work() -> None:
        if not rows(
            "UPDATE top_up_refund SET state = 'sent', next_at_s = ?, attempts = 1"
            " WHERE number = ? AND state = 'stuck' RETURNING number",
            (at_s, number),
        ):
            raise Conflict(Saying("refund-not-stuck", number=number))
        alerts.clear(STUCK, number, at_s)

    money_transaction(work)


def _insert(top_up: str, minor: int, reason: str, who: str, office: Office) -> GivenBack:
    at_s = office.now_s()
    number = "B" + b32encode(secrets.token_bytes(10)).decode()
    [(by, customer, currency)] = rows(
        "UPDATE top_up SET given_back = given_back + ? WHERE number = ?"
        " RETURNING channel, customer_id, currency",
        (minor, top_up),
    )
    amount = Money(minor, currency)
    posting = rules.balance_given_back(number, by, customer, amount, office.day(at_s), who)
    change(
        "INSERT INTO top_up_refund (number, top_up, amount, reason, asked_by, state, asked_at_s,"
        " next_at_s, lease_until_s, attempts, last_code, journal_id)"
        " VALUES (?, ?, ?, ?, ?, 'asked', ?, ?, 0, 0, '', ?)",
        (number, top_up, minor, reason, who, at_s, at_s, post(posting, at_s).id),
    )
    return _back("WHERE r.number = ?", (number,))[0]


def _step(found: GivenBack, office: Office) -> None:
    pay_in = office.channels.pay_in(found.channel)
    order = channel.RefundOrder(
        found.top_up, found.number, found.amount, found.total, found.reason
    )  # fmt: skip
    if found.attempts == 0:
        said = pay_in.refund(order)
    else:
        said = pay_in.query_refund(found.top_up, found.number)
        if said.state is channel.RefundState.NOT_FOUND:
            said = pay_in.refund(order)
    if said.state is channel.RefundState.DONE:
        money_transaction(lambda: _done(found, office))
    elif said.state in {channel.RefundState.FAILED, channel.RefundState.STUCK}:
        _stuck(found, said.channel_state or str(said.state), office)
    else:
        _later(found, said.channel_state, office)


def _done(found: GivenBack, office: Office) -> None:
    at_s = office.now_s()
    posting = rules.refund_confirmed(
        found.number, found.channel, found.amount, office.day(at_s), ACTOR
    )
    [_] = rows(
        "UPDATE top_up_refund SET state = 'done', done_at_s = ?, done_journal_id = ?, lease = NULL,"
        " lease_until_s = 0, last_code = '' WHERE number = ? AND state <> 'done' RETURNING number",
        (at_s, post(posting, at_s).id, found.number),
    )
    alerts.clear(STUCK, found.number, at_s)


def _take(at_s: int) -> GivenBack | None:
    due = "state IN ('asked', 'sent') AND next_at_s <= ? AND lease_until_s <= ?"
    first = f"SELECT number FROM top_up_refund WHERE {due} ORDER BY next_at_s, number LIMIT 1"
    if not rows(first, (at_s, at_s)):
        return None

    def work() -> GivenBack | None:
        found = rows(first, (at_s, at_s))
        if not found:
            return None
        [before] = _back("WHERE r.number = ?", found[0])
        taken = rows(
            "UPDATE top_up_refund SET state = 'sent', lease = ?, lease_until_s = ?,"
            f" attempts = attempts + 1 WHERE number = ? AND {due} RETURNING number",
            (secrets.token_hex(8), at_s + LEASE_S, before.number, at_s, at_s),
        )
        return before if taken else None

    return money_transaction(work)


def _later(found: GivenBack, code: str, office: Office) -> None:
    pause_s = POLL_S[min(found.attempts, len(POLL_S) - 1)]
    money_transaction(
        lambda: change(
            "UPDATE top_up_refund SET next_at_s = ?, last_code = ?, lease = NULL, lease_until_s = 0"
            " WHERE number = ? AND state = 'sent'",
            (office.now_s() + pause_s, code[:64], found.number),
        )
    )


def _stuck(found: GivenBack, code: str, office: Office) -> None:
    at_s = office.now_s()

    def work() -> None:
        change(
            "UPDATE top_up_refund SET state = 'stuck', last_code = ?, lease = NULL,"
            " lease_until_s = 0 WHERE number = ? AND state = 'sent'",
            (code[:64], found.number),
        )
        refused = Saying("refund-refused", amount=str(found.amount), code=code)
        alerts.tell(STUCK, found.number, refused, at_s)

    money_transaction(work)


def _back(where: str, values: tuple[Any, ...]) -> list[GivenBack]:
    return [
        GivenBack(
            number, top_up, by, CustomerId(customer), Money(minor, currency), Money(paid, currency),
            reason, RefundState(state), attempts,
        )
        for number, top_up, by, customer, minor, currency, paid, reason, state, attempts in rows(
            f"{_BACK} {where}", values
        )
    ]  # fmt: skip
