"""Who sees a key is noted first; too much is refused; whoever touches bait is found."""

from __future__ import annotations

import logging
from collections.abc import Callable

import peewee
import pytest

from central.errors import CardUnreadable, Conflict, NotFound
from central.foundation.db.engine import change, money_transaction, posting_transaction, rows
from central.supply.cards.access.bait import plant
from central.supply.cards.access.log import Asker, alerts, newest, see, verify
from central.supply.cards.access.reveal import (
    Asked,
    Limits,
    RevealRefused,
    reveal,
    reveal_to_buyer,
    reveal_to_person,
    search,
)
from central.supply.cards.card import Card
from central.supply.cards.model import KeyState
from central.supply.cards.reserve import hand_over, reserve
from central.supply.cards.set_aside import quarantine, void
from central.supply.cards.store import get_key, keys
from central.supply.cards.vault.keys import Vault
from tests import builders as b
from tests.central.builders import TODAY, at_once
from tests.central.supply.cards.builders import LI, SKU, secret, stocked, without_rules

BUYER = Asker("buyer", "198.51.100.9")


def sold(vault: Vault, unit: str = "U1", n: int = 1) -> int:
    """Sell the only key there is."""
    stocked(vault, [n])
    money_transaction(lambda: reserve(SKU, [unit], b.NOW_S + 900, b.NOW_S))
    given = money_transaction(lambda: hand_over(unit, b.NOW_S))
    assert given is not None
    return given.key


def test_a_buyer_sees_his_key_and_it_is_noted(vault: Vault) -> None:
    key = sold(vault)
    assert reveal_to_buyer("U1", "O-7", BUYER, vault, b.NOW_S) == Card(secret(1))
    assert get_key(key).state is KeyState.REVEALED
    [row] = newest(9, key)
    assert (row.what, row.actor, row.address, row.ref) == (
        "revealed",
        "buyer",
        BUYER.address,
        "O-7",
    )
    assert reveal_to_buyer("U1", "O-7", BUYER, vault, b.NOW_S) == Card(secret(1))
    with pytest.raises(NotFound, match="U2 has no key"):
        reveal_to_buyer("U2", "O-7", BUYER, vault, b.NOW_S)


LIMITED = {
    "person": (Limits(person_per_hour=2), lambda n: (Asker("li", f"192.0.2.{n}"), f"O-{n}")),
    "address": (Limits(address_per_hour=2), lambda n: (Asker(f"p{n}", "192.0.2.1"), f"O-{n}")),
    "order": (Limits(order_per_day=2), lambda n: (Asker(f"p{n}", f"192.0.2.{n}"), "O-1")),
}


@pytest.mark.parametrize(("limits", "who"), LIMITED.values(), ids=LIMITED)
def test_beyond_a_limit_nothing_is_shown(
    vault: Vault, limits: Limits, who: Callable[[int], tuple[Asker, str]]
) -> None:
    key = sold(vault)

    def look(n: int, at_s: int = b.NOW_S) -> Card | RevealRefused:
        asker, ref = who(n)
        return reveal(Asked(key, ref, "asked"), asker, vault, at_s, limits)

    assert [type(look(n)) for n in range(3)] == [Card, Card, RevealRefused]
    assert newest(1)[0].what.startswith("refused-")
    assert isinstance(look(4, b.NOW_S + 86401), Card)


def test_many_at_once_do_not_get_past_a_limit(vault: Vault) -> None:
    key = sold(vault)
    found = at_once(
        8, lambda _: reveal(Asked(key, "O", "so"), LI, vault, b.NOW_S, Limits(person_per_hour=3))
    )
    assert sum(isinstance(one, Card) for one in found) == 3, found
    assert verify()[0] == 8
    assert verify()[2] == []


def test_a_person_proves_once_more_who_he_is(vault: Vault) -> None:
    key = sold(vault)
    asked = Asked(key, "case 3", "the buyer says it is used")
    assert reveal_to_person(asked, lambda: False, LI, vault, b.NOW_S) == RevealRefused("password")
    assert reveal_to_person(asked, lambda: True, LI, vault, b.NOW_S) == Card(secret(1))
    for _ in range(4):
        reveal_to_person(asked, lambda: False, LI, vault, b.NOW_S)
    assert reveal_to_person(asked, lambda: True, LI, vault, b.NOW_S) == RevealRefused("locked")
    assert [row.what for row in newest(9)] == ["wrong-password"] * 4 + [
        "revealed",
        "wrong-password",
    ]


