"""Files are taken in once, go on where they were left, and are sold from when they are stocked."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from central.errors import Conflict, NotFound, PostingRefused, RequestInvalid
from central.foundation.db.engine import money_transaction, open_database, rows
from central.supply.cards.access.bait import plant
from central.supply.cards.access.log import alerts
from central.supply.cards.access.unseal import unseal
from central.supply.cards.card import Card
from central.supply.cards.intake.read_file import Layout, Source, from_bytes, from_path
from central.supply.cards.intake.take import STEP, discard, stock, take_in
from central.supply.cards.model import BatchState, Intake
from central.supply.cards.stock import differences, stock_of
from central.supply.cards.store import get_batch, keys
from central.supply.cards.vault.keys import Vault
from edge.contract.money import Money
from tests import builders as b
from tests.central.books import balances
from tests.central.builders import TODAY, Database
from tests.central.supply.cards.builders import (
    CENTS,
    LI,
    OTHER_SKU,
    SKU,
    a_file,
    add_sku,
    an_intake,
    secret,
    stocked,
)


def a_source(*found: str) -> Source:
    return from_bytes("keys.txt", a_file(found), Layout.SECRET)


def put_in_stock(batch: int) -> None:
    money_transaction(lambda: stock(batch, b.NOW_S, day=TODAY, actor="li"))


def test_a_file_is_looked_at_before_it_is_in_stock(vault: Vault) -> None:
    stocked(vault, [1])
    source = a_source(secret(2), "库存不足", secret(3), secret(1), secret(2), "=1+1", secret(2))
    batch = take_in(source, an_intake(), vault, LI, b.NOW_S)
    assert (batch.state, batch.lines, batch.kept) == (BatchState.STAGED, 7, 2)
    assert batch.report == {"error-text": 1, "known": 1, "twice": 2, "formula": 1}
    assert batch.faults == [
        (2, "error-text"), (4, "known"), (5, "twice"), (6, "formula"), (7, "twice"),
    ]  # fmt: skip
    assert stock_of(SKU, b.NOW_S) == 1
    put_in_stock(batch.id)
    assert stock_of(SKU, b.NOW_S) == 3
    assert balances() == {f"1310.{SKU}": 3 * CENTS, "2210.kasushou": -3 * CENTS}
    assert differences() == []
    with pytest.raises(Conflict, match="is not staged"):
        put_in_stock(batch.id)


def test_the_same_file_twice_is_told(vault: Vault) -> None:
    source = a_source(secret(1))
    first = take_in(source, an_intake(), vault, LI, b.NOW_S)
    with pytest.raises(Conflict, match=f"taken in before, as batch {first.id} with 1 keys"):
        take_in(source, an_intake(), vault, LI, b.NOW_S)


def test_what_was_thrown_away_may_come_again(vault: Vault) -> None:
    source = a_source(secret(1), secret(2))
    first = take_in(source, an_intake(), vault, LI, b.NOW_S)
    discard(first.id)
    assert get_batch(first.id).state is BatchState.DISCARDED
    assert keys(9) == []
    second = take_in(source, an_intake(), vault, LI, b.NOW_S)
    assert second.kept == 2
    put_in_stock(second.id)
    with pytest.raises(Conflict):
        discard(second.id)


def test_an_import_goes_on_where_it_was_interrupted(vault: Vault, tmp_path: Path) -> None:
    file = tmp_path / "keys.txt"
    file.write_bytes(a_file(secret(n % 3000) for n in range(3500)))
    done: list[int] = []

    def interrupted(lines: int) -> None:
        done.append(lines)
        if lines == 2 * STEP:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take_in(from_path(file, Layout.SECRET), an_intake(), vault, LI, b.NOW_S, interrupted)
    with pytest.raises(Conflict, match="another cost"):
        take_in(from_path(file, Layout.SECRET), an_intake(cents=1), vault, LI, b.NOW_S)
    batch = take_in(from_path(file, Layout.SECRET), an_intake(), vault, LI, b.NOW_S, done.append)
    assert done == [1000, 2000, 3000, 3500]
    assert (batch.lines, batch.kept, batch.report) == (3500, 3000, {"twice": 500})
    found = keys(9999)
    assert unseal([key.id for key in found], vault) == [Card(secret(n)) for n in range(3000)]


def test_a_card_may_be_kept_for_two_skus_but_once_for_each(vault: Vault) -> None:
    add_sku(OTHER_SKU)
    stocked(vault, [1])
    other = stocked(vault, [1], intake=an_intake(OTHER_SKU))
    assert other.kept == 1


def test_our_own_bait_in_a_file_raises_an_alert(vault: Vault) -> None:
    batch = stocked(vault, [1])
    plant(batch.id, 1, vault, LI, b.NOW_S)
    [bait] = unseal([keys(9)[1].id], vault)
    again = take_in(a_source(bait.secret, secret(5)), an_intake(), vault, LI, b.NOW_S)
    assert (again.kept, again.report) == (1, {"known": 1})
    [alert] = alerts()
    assert (alert.kind, alert.key, alert.actor) == ("import", keys(9)[1].id, "li")


@pytest.mark.parametrize(
    ("intake", "why"),
    [
        (an_intake()._replace(paid_from="9999"), "chart has no account"),
        (an_intake()._replace(paid_from="4010"), "not paid from"),
        (an_intake(cents=-1), "not negative"),
        (an_intake()._replace(source=""), "where the keys are from"),
        (an_intake()._replace(note="two\nlines"), "one line"),
        (an_intake("A.B"), "1 to 40 letters, digits and hyphens"),
    ],
)
def test_what_is_said_of_keys_is_checked(vault: Vault, intake: Intake, why: str) -> None:
    with pytest.raises(RequestInvalid, match=why):
        take_in(a_source(secret(1)), intake, vault, LI, b.NOW_S)


def test_only_a_sku_that_sells_keys_has_some(vault: Vault) -> None:
    add_sku("CALL", "direct_topup")
    with pytest.raises(RequestInvalid, match="not delivered as a card key"):
        take_in(a_source(secret(1)), an_intake("CALL"), vault, LI, b.NOW_S)
    with pytest.raises(NotFound, match="no SKU NONE"):
        take_in(a_source(secret(1)), an_intake("NONE"), vault, LI, b.NOW_S)
    with pytest.raises(RequestInvalid, match="no key in this file"):
        take_in(a_source(""), an_intake(), vault, LI, b.NOW_S)


def test_a_prepayment_that_does_not_suffice_keeps_keys_out_of_stock(vault: Vault) -> None:
    intake = an_intake()._replace(paid_from="1040.kasushou")
    batch = take_in(a_source(secret(1)), intake, vault, LI, b.NOW_S)
    with pytest.raises(PostingRefused, match="floor"):
        put_in_stock(batch.id)
    assert get_batch(batch.id).state is BatchState.STAGED
    assert rows("SELECT count(*) FROM journal") == [(0,)]


def test_keys_that_cost_nothing_post_nothing(vault: Vault) -> None:
    stocked(vault, intake=an_intake()._replace(unit_cost=Money(0, "CNY")))
    assert balances() == {}
    assert differences() == []


def _killed_at(lines: int) -> None:
    if lines == 2 * STEP:
        os.kill(os.getpid(), signal.SIGKILL)


def _take_until_killed(database: Database, directory: Path, file: Path) -> None:
    open_database(database.dsn, database.sqlite_file)
    vault = Vault(directory / "keys")
    take_in(from_path(file, Layout.SECRET), an_intake(), vault, LI, b.NOW_S, _killed_at)


def test_an_import_that_was_killed_goes_on(
    hub_database: Database, vault: Vault, tmp_path: Path
) -> None:
    file = tmp_path / "keys.txt"
    file.write_bytes(a_file(secret(n) for n in range(2500)))
    process = multiprocessing.get_context("spawn").Process(
        target=_take_until_killed, args=(hub_database, tmp_path, file)
    )
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert (get_batch(1).lines, get_batch(1).state) == (2 * STEP, BatchState.IMPORTING)
    assert stock_of(SKU, b.NOW_S) == 0
    batch = take_in(from_path(file, Layout.SECRET), an_intake(), vault, LI, b.NOW_S)
    assert (batch.id, batch.kept, batch.report) == (1, 2500, {})
