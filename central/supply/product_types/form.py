"""A product type as a form: what the fields hold, and the JSON that they make. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from central.supply.product_types.model import FieldKind, TypeVersion
from central.supply.product_types.type_body import to_body

EMPTY_ROWS = 2
"""Fields that can be added at once; with the next saving there are as many again."""
_NUMBERED = (
    "id", "kind", "zh", "en", "help_zh", "help_en", "required", "pii", "pattern", "min", "max",
    "choices",
)  # fmt: skip
_ROW = re.compile(rf"(?:{'|'.join(_NUMBERED)})-([0-9]{{1,3}})", re.ASCII)
_WHOLE = re.compile(r"-?[0-9]{1,16}", re.ASCII)


def fields_of(version: TypeVersion, zone: ZoneInfo) -> dict[str, str]:
    """Return what the form holds for a version."""
    body = to_body(version.body)
    validity = version.body.validity
    until = dt.datetime.fromtimestamp(validity.until_s, zone) if validity.until_s else None
    typed = {
        "zh": version.names["zh-CN"], "en": version.names["en"],
        "fulfilment": str(version.fulfilment), "delivery_zh": body["delivery"]["zh-CN"],
        "delivery_en": body["delivery"]["en"], "validity": str(validity.kind),
        "days": str(validity.days or ""), "until": f"{until:%Y-%m-%d}" if until else "",
    }  # fmt: skip
    for n, one in enumerate(body["fields"]):
        choices = [
            f"{c['value']} | {c['label']['zh-CN']} | {c['label']['en']}"
            for c in one.get("choices", [])
        ]
        row = {
            "id": one["id"], "kind": one["kind"], "zh": one["label"]["zh-CN"],
            "en": one["label"]["en"], "help_zh": one["help"]["zh-CN"],
            "help_en": one["help"]["en"], "required": "yes" if one["required"] else "",
            "pii": "yes" if one["pii"] else "", "pattern": one.get("pattern", ""),
            "min": str(one.get("min", "")), "max": str(one.get("max", "")),
            "choices": "\n".join(choices),
        }  # fmt: skip
        typed |= {f"{key}-{n}": value for key, value in row.items()}
    return typed


def rows_of(typed: Mapping[str, str]) -> list[int]:
    """Return the numbers of the rows to show: those that hold something, and some empty ones."""
    used = [int(m[1]) for name in typed if (m := _ROW.fullmatch(name)) and typed[name].strip()]
    return list(range(max(used, default=-1) + 1 + EMPTY_ROWS))


def body_of(typed: Mapping[str, str], zone: ZoneInfo) -> dict[str, Any]:
    """Return the JSON of what was typed; a row without a name is no field."""
    return {
        "fields": [
            _field(typed, n) for n in rows_of(typed) if typed.get(f"id-{n}", "").strip()
        ],
        "delivery": {
            "zh-CN": typed.get("delivery_zh", ""), "en": typed.get("delivery_en", "")
        },
        "validity": _validity(typed, zone),
    }  # fmt: skip


def _field(typed: Mapping[str, str], n: int) -> dict[str, Any]:
    row = {key: typed.get(f"{key}-{n}", "").strip() for key in _NUMBERED}
    found: dict[str, Any] = {
        "id": row["id"], "kind": row["kind"] or "text",
        "label": {"zh-CN": row["zh"], "en": row["en"]},
        "help": {"zh-CN": row["help_zh"], "en": row["help_en"]},
        "required": row["required"] == "yes", "pii": row["pii"] == "yes",
    }  # fmt: skip
    if row["pattern"]:
        found["pattern"] = row["pattern"]
    for key in ("min", "max"):
        if row[key]:
            is_day = found["kind"] == FieldKind.DATE
            found[key] = row[key] if is_day else _whole(row[key])
    if row["choices"]:
        found["choices"] = [_choice(line) for line in row["choices"].splitlines() if line.strip()]
    return found


def _choice(line: str) -> dict[str, Any]:
    """Read ``cn | 国服 | China``; the value alone stands for its names too."""
    value, *names = [part.strip() for part in line.split("|")]
    zh = names[0] if names else value
    return {"value": value, "label": {"zh-CN": zh, "en": names[1] if len(names) > 1 else zh}}


def _validity(typed: Mapping[str, str], zone: ZoneInfo) -> dict[str, Any]:
    kind = typed.get("validity", "") or "unlimited"
    if kind == "days":
        return {"kind": kind, "days": _whole(typed.get("days", "").strip())}
    if kind == "until":
        try:
            day = dt.date.fromisoformat(typed.get("until", ""))
            end = dt.datetime.combine(day, dt.time(), zone) + dt.timedelta(days=1)
            return {"kind": kind, "until_s": int(end.timestamp()) - 1}
        except (ValueError, OverflowError):
            return {"kind": kind}
    return {"kind": kind}


def _whole(text: str) -> int | str:
    """Return a whole number; what is none stays a text, and is refused as one."""
    return int(text) if _WHOLE.fullmatch(text) else text
