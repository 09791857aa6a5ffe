"""What buyers are told by mail: once each, in their language, and never a key."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from central.foundation.db.engine import rows
from central.foundation.jobs.outbox import Courier, Message, counts
from central.foundation.notices.mail import Mail
from central.foundation.notices.sms import Text
from central.foundation.notices.sms_settings import Templates
from central.sale.orders import mail, pay, serve, store
from central.sale.orders.mail import TEXTS, Told, compose, compose_text
from central.sale.orders.model import Order
from central.sale.orders.place import token_of
from tests.central.channel import WECHAT
from tests.central.sale.builders import BY_HAND, CODE, KEY, Shop
from tests.central.supply.cards.builders import secret

URL = "https://shop.example"


@pytest.fixture
def telling(shop: Shop) -> Shop:
    """A shop that has a mail server."""
    shop.office = dataclasses.replace(shop.office, mails=True, url=URL)
    return shop


def told(shop: Shop) -> list[tuple[str, Mail]]:
    """Deliver what is due; return what of, and the mail."""
    sent: list[tuple[str, Mail]] = []

    def take(message: Message) -> None:
        sent.append((message.body["told"], compose(message, shop.office)))

    Courier({mail.KIND: take}, shop.office.now_s).run_due()
    return sent


def outbox_text() -> str:
    return " ".join(str(row) for row in rows("SELECT kind, key, body FROM outbox"))


def test_a_buyer_hears_of_the_payment_the_delivery_and_the_money_back(telling: Shop) -> None:
    telling.stock(range(1))
    order = telling.bought(KEY, contact="li@example.com", locale="zh-CN")
    telling.refund_all(order.id)
    mails = told(telling)
    assert [what for what, _ in mails] == ["paid", "delivered", "refunded"]
    link = f"{URL}/o/{token_of(order.id, telling.office)}"
    for _, one in mails:
        assert one.to == "li@example.com"
        assert order.id in one.subject
        assert link in one.text
        for hidden in (secret(0), CODE):
            assert hidden not in one.subject + one.text
    assert "已付款" in mails[0][1].subject
    assert "49.00" in mails[2][1].text
    assert told(telling) == []


def test_the_outbox_holds_neither_address_nor_link(telling: Shop) -> None:
    order = telling.paid(BY_HAND, contact="li@example.com")
    text = outbox_text()
    assert order.id in text
    for hidden in ("li@example.com", token_of(order.id, telling.office), URL):
        assert hidden not in text


def test_whoever_waits_for_a_person_is_told_once(telling: Shop) -> None:
    telling.stock(range(1))
    order = telling.order(KEY, locale="en").order
    payment = pay.ask_to_pay(order.id, WECHAT, telling.office)
    telling.channel.pay(WECHAT, payment.number)
    telling.forward(3600)
    telling.bought(KEY, contact="")
    telling.hear(payment.number)
    telling.serve()
    [unit] = store.units(order.id)
    for _ in range(2):
        serve.refill(unit.id, "amy", telling.office)
    mails = told(telling)
    assert [what for what, _ in mails] == ["paid", "patience"]
    assert mails[1][1].subject == f"Somebody is looking at order {order.id}"


@pytest.mark.parametrize("contact", ["", "13800138000", "li", "li@example.com,b@example.com"])
def test_who_is_not_reached_by_mail_is_not_told(telling: Shop, contact: str) -> None:
    telling.paid(BY_HAND, contact=contact)
    assert counts() == {}


def test_a_hub_without_a_mail_server_keeps_nothing_for_later(shop: Shop) -> None:
    order: Order = shop.paid(BY_HAND, contact="li@example.com")
    shop.refund_all(order.id)
    assert counts() == {}


def test_without_an_address_of_the_hub_a_mail_has_no_link(telling: Shop) -> None:
    telling.office = dataclasses.replace(telling.office, url="")
    order = telling.paid(BY_HAND, contact="li@example.com", locale="en")
    [(_, one)] = told(telling)
    assert "/o/" not in one.text
    assert "Open the address that you kept" in one.text
    assert order.id in one.subject


def test_every_text_is_there_in_both_languages() -> None:
    holes: Any = {"order": "O1", "price": "1.00 CNY", "amount": "1.00 CNY"}
    for texts in TEXTS.values():
        assert set(texts) == set(Told)
        for subject, text in texts.values():
            assert "O1" in subject.format(**holes)
            assert "{" not in text.format(**holes)


TEMPLATES = Templates(paid="SMS_1", delivered="SMS_2", refunded="SMS_4")


def test_who_has_left_a_mobile_number_is_told_by_text_where_there_are_templates(
    shop: Shop,
) -> None:
    shop.office = dataclasses.replace(shop.office, texts=True, mails=True, url=URL)
    shop.stock(range(1))
    order = shop.bought(KEY, contact="+86 138 0013 8000", locale="zh-CN")
    shop.refund_all(order.id)
    assert "0013" not in outbox_text()
    sent: list[Text | None] = []
    Courier(
        {mail.TEXT_KIND: lambda m: sent.append(compose_text(m, shop.office, TEMPLATES))},
        shop.office.now_s,
    ).run_due()
    assert sent == [
        Text("13800138000", "SMS_1", {"order": order.id, "price": "CNY 49.00"}),
        Text("13800138000", "SMS_2", {"order": order.id}),
        Text("13800138000", "SMS_4", {"order": order.id, "amount": "CNY 49.00"}),
    ]


def test_what_has_no_template_is_told_to_nobody(shop: Shop) -> None:
    shop.office = dataclasses.replace(shop.office, texts=True)
    shop.paid(BY_HAND, contact="13800138000")
    sent: list[Text | None] = []
    none = Templates(refunded="SMS_4")
    Courier(
        {mail.TEXT_KIND: lambda m: sent.append(compose_text(m, shop.office, none))},
        shop.office.now_s,
    ).run_due()
    assert set(sent) == {None}
