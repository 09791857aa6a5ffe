"""Reads what somebody has filled in on the vault's pages."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from flask import request

from central.errors import RequestInvalid
from central.foundation.language.words import N_
from central.supply.cards.intake.read_file import Layout, Source, from_bytes
from central.supply.cards.model import Intake
from edge.contract.money import parse_decimal

PAID = {"account": "2210", "prepaid": "1040"}


def read_import(currency: str, timezone: str) -> tuple[Intake, Source]:
    """Return what is said of the keys, and the file or the pasted text.

    Raises:
        RequestInvalid: something cannot be read; the sentence says what.
    """
    form = request.form
    supplier = form.get("supplier", "").strip()
    try:
        cost = parse_decimal(form.get("cost", "").strip(), currency)
        heading = PAID[form.get("paid", "account")]
        layout = Layout(form.get("layout", "auto"))
    except (ValueError, KeyError) as exc:
        raise RequestInvalid(N_("Say what one key costs, as 9.50.")) from exc
    intake = Intake(
        form.get("sku", "").strip(), supplier, f"{heading}.{supplier}", cost,
        expiry(form.get("expires", ""), timezone), form.get("note", "").strip(),
    )  # fmt: skip
    file = request.files.get("file")
    content = file.read() if file else b""
    name = (file.filename if file and content else "") or "pasted text"
    content = content or form.get("text", "").encode()
    if not content.strip():
        raise RequestInvalid(N_("Choose a file, or paste its lines."))
    return intake, from_bytes(name, content, layout)


def expiry(text: str, timezone: str) -> int | None:
    """Return the moment after a last day, Unix seconds; None for no day.

    Raises:
        RequestInvalid: there is no such day.
    """
    if not text:
        return None
    try:
        day = dt.date.fromisoformat(text)
        if not 2000 <= day.year < 2300:
            raise ValueError(text)
    except ValueError as exc:
        raise RequestInvalid(N_("A day is written 2026-04-11.")) from exc
    after = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), ZoneInfo(timezone))
    return int(after.timestamp())


def reason() -> str:
    """Return why something is done.

    Raises:
        RequestInvalid: nothing was said, or too much.
    """
    why = request.form.get("reason", "").strip()
    if not 1 <= len(why) <= 200:
        raise RequestInvalid(N_("Say why, in 1 to 200 characters."))
    return why


def count() -> int:
    """Return how many keys somebody wants.

    Raises:
        RequestInvalid: that is no number.
    """
    text = request.form.get("count", "").strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 6):
        raise RequestInvalid(N_("Say how many, as a number."))
    return int(text)


def number(name: str) -> int:
    """Return a number that stands in the address; 0 if there is none."""
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else 0
