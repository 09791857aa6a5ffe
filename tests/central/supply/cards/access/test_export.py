"""Keys leave in a file when two persons want it, once, and then they are gone from stock."""

from __future__ import annotations

import csv
import io

import pytest

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import money_transaction, rows
from central.supply.cards.access.bait import plant
from central.supply.cards.access.export import APPROVED_FOR_S, decide, fetch, newest, request
from central.supply.cards.access.log import Asker
from central.supply.cards.access.log import newest as newest_access
from central.supply.cards.reserve import reserve
from central.supply.cards.stock import differences, stock_of
from central.supply.cards.vault.keys import Vault
from tests import builders as b
from tests.central.builders import TODAY, at_once
from tests.central.supply.cards.builders import LI, SKU, secret, stocked

WANG = Asker("wang", "192.0.2.8")


def approved(wanted: int = 2) -> int:
    asked = request(SKU, wanted, "for a partner", LI, b.NOW_S)
    return decide(asked.id, WANG, b.NOW_S, approved=True).id


def test_one_asks_another_one_approves_and_the_first_one_fetches_it_once(vault: Vault) -> None:
    batch = stocked(vault)
    plant(batch.id, 5, vault, LI, b.NOW_S)
    number = approved(3)
    content = fetch(number, vault, LI, b.NOW_S, day=TODAY)
    table = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert table == [["number", "secret"], *([["", secret(n)] for n in range(3)])]
    assert stock_of(SKU, b.NOW_S) == 0
    assert differences() == []
    with pytest.raises(Conflict, match="once"):
        fetch(number, vault, LI, b.NOW_S, day=TODAY)
    assert [row.what for row in newest_access(9)][:3] == [
        "exported", "export-approved", "export-requested",
    ]  # fmt: skip
    assert not isinstance(
        money_transaction(lambda: reserve(SKU, ["U"], b.NOW_S + 9, b.NOW_S)), list
    )


def test_nobody_approves_his_own(vault: Vault) -> None:
    stocked(vault)
    asked = request(SKU, 1, "so", LI, b.NOW_S)
    with pytest.raises(Conflict, match="Somebody else"):
        decide(asked.id, LI, b.NOW_S, approved=True)
    with pytest.raises(Conflict, match="once"):
        fetch(asked.id, vault, LI, b.NOW_S, day=TODAY)
    assert decide(asked.id, LI, b.NOW_S, approved=False).state == "refused"
    with pytest.raises(Conflict, match="is refused"):
        decide(asked.id, WANG, b.NOW_S, approved=True)


def test_only_who_has_asked_fetches_it_and_within_a_day(vault: Vault) -> None:
    stocked(vault)
    number = approved()
    with pytest.raises(Conflict, match="within a day"):
        fetch(number, vault, WANG, b.NOW_S, day=TODAY)
    with pytest.raises(Conflict, match="within a day"):
        fetch(number, vault, LI, b.NOW_S + APPROVED_FOR_S, day=TODAY)
    assert stock_of(SKU, b.NOW_S) == 3


def test_a_file_that_cannot_be_whole_is_none(vault: Vault) -> None:
    stocked(vault)
    number = approved(4)
    with pytest.raises(Conflict, match="There are 3 keys"):
        fetch(number, vault, LI, b.NOW_S, day=TODAY)
    assert stock_of(SKU, b.NOW_S) == 3
    assert newest(1)[0].state == "approved"
    with pytest.raises(RequestInvalid, match="1 to"):
        request(SKU, 0, "so", LI, b.NOW_S)
    with pytest.raises(RequestInvalid, match="Say why"):
        request(SKU, 1, " ", LI, b.NOW_S)
    with pytest.raises(NotFound):
        request("NONE", 1, "so", LI, b.NOW_S)


def test_of_many_who_fetch_at_once_one_gets_it(vault: Vault) -> None:
    stocked(vault)
    number = approved(1)
    found = at_once(6, lambda _: fetch(number, vault, LI, b.NOW_S, day=TODAY))
    assert sum(isinstance(one, bytes) for one in found) == 1, found
    assert rows("SELECT count(*) FROM card_key WHERE state = 'exported'") == [(1,)]
