"""The tour of the system: one voucher, from its sale to the statement of the store.

Read it from top to bottom. Headquarters' own app is served at a port of this machine, the unit is
the whole unit with its threads, and the printer is the simulated one that ships with it. Only the
clocks stand still.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from central.money.ledger.statement import statement
from central.stores.redemptions.overview import scans
from central.stores.vouchers.show import qr_png
from edge.app import Unit
from edge.contract.ids import Epoch, Seq
from edge.contract.journal_entry import entry_hash
from edge.devices.simulated.printer import SimulatedPrinter
from edge.journal.audit import audit
from tests import builders as b
from tests.central.books import assert_sound, balances
from tests.central.builders import TODAY, an_order, as_person, sell
from tests.edge.builders import with_key
from tests.end_to_end.shop import Shop, a_joined_unit, a_shop


@pytest.fixture(name="shop")
def _shop(tmp_path: Path) -> Iterator[Shop]:
    with a_shop(tmp_path / "hub") as shop:
        yield shop


@pytest.fixture(name="printer")
def _printer() -> Iterator[SimulatedPrinter]:
    with SimulatedPrinter() as printer:
        yield printer


@pytest.fixture(name="unit")
def _unit(shop: Shop, printer: SimulatedPrinter, tmp_path: Path) -> Iterator[Unit]:
    """A till of the store: two people have compared its number, and it works."""
    with a_joined_unit(shop, tmp_path / "till", printer=printer.url) as unit:
        unit.start()
        yield unit


@pytest.fixture(name="pos")
def _pos(unit: Unit) -> FlaskClient:
    """The shop's own till software, which has the unit's API key."""
    return with_key(unit)


def test_one_voucher_from_its_sale_to_the_statement_of_the_store(
    shop: Shop, unit: Unit, pos: FlaskClient, printer: SimulatedPrinter, tmp_path: Path
) -> None:
    # Headquarters sells a lunch for 88.00. What the customer gets is a picture.
    [voucher] = sell(an_order())
    picture = tmp_path / "voucher.png"
    qr_png(voucher.text, picture)
    assert balances() == {"1010.counter": 8800, "2020.7": -8800}

    # The till has been told the keys, the policy and the names of things.
    assert pos.post("/v1/sync").json == {"pull": True, "push": True}

    # The customer holds it up, and the camera reads 218 digits.
    reading = unit.decoder.read(picture.read_bytes())
    assert reading is not None
    assert reading.text == voucher.text

    # The POS asks; the hub is there and holds the voucher for this till, so nobody else has it.
    body = {"scan": reading.text, "clerk": "li", "basket": "sale 8813"}
    told: Any = pos.post("/v1/redemptions", json=body, headers={"Idempotency-Key": "8813"})
    assert told.status_code == 201
    assert (told.json["mode"], told.json["worth_minor"]) == ("online", 8800)

    # It stood in the journal before the light turned green: number 2, for 1 opened the epoch.
    name = told.json["entry"]
    assert (name["unit"], name["epoch"], name["seq"]) == ("S0412-K1", 1, 2)
    assert unit.core is not None
    recorded = unit.core.journal.get(Epoch(1), Seq(2))
    assert recorded is not None
    assert entry_hash(recorded.entry.encode()).hex() == name["hash"]
    assert unit.store is not None
    assert audit(unit.store) == (2, [])

    # The paper comes by itself, and bears the entry's name and hash: it is a witness.
    [paper] = printer.wait_for_papers(1)
    for words in ("静安店", "午餐券", "￥88.00", f"S0412-K1/1/2 {name['hash']}"):
        assert words in paper.text
    assert paper.unknown_commands == ()

    # The entry goes up, to the byte; the hub applies it and says how far it has the journal.
    assert pos.post("/v1/sync").json == {"pull": True, "push": True}
    [scan] = scans(1)
    assert (scan.hash_hex, scan.outcome) == (name["hash"], "applied")
    status: Any = pos.get("/v1/status").json
    journal = status["journal"]
    assert (journal["unsent"], journal["acked"]["hash"]) == (0, name["hash"])

    # What was owed to the customer is owed to the store now, and its statement says for what.
    assert balances() == {"1010.counter": 8800, "2310.S0412": -8800}
    due = statement("2310.S0412", TODAY, TODAY)
    assert due is not None
    assert [(line.memo, line.change) for line in due.lines] == [("S0412-K1/1/2", 8800)]
    assert due.closing == 8800
    page = as_person(shop.app, "finance").get("/ledger/2310.S0412").text
    assert "S0412-K1/1/2" in page
    assert "88.00" in page
    assert_sound()


def test_the_same_voucher_at_the_next_till_is_refused(
    shop: Shop, pos: FlaskClient, tmp_path: Path
) -> None:
    """Before anything was pushed: the hub remembers what it held for the first."""
    [voucher] = sell(an_order())
    pos.post("/v1/sync")
    scan = {"scan": voucher.text}
    first = pos.post("/v1/redemptions", json=scan, headers={"Idempotency-Key": "a"})
    assert first.status_code == 201
    with a_joined_unit(shop, tmp_path / "next till") as other:
        other.sync_now()
        second: Any = with_key(other).post(
            "/v1/redemptions", json=scan, headers={"Idempotency-Key": "b"}
        )
    assert (second.status_code, second.json["reason"]) == (409, "redeemed-elsewhere")
    assert second.json["way_out"]


def test_what_was_refused_is_known_at_headquarters_too(pos: FlaskClient) -> None:
    pos.post("/v1/sync")
    altered = b.a_token(key="thief")
    told: Any = pos.post(
        "/v1/redemptions", json={"scan": altered}, headers={"Idempotency-Key": "a"}
    )
    assert (told.status_code, told.json["reason"]) == (409, "bad-signature")
    pos.post("/v1/sync")
    [scan] = scans(1)
    assert (scan.kind, scan.reason, scan.outcome) == ("refusal", "bad-signature", "recorded")
    assert balances() == {}
