"""What a buyer is told by mail or text: where his order is. Never a key, never a code.

The message is put in the transaction that it tells of, once per order and event. Address, link
and text are put together when it is sent, so that the outbox holds none of them.
"""

from __future__ import annotations

from enum import StrEnum

from central.foundation.jobs import outbox
from central.foundation.notices.mail import Mail
from central.foundation.notices.settings import is_address
from central.foundation.notices.sms import Text
from central.foundation.notices.sms_settings import Templates, mobile_of
from central.sale.orders import store
from central.sale.orders.model import OrderId
from central.sale.orders.office import Office
from central.sale.orders.place import token_of
from central.sale.orders.private import contact_of

KIND = "mail"
TEXT_KIND = "sms"


class Told(StrEnum):
    """What a buyer is told of."""

    PAID = "paid"
    DELIVERED = "delivered"
    PATIENCE = "patience"
    """Something needs a person."""
    REFUNDED = "refunded"
    ANSWERED = "answered"
    """What he said is wrong has an answer."""


TEXTS: dict[str, dict[Told, tuple[str, str]]] = {
    "zh-CN": {
        Told.PAID: ("订单 {order} 已付款", "我们已收到 {price}，正在交付。"),
        Told.DELIVERED: (
            "订单 {order} 已交付", "打开订单页面并输入您自设的密码，即可查看所购内容。",
        ),
        Told.PATIENCE: (
            "订单 {order} 正在人工处理",
            "有工作人员正在处理您的订单。请放心：您会得到已付款的商品，或者退款。",
        ),
        Told.REFUNDED: ("订单 {order} 已退款", "{amount} 已按原支付方式退回。"),
        Told.ANSWERED: ("订单 {order} 的售后有答复", "打开订单页面查看我们的答复。"),
    },
    "en": {
        Told.PAID: ("Order {order} is paid", "We have received {price} and are delivering."),
        Told.DELIVERED: (
            "Order {order} is delivered",
            "Open the order's page and type the code that you chose to see what you bought.",
        ),
        Told.PATIENCE: (
            "Somebody is looking at order {order}",
            "Nothing is lost: you get what you have paid for, or your money back.",
        ),
        Told.REFUNDED: (
            "Money back for order {order}", "{amount} went back the way it was paid."
        ),
        Told.ANSWERED: (
            "An answer about order {order}", "Open the order's page to read our answer.",
        ),
    },
}  # fmt: skip
LINK = {"zh-CN": "订单页面：{link}", "en": "Your order: {link}"}
NO_LINK = {
    "zh-CN": "请打开您下单时保存的订单页面。",
    "en": "Open the address that you kept when you ordered.",
}
BEWARE = {
    "zh-CN": "我们不会通过邮件索要您的密码，邮件中也不会有卡密。",
    "en": "We never ask for your code by mail, and no mail of ours holds a key.",
}


def tell(order: OrderId, what: Told, at_s: int, office: Office, about: str = "") -> None:
    """Have the buyer told, if he is reached by mail or text. In the caller's transaction.

    Args:
        about: The refund, or the case, that he is told of.
    """
    contact = contact_of(order, office)
    if office.mails and is_address(contact):
        kind = KIND
    elif office.texts and mobile_of(contact):
        kind = TEXT_KIND
    else:
        return
    body = {"order": order, "told": str(what), "about": about}
    outbox.put(kind, f"{order} {about or what}", body, at_s)


def compose_text(message: outbox.Message, office: Office, templates: Templates) -> Text | None:
    """Make the text of a message; None if there is no template for what it tells of.

    Raises:
        NotFound: there is no such order, or refund.
    """
    order = store.get(str(message.body["order"]))
    told, about = Told(message.body["told"]), str(message.body["about"])
    template = str(getattr(templates, told))
    to = mobile_of(contact_of(order.id, office))
    if not template or to is None:
        return None
    values = {"order": str(order.id)}
    if told is Told.PAID:
        values["price"] = str(order.price)
    if told is Told.REFUNDED:
        values["amount"] = str(store.refund(about).amount)
    return Text(to, template, values)


def compose(message: outbox.Message, office: Office) -> Mail:
    """Make the mail of a message.

    Raises:
        NotFound: there is no such order, or refund.
    """
    order = store.get(str(message.body["order"]))
    told, about = Told(message.body["told"]), str(message.body["about"])
    locale = order.locale if order.locale in TEXTS else "en"
    subject, text = TEXTS[locale][told]
    said = {
        "order": order.id, "price": order.price,
        "amount": store.refund(about).amount if told is Told.REFUNDED else "",
    }  # fmt: skip
    link = f"{office.url}/o/{token_of(order.id, office)}" if office.url else ""
    where = LINK[locale].format(link=link) if link else NO_LINK[locale]
    lines = (text.format(**said), where, BEWARE[locale])
    return Mail(contact_of(order.id, office), subject.format(**said), "\n\n".join(lines) + "\n")
