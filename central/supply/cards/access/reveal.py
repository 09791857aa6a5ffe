"""Shows one key to somebody who may see it: noted first, then opened, and only in the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from central.errors import CardUnreadable, NotFound
from central.foundation.db.engine import money_transaction, rows
from central.supply.cards.access.log import Asker, Noted, alert, count_since, note
from central.supply.cards.access.unseal import unseal
from central.supply.cards.card import Card
from central.supply.cards.model import KeyState
from central.supply.cards.store import get_key, key_of_unit, keys_of_print
from central.supply.cards.vault.keys import Vault

HOUR_S = 3600
REVEALED, WRONG_PASSWORD, REFUSED, SEARCHED = "revealed", "wrong-password", "refused", "searched"


class Limits(NamedTuple):
    """How much may be seen; what is beyond is refused and noted."""

    person_per_hour: int = 30
    address_per_hour: int = 60
    order_per_day: int = 50
    wrong_passwords_per_hour: int = 5


LIMITS = Limits()


class Asked(NamedTuple):
    """What somebody wants to see, and for what.

    Args:
        ref: The order, or whatever else it is for.
        reason: Why, for whoever reads the log.
    """

    key: int
    ref: str
    reason: str


class RevealRefused(NamedTuple):
    """Nothing is shown; ``why`` is person, address, order, password or locked."""

    why: str


def reveal(
    asked: Asked, asker: Asker, vault: Vault, now_s: int, limits: Limits = LIMITS
) -> Card | RevealRefused:
    """Return a card, after it was noted who sees it. A sold key counts as revealed from then on.

    Call it outside of a transaction.

    Raises:
        NotFound: there is no such key.
        CardUnreadable: its row was altered or moved; an alert is raised.
        VaultShut: the lock is missing or another one.
    """
    if refused := money_transaction(lambda: _noted(asked, asker, now_s, limits)):
        return refused
    try:
        return unseal([asked.key], vault)[0]
    except CardUnreadable:
        money_transaction(lambda: alert("unreadable", asked.key, asker, now_s))
        raise


def reveal_to_buyer(
    unit: str, order: str, asker: Asker, vault: Vault, now_s: int, limits: Limits = LIMITS
) -> Card | RevealRefused:
    """Return the card that was handed over to a unit of an order, to whoever has bought it.

    That it is he, by the order's token and his second factor, the order has made sure of.

    Raises:
        NotFound: the unit has no key (yet). Besides that as ``reveal``.
    """
    key = key_of_unit(unit)
    if key is None:
        raise NotFound(f"The unit {unit} has no key.")
    return reveal(Asked(key.id, order, "bought"), asker, vault, now_s, limits)


def reveal_to_person(
    asked: Asked, proof: Callable[[], bool], asker: Asker, vault: Vault, now_s: int
) -> Card | RevealRefused:
    """Return a card to somebody at headquarters who proves once more who he is.

    Args:
        proof: Says whether password, and code if he has a second factor, are right.

    Raises:
        As ``reveal``.
    """
    if refused := check_proof(asked, proof, asker, now_s):
        return refused
    return reveal(asked, asker, vault, now_s)


def check_proof(
    asked: Asked, proof: Callable[[], bool], asker: Asker, now_s: int, limits: Limits = LIMITS
) -> RevealRefused | None:
    """Say why somebody is not believed to be who has logged in; None if he is."""
    wrong = count_since("actor", asker.actor, WRONG_PASSWORD, now_s - HOUR_S)
    if wrong >= limits.wrong_passwords_per_hour:
        return RevealRefused("locked")
    if proof():
        return None
    noted = Noted(WRONG_PASSWORD, asked.key or None, asked.ref, asked.reason)
    money_transaction(lambda: _note_touch(noted, asker, now_s))
    return RevealRefused("password")


def search(secret: str, number: str, asker: Asker, vault: Vault, now_s: int) -> list[int]:
    """Return the keys that are exactly this card, in whatever spelling of gaps and width."""
    fingerprint = vault.fingerprint(Card(secret, number))

    def work() -> list[int]:
        found = keys_of_print(fingerprint)
        note(Noted(SEARCHED, found[0].id if found else None, "", ""), asker, now_s)
        for key in found:
            if key.state is KeyState.BAIT:
                alert("search", key.id, asker, now_s)
        return [key.id for key in found]

    return money_transaction(work)


def _noted(asked: Asked, asker: Asker, now_s: int, limits: Limits) -> RevealRefused | None:
    key = get_key(asked.key)
    why = _over(asked, asker, now_s, limits)
    what = f"{REFUSED}-{why}" if why else REVEALED
    _note_touch(Noted(what, key.id, asked.ref, asked.reason), asker, now_s)
    if why:
        return RevealRefused(why)
    rows(
        "UPDATE card_key SET state = 'revealed', changed_at_s = ?"
        " WHERE id = ? AND state = 'sold' RETURNING id",
        (now_s, key.id),
    )
    return None


def _note_touch(noted: Noted, asker: Asker, now_s: int) -> None:
    """Note something about a key; if it is bait, whatever it was raises an alert."""
    note(noted, asker, now_s)
    if noted.key is None:
        return
    try:
        key = get_key(noted.key)
    except NotFound:
        return
    if key.state is KeyState.BAIT:
        # He is shown it as any other: he is not to know, and it is worth nothing.
        alert("reveal", key.id, asker, now_s)


def _over(asked: Asked, asker: Asker, now_s: int, limits: Limits) -> str:
    hour, day = now_s - HOUR_S, now_s - 24 * HOUR_S
    is_buyer = asker.actor == "buyer"
    if not is_buyer and count_since("actor", asker.actor, REVEALED, hour) >= limits.person_per_hour:
        return "person"
    if asker.address and (
        count_since("address", asker.address, REVEALED, hour) >= limits.address_per_hour
    ):
        return "address"
    if asked.ref and count_since("ref", asked.ref, REVEALED, day) >= limits.order_per_day:
        return "order"
    return ""
