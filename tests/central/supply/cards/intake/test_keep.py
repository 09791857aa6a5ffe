"""What a supplier delivers is kept whole or not at all, and once."""

from __future__ import annotations

from typing import Any

import pytest

from central.foundation.db.engine import money_transaction, rows
from central.supply.cards.access.unseal import unseal
from central.supply.cards.card import Card
from central.supply.cards.intake.keep import Delivery, NotKept, keep_as_stock, keep_delivered
from central.supply.cards.model import Batch, HandedOver
from central.supply.cards.reserve import handed_over, reserve
from central.supply.cards.stock import differences, findings, stock_of
from central.supply.cards.vault.keys import Vault
from edge.contract.money import Money
from tests import builders as b
from tests.central.books import balances
from tests.central.builders import TODAY, at_once
from tests.central.supply.cards.builders import CENTS, LI, SKU, an_intake, secret, stocked


def delivered(vault: Vault, units: list[str], *secrets: str) -> Any:
    delivery = Delivery(an_intake(), [Card(text) for text in secrets])
    return money_transaction(lambda: keep_delivered(units, delivery, vault, LI, b.NOW_S))


def test_each_unit_gets_the_key_that_was_bought_for_it(vault: Vault) -> None:
    found = delivered(vault, ["U1", "U2"], secret(1), secret(2))
    assert [(one.unit, one.account, one.cost) for one in found] == [
        ("U1", "2210.kasushou", Money(CENTS, "CNY")), ("U2", "2210.kasushou", Money(CENTS, "CNY")),
    ]  # fmt: skip
    assert unseal([one.key for one in found], vault) == [Card(secret(1)), Card(secret(2))]
    assert handed_over("U2") == found[1]
    assert delivered(vault, ["U1", "U2"], secret(1), secret(2)) == found
    assert (balances(), findings(), stock_of(SKU, b.NOW_S)) == ({}, [], 0)


@pytest.mark.parametrize(
    ("secrets", "refused"),
    [
        ([secret(1)], NotKept("count", 0)),
        ([secret(1), secret(2), secret(3)], NotKept("count", 0)),
        ([secret(1), ""], NotKept("empty", 2)),
        (["库存不足", secret(2)], NotKept("error-text", 1)),
        ([secret(1), secret(1)], NotKept("twice", 2)),
        ([secret(1), secret(7)], NotKept("known", 2)),
    ],
    ids=["too few", "too many", "empty", "error text", "twice", "known"],
)
def test_a_delivery_that_cannot_be_right_keeps_nothing(
    vault: Vault, secrets: list[str], refused: NotKept
) -> None:
    stocked(vault, [7])
    assert delivered(vault, ["U1", "U2"], *secrets) == refused
    assert rows("SELECT count(*) FROM card_key") == [(1,)]
    assert handed_over("U1") is None


def test_who_has_another_key_keeps_that_one(vault: Vault) -> None:
    [first] = delivered(vault, ["U1"], secret(1))
    assert delivered(vault, ["U1"], secret(2)) == NotKept("served", 1)
    assert delivered(vault, ["U2", "U1"], secret(3), secret(1)) == NotKept("served", 2)
    assert handed_over("U1") == first


def test_what_was_reserved_meanwhile_is_free_again(vault: Vault) -> None:
    stocked(vault, [7])
    money_transaction(lambda: reserve(SKU, ["U1"], b.NOW_S + 900, b.NOW_S))
    delivered(vault, ["U1"], secret(1))
    assert stock_of(SKU, b.NOW_S) == 1


def test_what_comes_too_late_goes_into_stock_at_its_cost(vault: Vault) -> None:
    delivery = Delivery(an_intake(), [Card(secret(1)), Card(secret(2))])

    def work() -> Batch | NotKept:
        return keep_as_stock(delivery, vault, LI, b.NOW_S, day=TODAY)

    found = money_transaction(work)
    assert isinstance(found, Batch)
    assert balances() == {f"1310.{SKU}": 2 * CENTS, "2210.kasushou": -2 * CENTS}
    assert stock_of(SKU, b.NOW_S) == 2
    assert differences() == []
    assert money_transaction(work) == NotKept("known", 1)


def test_one_delivery_that_comes_many_times_at_once_is_kept_once(vault: Vault) -> None:
    found = at_once(6, lambda _: delivered(vault, ["U1"], secret(1)))
    assert all(isinstance(one[0], HandedOver) for one in found if isinstance(one, list)), found
    assert {str(one) for one in found} == {str([handed_over("U1")])}
    assert rows("SELECT count(*) FROM card_key") == [(1,)]