def test_whoever_touches_bait_raises_an_alert_and_is_not_told(vault: Vault) -> None:
    batch = stocked(vault, [1])
    assert plant(batch.id, 1, vault, LI, b.NOW_S) == 1
    real, bait = keys(9)
    assert (real.state, bait.state) == (KeyState.AVAILABLE, KeyState.AVAILABLE)
    assert alerts() == []
    shown = reveal(Asked(bait.id, "", "curious"), LI, vault, b.NOW_S)
    assert isinstance(shown, Card)
    assert len(shown.secret) == len(secret(1))
    assert search(shown.secret, "", LI, vault, b.NOW_S) == [bait.id]
    money_transaction(lambda: quarantine(bait.id, LI, b.NOW_S, "so"))
    money_transaction(lambda: void(bait.id, LI, b.NOW_S, "so", day=TODAY))
    found = alerts()
    assert [one.kind for one in found] == ["change", "change", "search", "reveal"]
    assert {(one.actor, one.key, one.sku) for one in found} == {("li", bait.id, SKU)}
    money_transaction(lambda: see(found[0].id, b.NOW_S, "wang"))
    assert len(alerts()) == 3
    assert len(alerts(everything=True)) == 4
    with pytest.raises(Conflict):
        money_transaction(lambda: see(found[0].id, b.NOW_S, "wang"))


def test_bait_is_never_sold(vault: Vault) -> None:
    batch = stocked(vault, [1])
    plant(batch.id, 3, vault, LI, b.NOW_S)
    found = money_transaction(lambda: reserve(SKU, ["U1", "U2"], b.NOW_S + 9, b.NOW_S))
    assert not isinstance(found, list)
    assert found.there == 1
    with pytest.raises(peewee.DatabaseError):
        posting_transaction(lambda: change(
            "UPDATE card_key SET state = 'reserved', unit = 'U', reserved_until_s = 9"
            " WHERE state = 'bait'"
        ))  # fmt: skip


def test_a_search_finds_every_spelling_and_nothing_else(vault: Vault) -> None:
    stocked(vault)
    assert search(secret(1).replace("-", " "), "", LI, vault, b.NOW_S) == [keys(9)[1].id]
    assert search("TK00001", "", LI, vault, b.NOW_S) == []


def test_a_row_that_was_altered_shows_nothing_and_raises_an_alert(
    vault: Vault, caplog: pytest.LogCaptureFixture
) -> None:
    stocked(vault, [1])
    # The schema lets nobody alter a key, so here one comes in that is not what it says.
    [(sealed,)] = rows("SELECT sealed FROM card_key")
    [(batch, made)] = rows("SELECT id, lines FROM card_batch")
    money_transaction(lambda: change(
        "INSERT INTO card_key (id, batch_id, sku, fp, sealed, tail, state, changed_at_s)"
        " VALUES (?, ?, ?, ?, ?, '', 'bait', 0)",
        (batch << 24 | made + 1, batch, SKU, bytes(32), bytes(sealed)),
    ))  # fmt: skip
    with caplog.at_level(logging.DEBUG), pytest.raises(CardUnreadable) as told:
        reveal(Asked(batch << 24 | made + 1, "", "so"), LI, vault, b.NOW_S)
    assert secret(1) not in str(told.value) + caplog.text
    assert alerts()[0].kind == "unreadable"


def test_the_log_is_only_added_to_and_shows_what_was_altered(vault: Vault) -> None:
    key = sold(vault)
    for n in range(4):
        reveal(Asked(key, f"O-{n}", "so"), LI, vault, b.NOW_S)
    count, head, findings = verify()
    assert (count, findings) == (4, [])
    for sql in ("UPDATE card_access SET actor = 'x'", "DELETE FROM card_access"):
        with pytest.raises(peewee.DatabaseError, match="stays in the log"):
            posting_transaction(lambda s=sql: change(s))  # type: ignore[misc]
    assert verify(2) == (4, head, [])
    without_rules("card_access")
    change("UPDATE card_access SET actor = 'somebody else' WHERE id = 2")
    assert verify()[2] == ["Row 2 of the access log was altered."]
    change("DELETE FROM card_access WHERE id = 2")
    assert verify()[2] == [
        "The access log has no row 2.", "Row 3 of the access log was altered.",
    ]  # fmt: skip
