"""What a person decides: about a held attempt, about a unit nobody could deliver, and what if."""

from __future__ import annotations

from central.errors import Conflict, RequestInvalid
from central.foundation.db.engine import money_transaction, reading
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.supply.suppliers.model import E4, Attempt, Kind, Need, Purchase
from central.supply.suppliers.records import accounts, offers, purchases
from central.supply.suppliers.records.purchases import NEVER_S, AttemptRow
from central.supply.suppliers.route import Decision, decide
from edge.contract.money import Money, parse_decimal


def decide_held(attempt_id: int, what: str, at_s: int, who: str, why: str) -> None:
    """Decide about an attempt that is held.

    Args:
        what: ``ask-again``: its supplier is asked once more. ``not-done``: he has confirmed that
            it was not sold to us; the unit is bought elsewhere. ``done``: a top-up has arrived.
        why: For the record.

    Raises:
        RequestInvalid: there is no such decision, or no reason.
        Conflict: it is not held, or a key is to be called done that nobody has.
    """
    if not 1 <= len(why.strip()) <= 200:
        raise RequestInvalid(N_("Say why, in 1 to 200 characters."))

    def write() -> None:
        attempt = purchases.attempt(attempt_id)
        if attempt.state is not Attempt.HELD:
            raise Conflict(Saying("attempt-not-held", number=attempt.client_ref))
        code = f"{what}: {why.strip()}"
        match what:
            case "ask-again":
                purchases.move(attempt, Attempt.UNKNOWN, at_s, code, who=who, next_at_s=at_s)
                _open(attempt, at_s)
            case "not-done":
                purchases.move(
                    attempt, Attempt.FAILED, at_s, code, who=who, done_at_s=at_s,
                    next_at_s=NEVER_S,
                )  # fmt: skip
                _open(attempt, at_s)
            case "done":
                _done(attempt, at_s, code, who)
            case _:
                raise RequestInvalid(N_("An attempt is asked for again, not done, or done."))
        accounts.clear("held", attempt.client_ref, at_s, who)

    money_transaction(write)


def try_again(unit: str, at_s: int) -> None:
    """Look for somebody who delivers a unit that nobody could deliver before, in a new round.

    Whoever has definitely refused is asked again; of whom nobody knows yet is not.

    Raises:
        Conflict: it is not exhausted.
    """

    def write() -> None:
        only = frozenset({Purchase.EXHAUSTED})
        if not purchases.settle(unit, Purchase.OPEN, at_s, only, at_s):
            raise Conflict(Saying("purchase-goes-on", unit=unit))
        purchases.begin_round(unit, at_s)

    money_transaction(write)


def would_go(
    sku: str, kind: Kind, quantity: int, sell_net: Money, inputs: frozenset[str], at_s: int
) -> Decision:  # fmt: skip
    """Return where a unit would be bought now and why not elsewhere; nothing is written."""
    per_minor = E4 // parse_decimal("1", sell_net.currency).minor
    need = Need("what-if", kind, quantity, sell_net.minor * per_minor, inputs)
    return reading(
        lambda: decide(
            offers.offers_of(sku, at_s, sell_net.currency), need, offers.terms_of(sku), at_s
        )
    )


def _open(attempt: AttemptRow, at_s: int) -> None:
    if not attempt.passed_over:
        only = frozenset({Purchase.HELD})
        purchases.settle(attempt.unit, Purchase.OPEN, at_s, only, at_s)


def _done(attempt: AttemptRow, at_s: int, code: str, who: str) -> None:
    if attempt.kind is Kind.KEY:
        raise Conflict(N_("Nobody has its keys: ask again, or have the supplier give it back."))
    charged_e4 = attempt.charged_e4
    purchases.move(
        attempt, Attempt.SUCCEEDED, at_s, code, who=who, done_at_s=at_s, next_at_s=NEVER_S,
        charged_e4=attempt.cost_e4 * attempt.quantity if charged_e4 is None else charged_e4,
    )  # fmt: skip
    purchases.settle(
        attempt.unit, Purchase.SOURCED, at_s, frozenset({Purchase.HELD, Purchase.OPEN})
    )
