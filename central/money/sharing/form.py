"""A rule set as a form: what the fields hold, and the JSON that they make. Pure.

Percentages and amounts are typed as people write them; what they may be, ``rule_body`` says.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from central.errors import RequestInvalid
from central.foundation.language.words import N_
from central.money.sharing.model import FixedLine, LevelLine, RuleSet
from central.money.sharing.rule_body import LINES_MAX, RuleInvalid
from edge.contract.money import decimal_text, parse_decimal

EMPTY_ROWS = 3
"""Lines that can be added at once; with the next saving there are as many again."""

_PARTS = ("kind", "to", "value", "cap")
_ROW = re.compile(rf"({'|'.join(_PARTS)})-[0-9]+", re.ASCII)
_PERCENT = re.compile(r"([0-9]{1,3})(?:[.,]([0-9]{1,4}))?", re.ASCII)
_DAYS = re.compile(r"[0-9]{1,4}", re.ASCII)


def percent(ppm: int) -> str:
    """Return a rate as a person reads it: ``percent(52_500) == "5.25 %"``."""
    text = f"{ppm // 10_000}.{ppm % 10_000:04d}".rstrip("0").rstrip(".")
    return f"{text} %"


def days_text(seconds: int) -> str:
    """Return a hold in days: ``7``, ``0.5``."""
    days = Decimal(seconds) / 86_400
    return f"{days:.4f}".rstrip("0").rstrip(".")


def fields_of(rule: RuleSet, currency: str) -> dict[str, str]:
    """Return what the fields hold for a rule set."""
    fields = {
        "base": str(rule.base), "over": str(rule.over), "total": _percent(rule.total_ppm),
        "paid_levels": str(rule.paid_levels), "hold_days": days_text(rule.hold_s),
        "inherits": "yes" if rule.inherits else "",
    }  # fmt: skip
    row = 0
    for line in rule.lines:
        if isinstance(line, LevelLine):
            fields |= {f"rate-{level}": _percent(ppm) for level, ppm in line.rates.items()}
            fields["same-level"] = _percent(line.same_level_ppm) if line.same_level_ppm else ""
            fields["level-cap"] = _amount(line.cap_minor, currency)
            continue
        fields[f"to-{row}"] = str(line.to)
        if isinstance(line, FixedLine):
            fields |= {f"kind-{row}": "fixed", f"value-{row}": _amount(line.minor, currency)}
        else:
            fields |= {f"kind-{row}": "ratio", f"value-{row}": _percent(line.ppm)}
            fields[f"cap-{row}"] = _amount(line.cap_minor, currency)
        row += 1
    return fields


def closed_up(fields: Mapping[str, str]) -> dict[str, str]:
    """Return what was typed without empty rows in between, so that rows are numbered as lines."""
    rest = {name: text for name, text in fields.items() if not _ROW.fullmatch(name)}
    for number, n in enumerate(n for n in range(LINES_MAX) if fields.get(f"kind-{n}")):
        rest |= {f"{part}-{number}": fields.get(f"{part}-{n}", "") for part in _PARTS}
    return rest


def rows_of(fields: Mapping[str, str]) -> range:
    """Return the numbers of the rows to show: those that are filled in, and some empty ones."""
    filled = [n for n in range(LINES_MAX) if fields.get(f"kind-{n}")]
    return range(min(LINES_MAX, (max(filled) + 1 if filled else 0) + EMPTY_ROWS))


def body_of(fields: Mapping[str, str], currency: str, levels: Sequence[str]) -> dict[str, Any]:
    """Return the JSON of a rule set from what was typed, which is closed up.

    Raises:
        RuleInvalid: something cannot be read; ``line`` is the row, counted from 1.
    """
    lines = [_line(fields, n, currency) for n in range(LINES_MAX) if fields.get(f"kind-{n}")]
    if any(fields.get(f"rate-{level}", "").strip() for level in levels):
        lines.append(_by_level(fields, currency, levels, len(lines) + 1))
    days = fields.get("hold_days", "").strip()
    if not _DAYS.fullmatch(days):
        raise RuleInvalid(N_("A hold is a whole number of days."))
    levels_paid = fields.get("paid_levels", "")
    return {
        "currency": currency,
        "base": fields.get("base"),
        "over": fields.get("over"),
        "inherits": fields.get("inherits") == "yes",
        "lines": lines,
        "total_ppm": _read_percent(fields.get("total", ""), 0),
        "paid_levels": int(levels_paid) if _DAYS.fullmatch(levels_paid) else None,
        "hold_s": int(days) * 86_400,
    }


def read_moment(text: str, zone: ZoneInfo) -> int:
    """Return a date and time as Unix seconds; it is the zone's own unless it says otherwise.

    Raises:
        RequestInvalid: it is neither, or of another age.
    """
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as exc:
        raise RequestInvalid(N_("A moment is written 2026-05-01T00:00.")) from exc
    if not 2000 <= moment.year < 2300:
        raise RequestInvalid(N_("A moment is written 2026-05-01T00:00."))
    return int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp())


def _line(fields: Mapping[str, str], n: int, currency: str) -> dict[str, Any]:
    number = n + 1
    value, cap = fields.get(f"value-{n}", ""), fields.get(f"cap-{n}", "").strip()
    line: dict[str, Any] = {"kind": fields[f"kind-{n}"], "to": fields.get(f"to-{n}")}
    if line["kind"] == "fixed":
        if cap:
            raise RuleInvalid(N_("A fixed amount needs no cap."), number)
        return line | {"minor": _read_amount(value, currency, number)}
    cap_minor = _read_amount(cap, currency, number) if cap else None
    return line | {"ppm": _read_percent(value, number), "cap_minor": cap_minor}


def _by_level(
    fields: Mapping[str, str], currency: str, levels: Sequence[str], number: int
) -> dict[str, Any]:
    same, cap = fields.get("same-level", "").strip(), fields.get("level-cap", "").strip()
    typed = {level: fields.get(f"rate-{level}", "").strip() for level in levels}
    return {
        "kind": "level",
        "rates": {level: _read_percent(text, number) for level, text in typed.items() if text},
        "same_level_ppm": _read_percent(same, number) if same else 0,
        "cap_minor": _read_amount(cap, currency, number) if cap else None,
    }


def _read_percent(text: str, line: int) -> int:
    match = _PERCENT.fullmatch(text.strip().removesuffix("%").strip())
    if not match:
        raise RuleInvalid(N_("A rate is a percentage such as 5 or 2.5."), line)
    return int(match[1]) * 10_000 + int((match[2] or "").ljust(4, "0"))


def _read_amount(text: str, currency: str, line: int) -> int:
    try:
        return parse_decimal(text, currency).minor
    except ValueError as exc:
        raise RuleInvalid(N_("An amount is a number such as 2.00."), line) from exc


def _percent(ppm: int) -> str:
    return percent(ppm).removesuffix(" %")


def _amount(minor: int | None, currency: str) -> str:
    return "" if minor is None else decimal_text(minor, currency)
