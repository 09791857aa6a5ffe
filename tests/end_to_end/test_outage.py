"""A hub that answers nonsense, or not at all, and comes back.

Between the unit and the real hub stands a wire that a test bends. In some outages the hub hears
everything and only its answers are lost: those are the ones in which things are done twice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import urllib3

from central.foundation.db.engine import rows
from central.stores.units import steer
from edge.app import Unit
from tests import builders as b
from tests.central.books import assert_sound, balances
from tests.edge.builders import with_key
from tests.edge.sync.small_hub import Asked, Reply, SmallHub, a_small_hub
from tests.end_to_end.shop import Shop, a_joined_unit, a_shop, sell_texts

LUNCH_MINOR = 8800
PROBLEM = "application/problem+json"
WAIT_S = 20.0

Bend = Callable[["Wire", Asked], Reply]


class Wire:
    """What is between a unit and its hub. ``bend`` decides about each request; None: nothing."""

    def __init__(self, shop: Shop, there: SmallHub) -> None:
        self.bend: Bend | None = None
        self.there = there
        self.first: dict[str, Reply] = {}
        """What the hub answered first at each path."""
        self._shop = shop
        self._http = urllib3.PoolManager(retries=False)
        there.answer = lambda asked: self.bend(self, asked) if self.bend else self.to_hub(asked)

    @property
    def url(self) -> str:
        """Where the unit believes the hub to be."""
        return self.there.url

    def to_hub(self, asked: Asked) -> Reply:
        """Let the hub answer."""
        # With all headers as they came: the signature covers the address that the unit asked.
        url = self._shop.url + asked.path
        answer = self._http.request("POST", url, body=asked.body, headers=asked.headers)
        reply = Reply(answer.data, answer.status, answer.headers["Content-Type"])
        self.first.setdefault(asked.path, reply)
        return reply


class Outage(NamedTuple):
    """One way in which a hub can fail its units.

    Args:
        told: What the unit says of it.
        hears: Whether the hub gets to know of what it was asked.
    """

    bend: Bend
    told: str
    hears: bool = False


def cut_short(wire: Wire, asked: Asked) -> Reply:
    reply = wire.to_hub(asked)
    return Reply(reply.body[: len(reply.body) // 2], length=len(reply.body))


def signed_by_nobody(wire: Wire, asked: Asked) -> Reply:
    body = wire.to_hub(asked).body
    return Reply(body[:-1] + bytes([body[-1] ^ 1]))


def lost(wire: Wire, asked: Asked) -> Reply:
    wire.to_hub(asked)
    return Reply(raw=b"")


def broken_off(wire: Wire, asked: Asked) -> Reply:
    wire.to_hub(asked)
    return Reply(resets=True)


def an_older_answer(wire: Wire, asked: Asked) -> Reply:
    """What the hub answered to the first question at this place, word for word."""
    wire.to_hub(asked)
    return wire.first[asked.path]


OUTAGES = {
    "nonsense": Outage(lambda *_: Reply(b"\x00\xffnonsense"), "cannot be believed"),
    "the hotel's login page": Outage(lambda *_: Reply(b"<h1>", 200, "text/html"), "(200)"),
    "500": Outage(lambda *_: Reply(b"<h1>Oops</h1>", 500, "text/html"), "(500)"),
    "a problem": Outage(
        lambda *_: Reply(b'{"type": "/problems/busy", "detail": "Come back."}', 503, PROBLEM),
        "Come back.",
    ),
    "a hang": Outage(lambda wire, asked: wire.there.hang(asked), "ReadTimeoutError"),
    "a reset": Outage(lambda *_: Reply(resets=True), "ProtocolError"),
    "a redirect": Outage(
        lambda *_: Reply(b"", 307, headers=(("Location", THIEF),)), "(307)"
    ),
    "half an answer": Outage(cut_short, "ProtocolError", hears=True),
    "a wrong signature": Outage(signed_by_nobody, "cannot be believed", hears=True),
    "answers lost": Outage(lost, "ProtocolError", hears=True),
    "answers broken off": Outage(broken_off, "ProtocolError", hears=True),
    "older answers": Outage(an_older_answer, "cannot be believed", hears=True),
}  # fmt: skip
THIEF = "http://127.0.0.1:9/edge/v1/pull"


@dataclass(frozen=True)
class Till:
    """A unit at the end of a wire, and its POS."""

    unit: Unit
    wire: Wire

    def redeem(self, text: str) -> Any:
        """Present a voucher whose text is also its Idempotency-Key."""
        return with_key(self.unit).post(
            "/v1/redemptions", json={"scan": text}, headers={"Idempotency-Key": text[:200]}
        )

    def status(self) -> Any:
        """What ``GET /v1/status`` says."""
        return with_key(self.unit).get("/v1/status").json


@pytest.fixture(name="shop")
def _shop(tmp_path: Path) -> Iterator[Shop]:
    with a_shop(tmp_path / "hub") as shop:
        # A hang takes as long as a till waits for an answer, so it waits for less than elsewhere.
        steer.set_policy(b.GROUP, {"online_timeout_ms": 500})
        yield shop


@pytest.fixture(name="till")
def _till(shop: Shop, tmp_path: Path) -> Iterator[Till]:
    """A unit that has heard of everything once; its threads are not started."""
    with a_small_hub() as there:
        wire = Wire(shop, there)
        with a_joined_unit(shop, tmp_path / "till", hub=wire.url, timeout_s=4) as unit:
            assert unit.sync_now() == {"pull": True, "push": True}
            yield Till(unit, wire)


def assert_nothing_lost_and_nothing_doubled(till: Till, lunches: int) -> None:
    """The hub has the journal to the byte, and each lunch is in the books once."""
    assert till.status()["journal"]["unsent"] == 0
    assert till.unit.store is not None
    journal = till.unit.store.rows("SELECT epoch, seq, hash, entry FROM journal ORDER BY 1, 2")
    kept = rows("SELECT epoch, seq, hash, entry FROM redemption_entry ORDER BY 1, 2")
    assert [tuple(row) for row in kept] == journal
    assert rows("SELECT count(*) FROM reservation") == [(0,)]
    assert rows("SELECT count(*) FROM forked_entry") == [(0,)]
    assert balances()["2310.S0412"] == -lunches * LUNCH_MINOR
    assert_sound()


@pytest.mark.parametrize("name", OUTAGES)
def test_a_till_goes_on_alone_and_catches_up(till: Till, name: str) -> None:
    texts = sell_texts(4)
    assert till.redeem(texts[0]).status_code == 201
    outage = OUTAGES[name]
    till.wire.bend = outage.bend
    for text in texts[1:]:
        told = till.redeem(text)
        assert (told.status_code, told.json["mode"]) in {(201, "solo"), (201, "degraded")}
    assert not till.unit.sync_now()["pull"]
    status = till.status()
    assert not status["hub"]["online"]
    assert outage.told in status["hub"]["error"]
    assert status["journal"]["unsent"] == 4, "what nobody has confirmed is not sent"
    assert (rows("SELECT max(seq) FROM redemption_entry")[0][0] == 5) == outage.hears

    till.wire.bend = None
    assert [till.unit.sync_now() for _ in range(2)] == [{"pull": True, "push": True}] * 2
    assert till.status()["hub"]["online"]
    assert till.status()["hub"]["error"] == ""
    assert_nothing_lost_and_nothing_doubled(till, lunches=4)


def test_a_customer_waits_for_a_silent_hub_twice_and_no_more(till: Till) -> None:
    """Two errors among the last five answers: then the hub is left alone until it is back."""
    texts = sell_texts(3)
    till.wire.bend = OUTAGES["500"].bend
    for text in texts:
        assert till.redeem(text).status_code == 201
    assert len(till.wire.there.wait_for(0, "/reservations")) == 2


@pytest.mark.parametrize("name", ["500", "answers lost"])
def test_during_an_outage_the_same_voucher_is_refused_again(till: Till, name: str) -> None:
    [text] = sell_texts(1)
    till.wire.bend = OUTAGES[name].bend
    first = till.redeem(text)
    again = till.redeem(text)
    assert (again.status_code, again.json["entry"]) == (201, first.json["entry"])
    other: Any = with_key(till.unit).post(
        "/v1/redemptions", json={"scan": text}, headers={"Idempotency-Key": "another sale"}
    )
    assert (other.status_code, other.json["reason"]) == (409, "already-redeemed")
    till.wire.bend = None
    till.unit.sync_now()
    assert_nothing_lost_and_nothing_doubled(till, lunches=1)


def test_nothing_is_sent_to_where_a_redirect_leads(till: Till) -> None:
    with a_small_hub() as thief:
        to = (("Location", f"{thief.url}/edge/v1/push"),)
        till.wire.bend = lambda *_: Reply(b"", 307, headers=to)
        [text] = sell_texts(1)
        assert till.redeem(text).json["mode"] in {"solo", "degraded"}
        assert till.unit.sync_now() == {"pull": False, "push": False}
        assert thief.asked == []


def test_when_the_hub_is_back_everything_goes_up_by_itself(till: Till) -> None:
    texts = sell_texts(3)
    till.wire.bend = OUTAGES["answers lost"].bend
    till.unit.start()
    asked = len(till.wire.there.asked)
    for text in texts:
        assert till.redeem(text).status_code == 201
    till.wire.there.wait_for(asked + 2)  # it has found out, whoever of its threads came first

    arrived = threading.Event()

    def watched(wire: Wire, asked: Asked) -> Reply:
        reply = wire.to_hub(asked)
        if rows("SELECT max(seq) FROM redemption_entry")[0][0] == 4:
            arrived.set()
        return reply

    till.wire.bend = watched
    assert arrived.wait(WAIT_S), "the pause after an error is a few seconds"
    assert till.unit.core is not None
    assert till.unit.core.health.sync is not None
    till.unit.core.health.sync.stop()  # after the round at hand
    assert_nothing_lost_and_nothing_doubled(till, lunches=3)
