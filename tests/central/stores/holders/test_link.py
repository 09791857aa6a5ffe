"""Links to a voucher: one phone at a time, and a log that says who has changed that."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from central.errors import Conflict, HubError, NotFound, OnAnotherPhone, RequestInvalid
from central.foundation.db.engine import HUB, rows
from central.stores.holders.link import address_of, events_of, make_link, open_link, unlock
from edge.contract.ids import VoucherId
from tests import builders as b
from tests.central.builders import Database, a_voucher, at_once, furnish

PHONE, OTHER = b"\x04" + b"p" * 64, b"\x04" + b"o" * 64
AT_S = b.NOW_S


@pytest.fixture(autouse=True)
def _hub(hub_database: Database) -> None:
    furnish()


def happened(voucher_id: VoucherId) -> list[str]:
    return [str(event.event) for event in reversed(events_of(voucher_id))]


def test_the_first_phone_that_opens_a_link_has_the_voucher() -> None:
    voucher_id = a_voucher().voucher_id
    token = make_link(voucher_id, "anna", AT_S)
    assert open_link(token, PHONE, AT_S) == voucher_id
    assert open_link(token, PHONE, AT_S + 9) == voucher_id
    with pytest.raises(OnAnotherPhone):
        open_link(token, OTHER, AT_S + 10)
    assert happened(voucher_id) == ["made", "locked", "refused"]


def test_the_secret_of_a_link_is_kept_nowhere() -> None:
    token = make_link(a_voucher().voucher_id, "anna", AT_S)
    for table in ("holder_link", "holder_event"):
        assert token not in repr(rows(f"SELECT * FROM {table}"))
    assert address_of(token, "https://hub.example/") == f"https://hub.example/h/#{token}"


def test_a_phone_that_tries_on_does_not_fill_the_log() -> None:
    voucher_id = a_voucher().voucher_id
    token = make_link(voucher_id, "anna", AT_S)
    open_link(token, PHONE, AT_S)
    for second in range(20):
        with pytest.raises(OnAnotherPhone):
            open_link(token, OTHER, AT_S + second)
    assert happened(voucher_id).count("refused") == 1


def test_staff_unlock_a_voucher_for_the_next_phone_and_it_is_noted_who_and_why() -> None:
    voucher_id = a_voucher().voucher_id
    token = make_link(voucher_id, "anna", AT_S)
    open_link(token, PHONE, AT_S)
    unlock(voucher_id, "li", " lost his phone ", AT_S + 60)
    assert open_link(token, OTHER, AT_S + 61) == voucher_id
    with pytest.raises(OnAnotherPhone):
        open_link(token, PHONE, AT_S + 62)
    [unlocked] = [e for e in events_of(voucher_id) if e.event == "unlocked"]
    assert (unlocked.who, unlocked.said, unlocked.at_s) == ("li", "lost his phone", AT_S + 60)


def test_a_new_link_takes_the_place_of_one_that_nobody_has_opened() -> None:
    voucher_id = a_voucher().voucher_id
    old, new = (make_link(voucher_id, "anna", AT_S) for _ in range(2))
    with pytest.raises(NotFound):
        open_link(old, PHONE, AT_S)
    assert open_link(new, PHONE, AT_S) == voucher_id
    assert happened(voucher_id) == ["made", "withdrawn", "made", "locked"]


@pytest.mark.parametrize(
    ("error", "work"),
    [
        (NotFound, lambda _: make_link(VoucherId(5), "anna", AT_S)),
        (NotFound, lambda _: open_link("x" * 32, PHONE, AT_S)),
        (Conflict, lambda v: unlock(v, "li", "why", AT_S)),
        (RequestInvalid, lambda v: unlock(v, "li", "  ", AT_S)),
        (RequestInvalid, lambda v: unlock(v, "li", "x" * 501, AT_S)),
    ],
    ids=["no voucher", "no link", "on no phone", "no reason", "too long a reason"],
)
def test_what_cannot_be_done_says_so(
    error: type[HubError], work: Callable[[VoucherId], object]
) -> None:
    with pytest.raises(error):
        work(a_voucher().voucher_id)


def test_a_voucher_on_a_phone_gets_no_other_link() -> None:
    voucher_id = a_voucher().voucher_id
    open_link(make_link(voucher_id, "anna", AT_S), PHONE, AT_S)
    with pytest.raises(Conflict):
        make_link(voucher_id, "anna", AT_S)


def test_of_many_phones_at_once_one_has_it() -> None:
    voucher_id = a_voucher().voucher_id
    token = make_link(voucher_id, "anna", AT_S)
    keys = [b"\x04" + bytes([n]) * 64 for n in range(4)]
    answers = at_once(4, lambda n: open_link(token, keys[n], AT_S))
    assert sorted(type(a).__name__ for a in answers) == ["OnAnotherPhone"] * 3 + ["int"]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM holder_event",
        "UPDATE holder_event SET who = 'nobody'",
        "DELETE FROM holder_link",
        "UPDATE holder_link SET voucher_id = 1",
        (
            "INSERT INTO holder_link (voucher_id, token_hash, made_at_s, made_by)"
            " SELECT voucher_id, 'x', 1, 'x' FROM holder_link"
        ),
    ],
)
def test_the_schema_keeps_links_as_they_are(statement: str) -> None:
    make_link(a_voucher().voucher_id, "anna", AT_S)
    with pytest.raises(Exception, match=r"holders: |UNIQUE|unique|constraint"), HUB.obj.atomic():
        HUB.execute_sql(statement)
