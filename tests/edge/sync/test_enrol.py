"""Becoming a unit: both sides show the same number, or somebody stands in between."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edge.clock.trusted_time import TrustedClock
from edge.contract import canonical
from edge.contract.enrolment import EnrolOffer, commit, comparison_number
from edge.errors import HubRefused, HubUnreachable
from edge.sync.enrol import begin, hardware, wait_for_operator
from edge.sync.hub_client import HubClient
from tests import builders as b
from tests.edge import builders as e
from tests.edge.sync.desk import Desk
from tests.edge.sync.small_hub import Reply, SmallHub, a_small_hub

CODE = "k7qx-2mpa 9rtc"


def a_client(hub: SmallHub) -> HubClient:
    clock = e.Clock()
    return HubClient(
        hub.url, e.KEYS.sign, e.KEYS.sign_public.hex(),
        TrustedClock(clock.wall_s, clock.steady_s, 0),
    )  # fmt: skip


@pytest.fixture(name="desk")
def _desk() -> Desk:
    return Desk()


@pytest.fixture(name="hub")
def _hub(desk: Desk) -> Iterator[SmallHub]:
    with a_small_hub(desk) as hub:
        yield hub


def test_both_screens_show_the_same_number(hub: SmallHub, desk: Desk) -> None:
    attempt = begin(a_client(hub), e.KEYS, CODE)
    assert attempt.comparison_number == desk.number()
    assert desk.request is not None
    assert desk.request.code == "K7QX2MPA9RTC"
    assert (desk.request.sign_key, desk.request.seal_key) == (
        e.KEYS.sign_public, e.KEYS.seal_public,
    )  # fmt: skip


def test_the_nonce_is_committed_to_before_the_hubs_is_known(hub: SmallHub, desk: Desk) -> None:
    begin(a_client(hub), e.KEYS, CODE)
    assert desk.request is not None
    keys = (e.KEYS.sign_public, e.KEYS.seal_public)
    assert desk.request.commitment == commit(desk.nonce, *keys)


def test_keys_swapped_on_the_way_give_another_number(hub: SmallHub, desk: Desk) -> None:
    """Whoever stands in between signs with a key of his own; the operator sees it."""
    shown = begin(a_client(hub), e.KEYS, CODE).comparison_number
    honest = b.a_sign_key("other").public_key().public_bytes_raw()
    assert desk.request is not None
    at_the_hub = comparison_number(
        desk.request.sign_key, desk.request.seal_key, desk.nonce, honest, desk.hub_nonce
    )
    assert shown != at_the_hub


def test_the_enrolment_comes_once_the_operator_has_confirmed(hub: SmallHub, desk: Desk) -> None:
    waits = canonical.encode({})
    desk.states = [waits, waits, canonical.encode({2: e.an_enrolment_message()})]
    pauses: list[float] = []
    client = a_client(hub)
    message = wait_for_operator(client, begin(client, e.KEYS, CODE), 60, pauses.append)
    assert message == e.an_enrolment_message()
    assert len(pauses) == 2


def test_nobody_who_confirms_in_time_is_none(hub: SmallHub) -> None:
    client = a_client(hub)
    attempt = begin(client, e.KEYS, CODE)
    assert wait_for_operator(client, attempt, 3, lambda _: None) is None
    assert len(hub.wait_for(3, "/state")) == 3


@pytest.mark.parametrize(
    "state", [b"", b"\xff", canonical.encode([]), canonical.encode({2: 7}), canonical.encode("x")]
)
def test_a_state_that_cannot_be_read_is_no_hub(hub: SmallHub, desk: Desk, state: bytes) -> None:
    desk.states = [state]
    client = a_client(hub)
    attempt = begin(client, e.KEYS, CODE)
    if state == canonical.encode([]):
        assert wait_for_operator(client, attempt, 1, lambda _: None) is None
        return
    with pytest.raises(HubUnreachable):
        wait_for_operator(client, attempt, 1, lambda _: None)


def test_a_code_that_the_hub_refuses_is_refused_with_its_words(hub: SmallHub) -> None:
    body = b'{"type": "/problems/enrolment-refused", "detail": "The code was used."}'
    hub.answer = lambda _: Reply(body, 409, "application/problem+json")
    with pytest.raises(HubRefused, match=r"The code was used\.") as caught:
        begin(a_client(hub), e.KEYS, CODE)
    assert caught.value.extra["hub"] == "enrolment-refused"


@pytest.mark.parametrize("offer", [b"", b"\x00", e.an_enrolment_message(), b"\xd2\x84" * 50])
def test_an_offer_that_is_none_is_no_hub(hub: SmallHub, offer: bytes) -> None:
    hub.answer = lambda _: Reply(offer)
    with pytest.raises(HubUnreachable):
        begin(a_client(hub), e.KEYS, CODE)


def test_an_offer_signed_by_another_key_than_it_brings_is_no_hub(hub: SmallHub) -> None:
    public = b.a_sign_key("bundle").public_key().public_bytes_raw()
    offer = EnrolOffer(bytes(16), b.ISSUER, public, bytes(16), b.NOW_S)
    hub.answer = lambda _: Reply(offer.sign(b.a_sign_key("thief")))
    with pytest.raises(HubUnreachable, match="cannot be believed"):
        begin(a_client(hub), e.KEYS, CODE)


def test_the_hardware_has_a_name() -> None:
    assert 0 < len(hardware()) <= 128
