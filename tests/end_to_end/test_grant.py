"""Mode 2: a till without a network, a customer's phone with one, and a grant between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from central.foundation.db.engine import rows
from central.stores.edge_api import note_health
from central.stores.holders.link import make_link
from central.stores.redemptions.overview import scans
from central.stores.redemptions.reserve import reserve
from central.stores.units.tables import Unit as HubUnit
from edge.app import Unit
from edge.clock.model import Source
from edge.contract.grant import GRANT_LIFE_S, Grant, GrantRequest
from edge.contract.ids import Seq, StoreId, UnitId, VoucherId
from edge.contract.journal_entry import Head, entry_hash
from edge.contract.refusal import Refusal
from edge.contract.sync_message import Pull, Push, Reserve
from edge.contract.voucher_token import VoucherClaims
from edge.core import Parts
from tests import builders as b
from tests.central.books import assert_sound
from tests.central.builders import GIFT, KEYRING, an_order, deliver, outcomes, sell
from tests.central.phone import Phone
from tests.edge.builders import Clock, with_key
from tests.end_to_end.shop import Shop, a_joined_unit, a_shop, a_unit_config

PHONES = "https://hub.example/h/"


class Scene:
    """A till that has pulled once and lost its network, and a customer with a gift card."""

    def __init__(self, shop: Shop, unit: Unit, pos: FlaskClient, clock: Clock) -> None:
        self.clock = clock
        self.shop, self.unit, self.pos = shop, unit, pos
        [card] = sell(an_order(GIFT, online_only=True))
        self.claims: VoucherClaims = card.claims
        self.text = card.text
        self.phone = Phone(shop.app.test_client())
        self.link = make_link(card.claims.voucher_id, "anna", b.NOW_S)
        self._keys = iter("abcdefghijklmnopqrstuvwxyz")

    def sale(self, minor: int = 5000) -> dict[str, Any]:
        return {"scan": self.text, "amount": {"amount": minor, "currency": "CNY"}}

    def ask(self, minor: int = 5000) -> str:
        """Return what the till shows, without the address."""
        asked: Any = self.pos.post("/v1/grant-requests", json=self.sale(minor))
        assert asked.status_code == 201, asked.json
        page, _, request = asked.json["url"].partition("#g=")
        assert page == PHONES
        return str(request)

    def grant(self, request: str) -> str:
        """Return what the phone shows."""
        told = self.phone.ask("/h/grants", token=self.link, request=request, agreed=True)
        assert told.status_code == 200, told.json
        return str(told.json["grant"])

    def present(self, text: str, key: str = "", **more: Any) -> Any:
        headers = {"Idempotency-Key": key or next(self._keys)}
        return self.pos.post("/v1/redemptions", json={"scan": text, **more}, headers=headers)


@pytest.fixture(name="scene")
def _scene(tmp_path: Path) -> Iterator[Scene]:
    clock = Clock()
    with (
        a_shop(tmp_path / "hub") as shop,
        a_joined_unit(shop, tmp_path / "till", clock, phone_url=PHONES) as unit,
    ):
        unit.sync_now()
        scene = Scene(shop, unit, with_key(unit), clock)
        shop.close()  # the till has no network; the phone asks the same app by another way
        yield scene


def carry_to_hub(unit: Unit) -> list[str]:
    """Push what the till has not pushed yet; return the outcomes."""
    assert unit.core is not None
    journal = unit.core.journal
    found = journal.next_to_push()
    assert found is not None
    epoch, first, entries = found
    last = Seq(first + len(entries) - 1)
    head = Head(journal.unit, epoch, last, entry_hash(entries[-1]), b.NOW_S)
    push = Push(journal.unit, epoch, first, tuple(entries), head.sign(b.ISSUER, unit.keys.sign))
    return outcomes(deliver(push))


def test_a_sale_that_the_till_may_not_accept_alone_is_completed_by_the_phone(scene: Scene) -> None:
    alone = scene.pos.post(
        "/v1/redemptions", json=scene.sale(), headers={"Idempotency-Key": "alone"}
    )
    assert alone.json is not None
    assert alone.json["reason"] == "online-required"
    told = scene.present(scene.grant(scene.ask()))
    assert told.status_code == 201, told.json
    assert (told.json["mode"], told.json["amount"], told.json["remaining"]) == (
        "grant", 5000, 15000,
    )  # fmt: skip
    assert told.json["receipt"]["number"] == 1
    assert "applied" in carry_to_hub(scene.unit)
    [newest, *_] = scans(5)
    assert (newest.mode, newest.outcome, newest.worth_minor) == ("grant", "applied", 5000)
    assert rows("SELECT count(*) FROM reservation") == [(0,)]
    assert_sound()


def test_the_holder_sees_who_asks_for_how_much_before_he_agrees(scene: Scene) -> None:
    request = scene.ask(1250)
    told = scene.phone.ask("/h/grants", token=scene.link, request=request).json
    assert (told["store"], told["unit"], told["worth_minor"]) == ("静安店", "S0412-K1", 1250)
    assert rows("SELECT count(*) FROM reservation") == [(0,)]


def test_asking_again_is_the_same_grant_and_holds_nothing_twice(scene: Scene) -> None:
    request = scene.ask()
    assert scene.grant(request) == scene.grant(request)
    assert rows("SELECT sum(amount) FROM reservation") == [(5000,)]


def test_a_grant_completes_one_sale_and_a_later_scan_of_it_none(scene: Scene) -> None:
    grant = scene.grant(scene.ask())
    first = scene.present(grant, "k")
    assert scene.present(grant, "k").json == first.json
    twice = scene.present(grant)  # the scanner has fired twice
    assert twice.json["entry"] == first.json["entry"]
    scene.clock.pass_s(6)
    later = scene.present(grant)
    assert (later.status_code, later.json["reason"]) == (409, "grant-used")


def bent(scene: Scene, key: str = "bundle", issuer: str = b.ISSUER, **changed: Any) -> str:
    """Return a genuine grant with something changed, signed anew."""
    grant = Grant.open(scene.grant(scene.ask()), b.ISSUER, [KEYRING.bundle.public_key()])
    return grant._replace(**changed).sign(issuer, b.a_sign_key(key))


@pytest.mark.parametrize(
    ("reason", "make"),
    [
        ("grant-other-store", lambda s: bent(s, store=StoreId("S0500"))),
        ("grant-other-unit", lambda s: bent(s, unit=UnitId("S0412-K9"))),
        ("grant-other-sale", lambda s: bent(s, nonce=b"n" * 16)),
        ("grant-other-sale", lambda s: bent(s, voucher_id=5)),
        ("grant-other-amount", lambda s: bent(s, amount=4999)),
        ("grant-expired", lambda s: bent(s, expires_at_s=b.NOW_S)),
        ("grant-invalid", lambda s: bent(s, key="thief")),
        ("grant-invalid", lambda s: bent(s, issuer="other.example")),
        ("grant-invalid", lambda s: altered(s.grant(s.ask()))),
    ],
    ids=["another store", "another till", "another nonce", "another voucher", "another amount",
         "too old", "another key", "another issuer", "altered"],
)  # fmt: skip
def test_what_is_not_the_hubs_word_for_this_sale_is_refused_and_recorded(
    scene: Scene, reason: str, make: Callable[[Scene], str]
) -> None:
    told = scene.present(make(scene))
    assert (told.status_code, told.json["reason"]) == (409, reason)
    assert scene.unit.core is not None
    [newest] = scene.unit.core.journal.newest(1)
    assert str(newest.entry.reason) == reason


def altered(text: str) -> str:
    """The same text with one digit changed."""
    middle = len(text) // 2
    return text[:middle] + str((int(text[middle]) + 1) % 10) + text[middle + 1 :]


def test_a_grant_that_was_scanned_too_late_is_refused(scene: Scene) -> None:
    grant = scene.grant(scene.ask())
    scene.clock.pass_s(GRANT_LIFE_S + 1)
    assert scene.present(grant).json["reason"] == "grant-expired"


def test_a_holder_who_asks_for_less_than_the_till_pays_with_nothing(scene: Scene) -> None:
    asked = GrantRequest.parse(scene.ask(5000))
    cheap = asked._replace(amount=1).link("").partition("g=")[2]
    assert scene.present(scene.grant(cheap)).json["reason"] == "grant-other-amount"


def test_what_was_granted_stays_held_until_the_till_has_told_what_it_did(scene: Scene) -> None:
    """A till without a network may have used it, and says so days later."""
    granted = scene.present(scene.grant(scene.ask(15000)))
    assert granted.status_code == 201
    unit_row = HubUnit.get_by_id("S0412-K1")
    asked = Reserve(UnitId("S0412-K1"), b"other request 16", scene.claims.voucher_id, 6000)
    days_later = b.NOW_S + 3 * 86400
    refused = reserve(asked, unit_row, days_later)
    assert (refused.refusal, refused.remaining) == (Refusal.INSUFFICIENT_VALUE, 5000)
    assert "applied" in carry_to_hub(scene.unit)
    assert reserve(asked, unit_row, days_later).remaining == 5000


def test_what_was_granted_and_not_used_is_free_once_the_till_has_told_so(scene: Scene) -> None:
    scene.grant(scene.ask(20000))
    unit_row = HubUnit.get_by_id("S0412-K1")
    asked = Reserve(UnitId("S0412-K1"), b"other request 16", scene.claims.voucher_id, 20000)
    later = b.NOW_S + 86400
    assert reserve(asked, unit_row, later).refusal is Refusal.REDEEMED_ELSEWHERE
    told = {"journal_epoch": 1, "journal_seq": 1, "journal_at_s": b.NOW_S + GRANT_LIFE_S + 601}
    note_health(Pull(UnitId("S0412-K1"), b"", b"n" * 16, told), later, is_recent=True)
    assert reserve(asked, HubUnit.get_by_id("S0412-K1"), later).refusal is None


def test_a_phone_gets_no_grant_of_another_voucher_nor_for_no_till_of_ours(scene: Scene) -> None:
    asked = GrantRequest.parse(scene.ask())
    for wrong in (
        asked._replace(voucher_id=VoucherId(5)),
        asked._replace(unit=UnitId("S0412-K9")),
        asked._replace(store=StoreId("S0500")),
    ):
        request = wrong.link("").partition("g=")[2]
        told = scene.phone.ask("/h/grants", token=scene.link, request=request, agreed=True)
        assert told.status_code == 400, told.json
    told = scene.phone.ask("/h/grants", token=scene.link, request="x" * 50, agreed=True)
    assert told.status_code == 400
    assert rows("SELECT count(*) FROM reservation") == [(0,)]


def test_more_than_there_is_gets_no_grant(scene: Scene) -> None:
    asked = GrantRequest.parse(scene.ask())
    request = asked._replace(amount=20001).link("").partition("g=")[2]
    told = scene.phone.ask("/h/grants", token=scene.link, request=request, agreed=True).json
    assert told["refusal"] == "insufficient-value"
    assert "grant" not in told


def test_a_grant_brings_the_time_to_a_till_that_has_lost_it(tmp_path: Path) -> None:
    clock = Clock()
    with a_shop(tmp_path / "hub") as shop:
        with a_joined_unit(shop, tmp_path / "till", clock) as unit:
            unit.sync_now()
        shop.close()
        # It starts again without a network, and its clock has no battery.
        clock.start_again(battery=False)
        config = a_unit_config(tmp_path / "till", phone_url=PHONES)
        parts = Parts(clock.wall_s, clock.steady_s, machine_start=clock.machine_start)
        again = Unit(config, parts)
        try:
            scene = Scene(shop, again, with_key(again), clock)
            assert again.clock.now().source is Source.FLOOR
            request = scene.ask()
            clock.pass_s(40)
            told = scene.present(scene.grant(request))
            assert told.status_code == 201, told.json
            assert again.clock.now().source is Source.HUB
            assert again.clock.now().uncertainty_s <= 22
        finally:
            again.stop()


def test_a_phone_would_not_help_where_nothing_helps(scene: Scene) -> None:
    revoked = {"scan": b.a_token(key="thief")}
    told: Any = scene.pos.post("/v1/grant-requests", json=revoked)
    assert (told.status_code, told.json["reason"]) == (409, "bad-signature")
