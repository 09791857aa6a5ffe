"""What an address is told: a code, or that another address has taken its place.

A code stands in what carries it and nowhere else; it is put together when it is sent.
"""

from __future__ import annotations

from central.foundation.jobs import outbox
from central.foundation.notices.mail import Mail
from central.foundation.notices.sms import Text
from central.foundation.notices.sms_settings import Templates
from central.sale.customers.codes import code_of, contact_at
from central.sale.customers.model import CODE_S, Purpose
from central.sale.orders.office import Office

_CODE = {
    "zh-CN": (
        "验证码 {code}",
        (
            "您的验证码是 {code}，{minutes} 分钟内有效。\n\n"
            "请勿告诉任何人，我们也不会向您索要。如果不是您本人操作，请忽略本邮件。\n"
        ),
    ),
    "en": (
        "Your code is {code}",
        (
            "Your code is {code}. It is good for {minutes} minutes.\n\nTell it to nobody; we never"
            " ask for it. If you have not asked for it, nothing happens without it.\n"
        ),
    ),
}
_CHANGED = {
    "zh-CN": (
        "您账户的联系方式已更改",
        "您的账户已改用新的联系方式，此地址不再属于该账户。如果不是您本人操作，请立即联系商店。\n",
    ),
    "en": (
        "Your account has a new address",
        (
            "Your account has another address in place of this one. If this was not you, tell the"
            " shop at once.\n"
        ),
    ),
}


def compose(message: outbox.Message, office: Office) -> Mail | None:
    """Make the mail of a message; None once its code is used or too old."""
    number = str(message.body["code"])
    found = contact_at(number, office.now_s(), office)
    if found is None:
        return None
    purpose, contact, locale = found
    texts = _CHANGED if purpose is Purpose.CHANGED else _CODE
    subject, text = texts.get(locale, texts["en"])
    code = "" if purpose is Purpose.CHANGED else code_of(number, office.seal)
    said = {"code": code, "minutes": CODE_S // 60}
    return Mail(contact.text, subject.format(**said), text.format(**said))


def compose_text(message: outbox.Message, office: Office, templates: Templates) -> Text | None:
    """Make the text of a message; None once its code is used or too old, or without a template."""
    number = str(message.body["code"])
    found = contact_at(number, office.now_s(), office)
    if found is None:
        return None
    purpose, contact, _ = found
    if purpose is Purpose.CHANGED:
        return Text(contact.text, templates.changed, {}) if templates.changed else None
    return Text(contact.text, templates.code, {"code": code_of(number, office.seal)})
