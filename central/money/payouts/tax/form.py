"""A schedule of taxes as a page's form has it. Amounts and percentages as people write them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from central.errors import RequestInvalid
from central.foundation.language.said import Saying
from central.foundation.language.written import minor, ppm
from central.money.payouts.tax.schedule import BRACKETS_MAX, Schedule
from edge.contract.money import decimal_text

ROWS = 8
"""Brackets that the form offers; a longer schedule is put in force by file or over the API."""
assert ROWS <= BRACKETS_MAX, "what the form can say is a schedule"


def typed_of(schedule: Schedule, currency: str) -> MultiDict[str, str]:
    """Return a schedule as the form shows it."""

    def amount(units: int) -> str:
        return decimal_text(units, currency)

    typed = MultiDict(
        {
            "name": schedule.name, "period": schedule.period, "free": amount(schedule.free),
            "flat_up_to": amount(schedule.flat_up_to), "flat": amount(schedule.flat),
            "deducted": percent_text(schedule.deducted_ppm),
        }
    )  # fmt: skip
    for one in schedule.brackets:
        typed.add("up_to", "" if one.up_to is None else amount(one.up_to))
        typed.add("rate", percent_text(one.ppm))
        typed.add("quick", amount(one.quick))
    return typed


def body_of(typed: MultiDict[str, str], currency: str) -> str:
    """Return what the form says as the JSON of a schedule.

    Rows without a rate are left out.

    Raises:
        RequestInvalid: an amount or a percentage cannot be read.
    """

    def amount(name: str) -> int:
        return minor(typed.get(name, "") or "0", currency)

    rows = zip(*(typed.getlist(name) for name in ("up_to", "rate", "quick")), strict=False)
    brackets: list[Mapping[str, Any]] = [
        {
            "up_to": minor(up_to, currency) if up_to.strip() else None,
            "ppm": ppm(rate),
            "quick": minor(quick.strip() or "0", currency),
        }
        for up_to, rate, quick in rows
        if up_to.strip() or rate.strip() or quick.strip()
    ]
    if not brackets:
        raise RequestInvalid(Saying("tax-no-brackets"))
    body = {
        "name": typed.get("name", "").strip(),
        "period": typed.get("period", ""),
        "free": amount("free"),
        "flat_up_to": amount("flat_up_to"),
        "flat": amount("flat"),
        "deducted_ppm": ppm(typed.get("deducted", "") or "0"),
        "brackets": brackets,
    }
    return json.dumps(body, ensure_ascii=False)


def percent_text(parts: int) -> str:
    """Return parts per million as a field of the form has them: ``"20"``, ``"0.6"``."""
    whole, rest = divmod(parts, 10_000)
    decimals = f"{rest:04d}".rstrip("0")
    return f"{whole}.{decimals}" if decimals else str(whole)
