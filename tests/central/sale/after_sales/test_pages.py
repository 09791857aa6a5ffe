"""A complaint and its answer, as the buyer and headquarters see them."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient

from central.sale.after_sales import store
from central.sale.after_sales.model import Case
from central.sale.orders import store as orders
from central.sale.orders.model import Order
from central.sale.orders.place import token_of
from tests.central.builders import as_person, csrf_token
from tests.central.sale.builders import CODE, KEY
from tests.central.sale.served import Open, press

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40


@pytest.fixture
def bought(opened: Open) -> Order:
    """A key that was delivered."""
    opened.shop.stock(range(2))
    return opened.shop.bought(KEY)


def page_of(opened: Open, order: Order) -> str:
    return f"/o/{token_of(order.id, opened.shop.office)}/help/1"


def send(client: FlaskClient, page: str, **fields: Any) -> Any:
    told = {"csrf_token": csrf_token(client, page), "reason": "used", "said": "it was used",
            "code": CODE}  # fmt: skip
    return client.post(page, data=told | fields)


def complained(opened: Open, order: Order, **fields: Any) -> Case:
    assert send(opened.buyer(), page_of(opened, order), **fields).status_code == 302
    return store.newest(1)[0]


@pytest.mark.parametrize(
    ("bent", "status", "said"),
    [
        ({"code": "not it"}, 403, "not the code of this order"),
        ({"reason": "bored"}, 400, "Choose what is wrong."),
        ({"said": " "}, 400, "Say what is wrong"),
        ({"picture": (BytesIO(b"<svg>"), "a.svg")}, 400, "A picture is PNG, JPEG or WebP"),
    ],
)
def test_what_cannot_be_taken_up_is_told_and_nothing_typed_is_lost(
    opened: Open, bought: Order, bent: dict[str, Any], status: int, said: str
) -> None:
    answer = send(opened.buyer(), page_of(opened, bought), **{"said": "my own words", **bent})
    assert (answer.status_code, said in answer.text) == (status, True), answer.text
    if "said" not in bent:
        assert "my own words</textarea>" in answer.text
    assert store.newest(1) == []


def test_what_is_sent_while_a_case_is_open_is_added_to_it(opened: Open, bought: Order) -> None:
    case = complained(opened, bought)
    assert complained(opened, bought, said="and this", picture=(BytesIO(PNG), "a.png")) == case
    assert [one.said for one in store.evidence(case.id)] == ["it was used", "and this"]
    page = page_of(opened, bought)
    press(opened.buyer(), page, f"{page}/withdraw")
    assert store.get(case.id).state == "withdrawn"


def test_what_was_never_looked_at_goes_back_by_the_form(opened: Open, bought: Order) -> None:
    case = complained(opened, bought, reason="changed-mind", said="")
    assert (case.state, case.refund) == ("refunded", orders.refunds(bought.id)[0].number)


def test_headquarters_answers_and_the_buyer_reads_it(opened: Open, bought: Order) -> None:
    case = complained(opened, bought)
    admin = as_person(opened.app, "admin")
    assert f'href="/after-sales/{case.id}"' in admin.get("/after-sales").text
    page = f"/after-sales/{case.id}"
    token = {"csrf_token": csrf_token(admin, page)}
    admin.post(f"{page}/reject", data=token | {"answer": ""})
    assert "Say why" in admin.get(page).text
    admin.post(f"{page}/say", data=token | {"answer": "asked the supplier"})
    assert "asked the supplier" in admin.get(page).text
    admin.post(f"{page}/replace", data=token | {"answer": "here is another"})
    assert store.get(case.id).state == "replaced"
    shown = opened.buyer().get(page_of(opened, bought)).text
    assert "here is another" in shown
    assert "asked the supplier" not in shown
    admin.post(f"{page}/refund", data=token | {"answer": "and the money"})
    assert "is not open any more" in admin.get(page).text
    assert orders.refunds(bought.id) == []


def test_who_may_only_read_sees_neither_button_nor_picture(opened: Open, bought: Order) -> None:
    case = complained(opened, bought, picture=(BytesIO(PNG), "a.png"))
    [shown] = store.evidence(case.id)
    page = f"/after-sales/{case.id}"
    viewer = as_person(opened.app, "viewer")
    text = viewer.get(page).text
    assert "it was used" in text
    assert "There is a picture that only those see who decide." in text
    assert "<form" not in text.partition("<main")[2]
    assert viewer.get(f"{page}/pictures/{shown.id}").status_code == 403
    admin = as_person(opened.app, "admin")
    picture = admin.get(f"{page}/pictures/{shown.id}")
    assert (picture.data, picture.content_type) == (PNG, "image/png")
    assert picture.headers["X-Content-Type-Options"] == "nosniff"
