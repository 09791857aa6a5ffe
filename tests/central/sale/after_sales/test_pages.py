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
from tests.central.foundation.pictures import a_picture
from tests.central.sale.builders import CODE, KEY
from tests.central.sale.served import Open, press

PNG = a_picture()


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
        ({"picture": (BytesIO(b"<svg>"), "a.svg")}, 422, "This is no picture"),
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
    wrong = admin.post(f"{page}/reject", data=token | {"answer": ""})
    assert (wrong.status_code, "Say why" in wrong.text) == (400, True)
    admin.post(f"{page}/say", data=token | {"answer": "asked the supplier"})
    assert "asked the supplier" in admin.get(page).text
    admin.post(f"{page}/replace", data=token | {"answer": "here is another"})
    assert store.get(case.id).state == "replaced"
    shown = opened.buyer().get(page_of(opened, bought)).text
    assert "here is another" in shown
    assert "asked the supplier" not in shown
    late = admin.post(f"{page}/refund", data=token | {"answer": "and the money"})
    assert (late.status_code, "is not open any more" in late.text) == (409, True)
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
    assert (picture.data[8:12], picture.content_type) == (b"WEBP", "image/webp")
    assert picture.headers["X-Content-Type-Options"] == "nosniff"


def test_headquarters_opens_cases_for_a_buyer_who_has_called(opened: Open) -> None:
    opened.shop.stock(range(4))
    order = opened.shop.bought(KEY, 3)
    page, path = f"/orders/{order.id}", f"/after-sales/orders/{order.id}"
    admin = as_person(opened.app, "admin")
    wrong = press(admin, page, path, n=["1"], reason="used", said=" ")
    assert (wrong.status_code, "Say what is wrong" in wrong.text) == (400, True)
    assert 'value="1" checked' in wrong.text
    assert "Choose what it is about." in press(admin, page, path, reason="used", said="x").text
    assert press(admin, page, path, n=["9"], reason="used", said="x").status_code == 404
    press(admin, page, path, n=["1", "2"], reason="used", said="he called",
          picture=(BytesIO(PNG), "a.png"))  # fmt: skip
    second, first = store.newest(9)
    assert [case.unit for case in (first, second)] == [f"{order.id}-1", f"{order.id}-2"]
    assert first.opened_by.startswith("admin")
    assert [e.picture for e in store.evidence(second.id)] == ["image/webp"]
    again = press(admin, page, path, n=["2", "3"], reason="used", said="again")
    assert (again.status_code, len(store.newest(9))) == (409, 2), "all of them, or none"
    shown = admin.get(page).text
    assert f'href="/after-sales/{first.id}"' in shown
    assert first.opened_by in shown.partition('id="story"')[2]
    token = {"csrf_token": csrf_token(admin, page)}
    part = {"answer": "we are sorry", "amount": "9.00"}
    wrong = admin.post(f"/after-sales/{first.id}/refund", data=token | part | {"amount": "nine"})
    assert "An amount is a number" in wrong.text
    assert "we are sorry</textarea>" in wrong.text
    admin.post(f"/after-sales/{first.id}/refund", data=token | part)
    assert orders.refunds(order.id)[0].amount.minor == 900
    buyers = opened.buyer().get(f"/o/{token_of(order.id, opened.shop.office)}").text
    assert "we are sorry" in buyers
    assert "waits for an answer" in buyers
    assert "he called" not in buyers


def test_who_may_only_read_opens_no_case(opened: Open, bought: Order) -> None:
    viewer = as_person(opened.app, "viewer")
    assert "Open a case" not in viewer.get(f"/orders/{bought.id}").text
    token = {"csrf_token": csrf_token(viewer, "/account")}
    assert viewer.post(f"/after-sales/orders/{bought.id}", data=token).status_code == 403
