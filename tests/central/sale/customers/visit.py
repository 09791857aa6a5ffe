"""A customer in a browser: signed in by the code that his mail brings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from central.foundation.jobs.outbox import Courier, Message
from central.foundation.notices.mail import Mail
from central.foundation.notices.sms import Text
from central.foundation.notices.sms_settings import Templates
from central.sale.customers import codes, letters, store
from central.sale.customers.model import CustomerId, contact_of
from tests.central.builders import fill_in
from tests.central.sale.builders import Shop
from tests.central.sale.served import Open

MAIL, OTHER, MOBILE = "li@example.com", "wang@example.com", "13800138000"
_MAIL_TOML = 'host = "localhost"\nsecurity = "none"\nfrom = "shop@example.com"\n'
_SMS_TOML = (
    'access_key_id = "LTAI"\nsecret_file = "sms.secret"\nsign_name = "shop"\n\n'
    '[templates]\ncode = "SMS_6"\nchanged = "SMS_7"\n'
)


def with_mail(directory: Path) -> None:
    """Give a hub a mail server; nobody ever calls it."""
    (directory / "mail.toml").write_text(_MAIL_TOML)


def with_texts(directory: Path) -> None:
    """Give a hub a service for texts; nobody ever calls it."""
    (directory / "sms.toml").write_text(_SMS_TOML)


def post(shop: Shop) -> list[Mail | Text]:
    """Deliver all that lies in the outbox about accounts; return it."""
    sent: list[Mail | Text] = []
    office = shop.office

    def mail(message: Message) -> None:
        made = letters.compose(message, office)
        sent.extend([made] if made else [])

    def text(message: Message) -> None:
        made = letters.compose_text(message, office, Templates(code="SMS_6", changed="SMS_7"))
        sent.extend([made] if made else [])

    Courier({codes.MAIL_KIND: mail, codes.TEXT_KIND: text}, office.now_s).run_due()
    return sent


def code_in(letter: Mail | Text) -> str:
    """Return the six digits of a letter."""
    if isinstance(letter, Text):
        return str(letter.values["code"])
    found = re.search(r"\b[0-9]{6}\b", letter.text)
    assert found is not None
    return found[0]


def ask(client: FlaskClient, contact: str = MAIL, onward: str = "") -> Any:
    """Have a code sent, as the page does it."""
    page = "/my/sign-in" + (f"?next={onward}" if onward else "")
    return fill_in(client, page, page, contact=contact)


def type_code(client: FlaskClient, code: str) -> Any:
    """Type a code on the page that asks for it."""
    return fill_in(client, "/my/code", "/my/code", code=code)


def sign_in(opened: Open, client: FlaskClient, contact: str = MAIL) -> Any:
    """Go all the way; return the last answer."""
    assert ask(client, contact).status_code == 302
    return type_code(client, code_in(post(opened.shop)[-1]))


def customer(opened: Open, contact: str = MAIL) -> CustomerId:
    """Return the number of the account of an address."""
    made = contact_of(contact)
    assert made is not None
    found = store.with_contact(made, opened.shop.office.seal)
    assert found is not None
    return found.id
