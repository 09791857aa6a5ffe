"""A key goes to one unit, a unit gets one key: in order, late, twice, and all at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import peewee
import pytest

from central.errors import Conflict
from central.foundation.db.engine import change, money_transaction, posting_transaction, rows
from central.supply.cards.intake.read_file import Layout, from_bytes
from central.supply.cards.intake.take import take_in
from central.supply.cards.model import HandedOver, KeyState, Reserved, Shortage
from central.supply.cards.reserve import (
    DAY_S,
    cost_posted,
    give_back,
    hand_over,
    handed_over,
    replace,
    reserve,
)
from central.supply.cards.set_aside import quarantine, quarantine_batch, release, void
from central.supply.cards.stock import differences, findings, stock_of, stocks
from central.supply.cards.store import get_key, keys
from central.supply.cards.vault.keys import Vault
from edge.contract.money import Money
from tests import builders as b
from tests.central.books import balances
from tests.central.builders import TODAY, Database
from tests.central.supply.cards.builders import (
    CENTS,
    LI,
    SKU,
    a_vault,
    add_sku,
    an_intake,
    secret,
    stocked,
)

LATER_S = b.NOW_S + 900


def kept(*units: str, now_s: int = b.NOW_S, **bent: int) -> list[Reserved]:
    found = money_transaction(lambda: reserve(SKU, units, now_s + 900, now_s, **bent))
    assert isinstance(found, list), found
    return found


def test_each_unit_of_an_order_gets_its_own_key(vault: Vault) -> None:
    stocked(vault)
    found = kept("U1", "U2")
    assert [one.unit for one in found] == ["U1", "U2"]
    assert len({one.key for one in found}) == 2
    assert stock_of(SKU, b.NOW_S) == 1
    given = money_transaction(lambda: hand_over("U1", b.NOW_S))
    assert given == HandedOver("U1", found[0].key, SKU, f"1310.{SKU}", Money(CENTS, "CNY"))
    assert money_transaction(lambda: hand_over("U1", b.NOW_S)) == given == handed_over("U1")
    assert money_transaction(lambda: hand_over("U9", b.NOW_S)) is None


def test_a_shortage_is_told_and_nothing_is_kept(vault: Vault) -> None:
    stocked(vault)
    kept("U0")
    found = money_transaction(lambda: reserve(SKU, ["U1", "U2", "U3"], LATER_S, b.NOW_S))
    assert found == Shortage(SKU, 3, 2)
    assert stock_of(SKU, b.NOW_S) == 2


def test_a_reservation_that_has_lapsed_is_free_without_a_worker(vault: Vault) -> None:
    stocked(vault, range(1))
    [first] = kept("U1")
    assert stock_of(SKU, LATER_S - 1) == 0
    assert stock_of(SKU, LATER_S) == 1
    [second] = kept("U2", now_s=LATER_S)
    assert second.key == first.key
    assert money_transaction(lambda: hand_over("U1", LATER_S)) is None


def test_who_pays_late_gets_his_key_if_nobody_else_has_taken_it(vault: Vault) -> None:
    stocked(vault, range(1))
    [one] = kept("U1")
    given = money_transaction(lambda: hand_over("U1", LATER_S + DAY_S))
    assert given is not None
    assert given.key == one.key


def test_asking_again_is_harmless_and_who_is_served_asks_in_vain(vault: Vault) -> None:
    stocked(vault, range(2))
    first, again = kept("U1", "U2"), kept("U1", "U2", now_s=b.NOW_S + 60)
    assert {o.key for o in first} == {o.key for o in again}
    assert {o.until_s for o in again} == {b.NOW_S + 960}
    money_transaction(lambda: hand_over("U1", b.NOW_S))
    with pytest.raises(Conflict, match="U1 has its key already"):
        kept("U1")
    assert money_transaction(lambda: give_back(["U1", "U2"], b.NOW_S)) == 1


def test_what_expires_soonest_goes_first_and_what_is_too_near_does_not_go(vault: Vault) -> None:
    far = stocked(vault, range(1), intake=an_intake(expires_at_s=b.NOW_S + 90 * DAY_S))
    for_ever = stocked(vault, range(10, 11))
    near = stocked(vault, range(20, 21), intake=an_intake(expires_at_s=b.NOW_S + 9 * DAY_S))
    over = stocked(vault, range(30, 31), intake=an_intake(expires_at_s=b.NOW_S))
    found = kept("U1", "U2", "U3")
    assert [get_key(one.key).batch for one in found] == [near.id, far.id, for_ever.id]
    money_transaction(lambda: give_back(["U1", "U2", "U3"], b.NOW_S))
    [one] = kept("U1", min_days_left=10)
    assert get_key(one.key).batch == far.id
    assert over.kept == 1
    assert stocks(b.NOW_S)[0].expired == 1


def test_a_bad_key_is_replaced_and_never_sold_again(vault: Vault) -> None:
    stocked(vault, range(2))
    [first] = kept("U1")
    money_transaction(lambda: hand_over("U1", b.NOW_S))
    given = money_transaction(lambda: replace("U1", b.NOW_S, day=TODAY, actor="li"))
    assert isinstance(given, HandedOver)
    assert given.key != first.key
    assert handed_over("U1") == given
    assert get_key(first.key).state is KeyState.REPLACED
    none = money_transaction(lambda: replace("U1", b.NOW_S, day=TODAY, actor="li"))
    assert none == Shortage(SKU, 1, 0)
    assert handed_over("U1") == given
    assert differences() == []


def test_what_is_set_aside_is_not_sold_and_what_is_void_leaves_the_stock(vault: Vault) -> None:
    stocked(vault, range(2))
    first, second = keys(9)
    money_transaction(lambda: quarantine(first.id, LI, b.NOW_S, "told to be used"))
    assert stock_of(SKU, b.NOW_S) == 1
    assert differences() == []
    money_transaction(lambda: release(first.id, LI, b.NOW_S, "was not"))
    assert stock_of(SKU, b.NOW_S) == 2
    money_transaction(lambda: void(second.id, LI, b.NOW_S, "empty card", day=TODAY))
    assert balances()[f"1310.{SKU}"] == CENTS
    assert differences() == []
    kept("U1")
    with pytest.raises(Conflict, match="is reserved"):
        money_transaction(lambda: void(first.id, LI, b.NOW_S, "so", day=TODAY))


def test_what_is_only_looked_at_is_neither_sold_nor_set_aside(vault: Vault) -> None:
    """Its cost is posted by what was counted, so nothing may leave it before."""
    source = from_bytes("keys", secret(1).encode(), Layout.SECRET)
    batch = take_in(source, an_intake(), vault, LI, b.NOW_S)
    [key] = keys(9)
    with pytest.raises(Conflict):
        money_transaction(lambda: void(key.id, LI, b.NOW_S, "so", day=TODAY))
    with pytest.raises(Conflict):
        money_transaction(lambda: quarantine(key.id, LI, b.NOW_S, "so"))
    assert money_transaction(lambda: quarantine_batch(batch.id, LI, b.NOW_S, "so")) == 0
    assert money_transaction(lambda: reserve(SKU, ["U"], LATER_S, b.NOW_S)) == Shortage(SKU, 1, 0)
    with pytest.raises(peewee.DatabaseError, match="stocked batch"):
        posting_transaction(lambda: change("UPDATE card_key SET state = 'void'"))


def test_the_stock_account_is_what_the_unsold_keys_have_cost(vault: Vault) -> None:
    stocked(vault)
    kept("U1")
    money_transaction(lambda: hand_over("U1", b.NOW_S))
    assert balances()[f"1310.{SKU}"] == 3 * CENTS
    assert findings() == []
    [(journal_id,)] = rows("SELECT max(id) FROM journal")
    assert money_transaction(lambda: cost_posted(["U1"], journal_id)) == 1
    [found] = differences()
    assert (found.ledger.minor, found.vault.minor) == (3 * CENTS, 2 * CENTS)
    assert "the unsold keys have cost" in findings()[0]


FORBIDDEN = {
    "a sold key to another unit": "UPDATE card_key SET unit = 'U2' WHERE unit = 'U1'",
    "a sold key back into stock":
        "UPDATE card_key SET state = 'available', unit = NULL WHERE unit = 'U1'",
    "a second key for a unit":
        "INSERT INTO card_handover (key_id, unit, account, cost, currency, at_s)"
        " SELECT id, 'U1', '1310.X', 0, 'CNY', 0 FROM card_key WHERE state = 'available'",
    "a key that was not sold":
        "INSERT INTO card_handover (key_id, unit, account, cost, currency, at_s)"
        " SELECT id, 'U3', '1310.X', 0, 'CNY', 0 FROM card_key WHERE state = 'available'",
    "another secret": "UPDATE card_key SET fp = sealed WHERE unit = 'U1'",
    "a key that is gone": "DELETE FROM card_key WHERE unit = 'U1'",
    "a handover that never was": "DELETE FROM card_handover",
    "available and yet a unit's": "UPDATE card_key SET unit = 'U2' WHERE state = 'available'",
    "a stocked batch thrown away": "UPDATE card_batch SET state = 'discarded',"
        " stocked_at_s = NULL, stocked_by = NULL",
}  # fmt: skip


@pytest.mark.parametrize("sql", FORBIDDEN.values(), ids=FORBIDDEN)
def test_the_schema_itself_refuses(vault: Vault, sql: str) -> None:
    stocked(vault, range(2))
    kept("U1")
    money_transaction(lambda: hand_over("U1", b.NOW_S))
    with pytest.raises(peewee.DatabaseError):
        posting_transaction(lambda: change(sql))


def test_of_many_who_want_few_nobody_gets_another_ones_key(vault: Vault) -> None:
    """2,000 claims of 500 keys; tests/bench/cards.py measures the same from processes."""
    claimed_by_many(vault, money_transaction, 500)


@pytest.mark.postgres
def test_nor_beside_one_another(postgres_database: Database, tmp_path: Path) -> None:
    """As READ COMMITTED shows it: there ``SKIP LOCKED`` and the conditional update are all."""
    add_sku()
    claimed_by_many(a_vault(tmp_path), posting_transaction, 500)


def claimed_by_many(
    vault: Vault, transaction: Callable[[Callable[[], bool]], bool], count: int
) -> None:
    stocked(vault, range(count))

    def claim(n: int) -> bool:
        unit = f"U{n:04}"

        def work() -> bool:
            found = reserve(SKU, [unit], LATER_S, b.NOW_S)
            return isinstance(found, list) and hand_over(unit, b.NOW_S) is not None

        return transaction(work)

    with ThreadPoolExecutor(8) as pool:
        served = Counter(pool.map(claim, range(4 * count)))
    assert served == {True: count, False: 3 * count}
    counted = rows("SELECT count(*), count(DISTINCT key_id), count(DISTINCT unit)"
                   " FROM card_handover")  # fmt: skip
    assert counted == [(count, count, count)]
    assert stock_of(SKU, b.NOW_S) == 0
    assert findings() == []
