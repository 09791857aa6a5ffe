"""Signing in by a code: for its owner, once, for ten minutes, and telling strangers nothing."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from central.errors import NotPermitted
from central.foundation.db.engine import rows
from central.sale.customers import accounts, codes, store
from central.sale.customers.model import (
    CODE_S,
    CONTACT_PER_DAY,
    CONTACT_PER_HOUR,
    DAY_S,
    FRESH_S,
    HOUR_S,
    NETWORK_PER_HOUR,
    SESSION_S,
    TRIES_MAX,
    CustomerState,
    contact_of,
)
from tests.central.builders import at_once, fill_in
from tests.central.sale.builders import Shop
from tests.central.sale.customers.visit import (
    MAIL,
    MOBILE,
    OTHER,
    ask,
    code_in,
    customer,
    post,
    sign_in,
    type_code,
)
from tests.central.sale.served import Open


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def asked(shop: Shop, contact: str = MAIL, network: str = "192.0.2.1") -> str:
    return accounts.ask_to_sign_in(contact, network, "en", shop.office)


@pytest.mark.parametrize(
    ("typed", "kind", "text"),
    [
        (" Li@Example.com ", "mail", "li@example.com"),
        ("138 0013 8000", "mobile", "13800138000"),
        ("+86-138-0013-8000", "mobile", "13800138000"),
    ],
)
def test_an_address_is_one_however_it_is_written(typed: str, kind: str, text: str) -> None:
    assert contact_of(typed) == (kind, text)


@pytest.mark.parametrize("typed", ["", "li", "li@", "a@b.c,d@e.f", "12345678901", "li@x y.com"])
def test_what_is_no_address_is_none(typed: str) -> None:
    assert contact_of(typed) is None


@pytest.mark.parametrize("contact", [MAIL, MOBILE])
def test_whoever_types_his_code_is_signed_in(
    opened: Open, client: FlaskClient, contact: str
) -> None:
    assert client.get("/my").location == "/my/sign-in?next=/my"
    answer = sign_in(opened, client, contact)
    assert (answer.status_code, answer.location) == (302, "/my")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "My orders" in client.get("/my").text
    own = customer(opened, contact)
    second = opened.buyer()
    sign_in(opened, second, contact.upper())
    assert customer(opened, contact) == own  # the same account, however it is written
    assert rows("SELECT count(*) FROM customer") == [(1,)]


def test_one_is_led_to_where_one_wanted_to_go_and_never_elsewhere(
    opened: Open, client: FlaskClient
) -> None:
    for onward, leads in (("/my/balance", "/my/balance"), ("//evil.example", "/my")):
        ask(client, MAIL, onward)
        assert type_code(client, code_in(post(opened.shop)[-1])).location == leads


def test_the_answer_does_not_tell_whether_an_address_is_known(opened: Open) -> None:
    sign_in(opened, opened.buyer(), MAIL)
    told = []
    for contact in (MAIL, OTHER):
        client = opened.buyer()
        first = ask(client, contact)
        page = client.get("/my/code").text.replace(contact, "X")
        wrong = type_code(client, other_than(code_in(post(opened.shop)[-1])))
        token = page.split('csrf_token" value="')[1].split('"')[0]
        told.append((first.status_code, first.location, page.replace(token, ""),
                     wrong.status_code))  # fmt: skip
    assert told[0] == told[1]


def test_a_code_lies_in_no_table_and_no_log(
    opened: Open, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    ask(client)
    code = code_in(post(opened.shop)[-1])
    for table in ("address_code", "outbox", "customer_session", "customer"):
        kept = str(rows(f"SELECT * FROM {table}"))
        assert code not in kept
        assert MAIL not in kept
    assert code not in caplog.text
    assert MAIL not in caplog.text


def test_a_code_serves_once(opened: Open, client: FlaskClient) -> None:
    number = asked(opened.shop)
    code = codes.code_of(number, opened.shop.office.seal)
    accounts.sign_in(number, code, opened.shop.office)
    with pytest.raises(NotPermitted):
        accounts.sign_in(number, code, opened.shop.office)
    assert rows("SELECT count(*) FROM customer_session") == [(1,)]


def test_of_two_who_type_one_code_at_once_one_gets_in(any_shop: Shop) -> None:
    office = any_shop.office
    number = asked(any_shop)
    code = codes.code_of(number, office.seal)
    found = at_once(2, lambda _: accounts.sign_in(number, code, office))
    assert sorted(type(one).__name__ for one in found) == ["NotPermitted", "str"]


def test_two_first_codes_of_one_address_are_one_account(any_shop: Shop) -> None:
    office = any_shop.office
    numbers = [asked(any_shop) for _ in range(2)]
    found = at_once(
        2, lambda n: accounts.sign_in(numbers[n], codes.code_of(numbers[n], office.seal), office)
    )
    assert [type(one) for one in found] == [str, str]
    assert rows("SELECT count(*) FROM customer") == [(1,)]


def test_a_code_is_good_for_ten_minutes(shop: Shop) -> None:
    office = shop.office
    number = asked(shop)
    shop.forward(CODE_S)
    with pytest.raises(NotPermitted):
        accounts.sign_in(number, codes.code_of(number, office.seal), office)
    assert post(shop) == []  # and is sent to nobody any more


def test_after_five_wrong_ones_the_right_one_is_wrong_too(shop: Shop) -> None:
    office = shop.office
    number = asked(shop)
    code = codes.code_of(number, office.seal)
    for _ in range(TRIES_MAX):
        with pytest.raises(NotPermitted):
            accounts.sign_in(number, other_than(code), office)
    with pytest.raises(NotPermitted):
        accounts.sign_in(number, code, office)
    assert rows("SELECT tries FROM address_code") == [(TRIES_MAX,)]


def test_many_who_guess_at_once_have_five_tries_together(any_shop: Shop) -> None:
    office = any_shop.office
    number = asked(any_shop)
    wrong = other_than(codes.code_of(number, office.seal))

    def guess(_: int) -> None:
        accounts.sign_in(number, wrong, office)

    assert {type(one) for one in at_once(8, guess)} == {NotPermitted}
    assert rows("SELECT tries FROM address_code") == [(TRIES_MAX,)]


def test_a_code_is_of_no_use_in_another_browser(opened: Open, client: FlaskClient) -> None:
    ask(client)
    code = code_in(post(opened.shop)[-1])
    other = opened.buyer()
    assert other.get("/my/code").location == "/my/sign-in"
    ask(other, OTHER)
    assert type_code(other, code).status_code == 403
    assert type_code(client, code).status_code == 302


def test_an_address_is_not_flooded_whoever_asks(opened: Open) -> None:
    office = opened.shop.office
    for n in range(CONTACT_PER_HOUR):
        asked(opened.shop, MAIL, f"192.0.2.{n}")
    client = opened.buyer()
    answer = ask(client)
    assert answer.status_code == 429
    assert "Too many codes were asked for." in answer.text
    asked(opened.shop, OTHER)  # nobody else is kept waiting
    opened.shop.forward(HOUR_S)
    for n in range(CONTACT_PER_DAY - CONTACT_PER_HOUR):
        asked(opened.shop, MAIL, f"198.51.100.{n}")
    opened.shop.forward(HOUR_S)
    assert ask(opened.buyer()).status_code == 429
    opened.shop.forward(DAY_S)
    assert codes.forget_old(office.now_s())[0] == CONTACT_PER_DAY + 1
    asked(opened.shop)


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        ("192.0.2.1", "192.0.2.1", True), ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True), ("2001:db8::1", "2001:db8:0:1::1", False),
    ],
)  # fmt: skip
def test_a_network_counts_as_one(first: str, second: str, is_one: bool) -> None:
    assert (codes.network_of(first) == codes.network_of(second)) == is_one


def test_a_network_does_not_flood_others(shop: Shop) -> None:
    for n in range(NETWORK_PER_HOUR):
        asked(shop, f"a{n}@example.com", "2001:db8::1")
    with pytest.raises(Exception, match="Too many codes"):
        asked(shop, "b@example.com", "2001:db8::2")
    asked(shop, "b@example.com", "2001:db8:0:1::2")


def test_a_session_cannot_be_handed_to_somebody(opened: Open, client: FlaskClient) -> None:
    """Fixation: what a browser brings along before it signs in opens nothing afterwards."""
    client.set_cookie("tearoff-customer", "A" * 43)
    sign_in(opened, client)
    cookie = client.get_cookie("tearoff-customer")
    assert cookie is not None
    assert cookie.value != "A" * 43
    thief = opened.buyer()
    thief.set_cookie("tearoff-customer", "A" * 43)
    assert thief.get("/my").status_code == 302
    sign_in(opened, client)  # anew: the token of before is over
    thief.set_cookie("tearoff-customer", cookie.value)
    assert thief.get("/my").status_code == 302


def test_a_form_needs_the_token_of_its_own_browser(opened: Open, client: FlaskClient) -> None:
    sign_in(opened, client)
    stranger = opened.buyer()
    stranger.get("/shop")
    for path in ("/my/sign-out", "/my/delete", "/my/contact", "/my/balance", "/my/orders"):
        assert client.post(path).status_code == 400, path
    assert client.get("/my").status_code == 200


def test_signing_out_here_leaves_the_other_browser_in_and_everywhere_does_not(
    opened: Open, client: FlaskClient
) -> None:
    other = opened.buyer()
    sign_in(opened, client)
    sign_in(opened, other)
    fill_in(client, "/my/sign-out", "/my/account")
    assert client.get("/my").status_code == 302
    assert other.get("/my").status_code == 200
    sign_in(opened, client)
    fill_in(client, "/my/sign-out-everywhere", "/my/account")
    for browser in (client, other):
        assert browser.get("/my").status_code == 302


def test_a_session_ends_after_thirty_days(opened: Open, client: FlaskClient) -> None:
    sign_in(opened, client)
    opened.shop.forward(SESSION_S)
    assert client.get("/my").status_code == 302
    assert codes.forget_old(opened.shop.office.now_s()) == (1, 1)


def test_whoever_is_stopped_is_out_at_once_and_stays_out(opened: Open, client: FlaskClient) -> None:
    sign_in(opened, client)
    number = customer(opened)
    store.move(number, CustomerState.STOPPED)
    assert client.get("/my").status_code == 302
    answer = sign_in(opened, client)
    assert answer.status_code == 403
    assert "This account is stopped." in answer.text
    store.move(number, CustomerState.ACTIVE)
    assert sign_in(opened, client).status_code == 302


def test_an_address_is_changed_by_a_code_to_the_new_one_and_the_old_one_is_told(
    opened: Open, client: FlaskClient
) -> None:
    sign_in(opened, client)
    own = customer(opened)
    fill_in(client, "/my/contact", "/my/account", contact=OTHER)
    [letter] = post(opened.shop)
    assert letter.to == OTHER
    assert type_code(client, code_in(letter)).location == "/my/account"
    assert OTHER in client.get("/my/account").text
    [told] = post(opened.shop)
    assert told.to == MAIL
    fill_in(client, "/my/contact", "/my/account", contact=MOBILE)
    type_code(client, code_in(post(opened.shop)[-1]))  # beside it, not in place of it
    assert post(opened.shop) == []
    assert customer(opened, OTHER) == customer(opened, MOBILE) == own
    sign_in(opened, opened.buyer(), MAIL)
    assert customer(opened, MAIL) != own


def test_an_address_of_another_account_is_not_taken(opened: Open, client: FlaskClient) -> None:
    sign_in(opened, opened.buyer(), OTHER)
    sign_in(opened, client)
    fill_in(client, "/my/contact", "/my/account", contact=OTHER)
    answer = type_code(client, code_in(post(opened.shop)[-1]))
    assert answer.status_code == 409
    assert "has an account of its own" in answer.text
    assert customer(opened, OTHER) != customer(opened, MAIL)


def test_what_was_left_open_does_not_change_the_account(opened: Open, client: FlaskClient) -> None:
    sign_in(opened, client)
    opened.shop.forward(FRESH_S + 1)
    assert "/my/contact" not in client.get("/my/account").text
    assert fill_in(client, "/my/contact", "/my/account", contact=OTHER).status_code == 403
    assert fill_in(client, "/my/delete", "/my/account", sure="yes").status_code == 403
    fill_in(client, "/my/prove", "/my/account", kind="mail")
    [letter] = post(opened.shop)
    assert letter.to == MAIL
    assert type_code(client, code_in(letter)).location == "/my/account"
    assert "/my/contact" in client.get("/my/account").text


@pytest.mark.parametrize(
    "onward", ["//evil.example", "javascript:alert(1)", "https://evil.example"]
)
def test_no_form_leads_elsewhere(opened: Open, client: FlaskClient, onward: str) -> None:
    sign_in(opened, client)
    fill_in(client, "/my/prove", "/my/account", kind="mail", next=onward)
    assert "evil" not in client.get("/my/code").text
    assert "alert" not in client.get("/my/code").text
    assert type_code(client, code_in(post(opened.shop)[-1])).location == "/my"


def test_a_code_to_sign_in_proves_nothing_else(opened: Open, client: FlaskClient) -> None:
    """Or whoever gets a customer to tell a code could have his address changed by it."""
    office = opened.shop.office
    sign_in(opened, client)
    number = asked(opened.shop)
    token = client.get_cookie("tearoff-customer")
    assert token is not None
    who = store.signed_in(token.value, office.now_s(), office.seal)
    assert who is not None
    with pytest.raises(NotPermitted):
        accounts.change_contact(who, number, codes.code_of(number, office.seal), office)
    theirs = accounts.ask_for_contact(who, OTHER, "192.0.2.1", office)
    sign_in(opened, opened.buyer(), MOBILE)
    stranger = accounts.sign_in(*_signed(opened, MOBILE), office)
    other = store.signed_in(stranger, office.now_s(), office.seal)
    assert other is not None
    with pytest.raises(NotPermitted):
        accounts.change_contact(other, theirs, codes.code_of(theirs, office.seal), office)


def _signed(opened: Open, contact: str) -> tuple[str, str]:
    number = asked(opened.shop, contact)
    return number, codes.code_of(number, opened.shop.office.seal)
