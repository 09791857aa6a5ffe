"""Reads a version of a type from JSON, and writes it; says what is wrong and where. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from central.foundation.language.words import N_
from central.supply.product_types.delivery import PlaceUnknown, checked_template, main_place, places
from central.supply.product_types.model import (
    Choice,
    Field,
    FieldKind,
    Fulfilment,
    Names,
    TypeBody,
    Validity,
    ValidityKind,
)
from central.supply.product_types.pattern import Pattern, PatternInvalid
from edge.contract.bundle import LOCALES

FIELDS_MAX = 30
CHOICES_MAX = 200
TEXT_MAX = 500
"""Characters of a text field at most."""
_LABEL_MAX = 128
_HELP_MAX = 500
_DELIVERY_MAX = 4_000
_NUMBER_MAX = 10**15
_DAYS_MAX = 36_500
_UNTIL_MAX_S = 2**35
_ID = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)
_KEYS = {
    "id", "kind", "label", "help", "required", "pattern", "min", "max", "choices", "pii",
}  # fmt: skip


class TypeInvalid(ValueError):
    """A type that cannot be.

    Args:
        sentence: English, in the catalogues.
        where: Which field or part; empty if it is the whole.
        what: A word of the data or of the check that helps to find it.
    """

    def __init__(self, sentence: str, where: str = "", what: str = "") -> None:
        super().__init__(f"{where}: {sentence}" if where else sentence)
        self.sentence = sentence
        self.where = where
        self.what = what


def read(body: Any, fulfilment: Fulfilment) -> TypeBody:
    """Read a version: ``{"fields": […], "delivery": {…}, "validity": {…}}``.

    Raises:
        TypeInvalid: it is not one.
    """
    parts = _object(body, {"fields", "delivery", "validity"}, "")
    listed = parts.get("fields", [])
    if not isinstance(listed, list) or len(listed) > FIELDS_MAX:
        raise TypeInvalid(N_("A type has a list of at most 30 fields."))
    fields = tuple(_field(one, n) for n, one in enumerate(listed, 1))
    ids = [one.id for one in fields]
    if len(set(ids)) < len(ids):
        raise TypeInvalid(N_("Two fields have the same name."))
    for name in sorted({*ids} & {*places(fulfilment)}):
        raise TypeInvalid(N_("A place of what is delivered has this name already."), name)
    delivery = _names(parts.get("delivery"), "delivery", _DELIVERY_MAX, has_lines=True)
    needed = main_place(fulfilment)
    for text in delivery.values():
        if needed and f"{{{needed}}}" not in text:
            raise TypeInvalid(
                N_("What is delivered does not show what was bought."), "delivery", f"{{{needed}}}"
            )
        try:
            checked_template(text, fulfilment, ids)
        except PlaceUnknown as exc:
            raise TypeInvalid(
                N_("What is delivered has a place that nothing is put into."), "delivery", str(exc)
            ) from exc
    return TypeBody(fields, delivery, _validity(parts.get("validity", {"kind": "unlimited"})))


def to_body(body: TypeBody) -> dict[str, Any]:
    """Return a version as JSON that ``read`` reads back."""
    return {
        "fields": [_field_body(one) for one in body.fields],
        "delivery": dict(body.delivery),
        "validity": _validity_body(body.validity),
    }


def _field(body: Any, n: int) -> Field:
    where = str(n)
    parts = _object(body, _KEYS, where)
    name = parts.get("id")
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise TypeInvalid(N_("A field is named with a-z, 0-9 and _, at most 32."), where)
    where = name
    try:
        kind = FieldKind(parts.get("kind", ""))
    except ValueError as exc:
        raise TypeInvalid(N_("There is no such kind of field."), where) from exc
    first, last, least, most = "", "", None, None
    if kind is FieldKind.DATE:
        first, last = (_day(parts.get(key), where) for key in ("min", "max"))
        is_backwards = bool(first and last and first > last)
    else:
        least, most = (_number(parts.get(key), kind, where) for key in ("min", "max"))
        is_backwards = least is not None and most is not None and least > most
    if is_backwards:
        raise TypeInvalid(N_("The least is more than the most."), where)
    return Field(
        name, kind, _names(parts.get("label"), where, _LABEL_MAX),
        _names(parts.get("help", {}), where, _HELP_MAX, may_be_empty=True),
        _bool(parts, "required", where, default=True), _pattern(parts.get("pattern"), kind, where),
        least, most, first, last, _choices(parts.get("choices"), kind, where),
        _bool(parts, "pii", where, default=kind in {FieldKind.PHONE, FieldKind.EMAIL}),
    )  # fmt: skip


def _field_body(field: Field) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": field.id, "kind": str(field.kind), "label": dict(field.labels),
        "help": dict(field.helps), "required": field.is_required, "pii": field.is_pii,
    }  # fmt: skip
    least, most = field.first or field.least, field.last or field.most
    if field.pattern:
        body["pattern"] = field.pattern.source
    if least is not None:
        body["min"] = least
    if most is not None:
        body["max"] = most
    if field.choices:
        body["choices"] = [{"value": one.value, "label": dict(one.names)} for one in field.choices]
    return body


def _pattern(source: Any, kind: FieldKind, where: str) -> Pattern | None:
    if source in (None, ""):
        return None
    if kind is not FieldKind.TEXT or not isinstance(source, str):
        raise TypeInvalid(N_("Only a text has a pattern."), where)
    if not source.isprintable():
        raise TypeInvalid(N_("This pattern is not understood."), where)
    try:
        return Pattern(source)
    except PatternInvalid as exc:
        raise TypeInvalid(N_("This pattern is not understood."), where, str(exc)) from exc


def _number(value: Any, kind: FieldKind, where: str) -> int | None:
    if value in (None, ""):
        return None
    if kind not in {FieldKind.TEXT, FieldKind.NUMBER}:
        raise TypeInvalid(N_("Only a text, a number and a date have a least and a most."), where)
    low, high = (0, TEXT_MAX) if kind is FieldKind.TEXT else (-_NUMBER_MAX, _NUMBER_MAX)
    if type(value) is not int or not low <= value <= high:
        raise TypeInvalid(N_("The least or the most is no number that a field may have."), where)
    return value


def _day(value: Any, where: str) -> str:
    if value in (None, ""):
        return ""
    if not isinstance(value, str) or not is_day(value):
        raise TypeInvalid(N_("A day is written 2026-04-11."), where)
    return value


def is_day(text: str) -> bool:
    """Say whether it is a day, ``2026-04-11``."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
        return False
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _choices(value: Any, kind: FieldKind, where: str) -> tuple[Choice, ...]:
    if kind is not FieldKind.CHOICE:
        if value:
            raise TypeInvalid(N_("Only a choice has choices."), where)
        return ()
    if not isinstance(value, list) or not 1 <= len(value) <= CHOICES_MAX:
        raise TypeInvalid(N_("A choice has 1 to 200 choices."), where)
    found = []
    for one in value:
        parts = _object(one, {"value", "label"}, where)
        word = parts.get("value")
        if not isinstance(word, str) or not _is_line(word, 64) or word != word.strip():
            raise TypeInvalid(
                N_("What a choice stands for is 1 to 64 printable characters."), where
            )
        found.append(Choice(word, _names(parts.get("label"), where, _LABEL_MAX)))
    if len({one.value for one in found}) < len(found):
        raise TypeInvalid(N_("Two choices stand for the same."), where)
    return tuple(found)


def _validity(body: Any) -> Validity:
    parts = _object(body, {"kind", "days", "until_s"}, "validity")
    try:
        kind = ValidityKind(parts.get("kind", ""))
    except ValueError as exc:
        raise TypeInvalid(N_("It is good unlimited, for days or until a day."), "validity") from exc
    days, until_s = parts.get("days", 0), parts.get("until_s", 0)
    in_days = type(days) is int and (1 <= days <= _DAYS_MAX if kind == "days" else days == 0)
    in_s = type(until_s) is int and (
        1 <= until_s <= _UNTIL_MAX_S if kind == "until" else until_s == 0
    )
    if not in_days or not in_s:
        raise TypeInvalid(N_("It is good for 1 to 36500 days, or until a moment."), "validity")
    return Validity(kind, days, until_s)


def _validity_body(validity: Validity) -> dict[str, Any]:
    body: dict[str, Any] = {"kind": str(validity.kind)}
    if validity.days:
        body["days"] = validity.days
    if validity.until_s:
        body["until_s"] = validity.until_s
    return body


def _object(body: Any, keys: set[str], where: str) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise TypeInvalid(N_("Here must be an object."), where)
    unknown = sorted(map(str, set(body) - keys))
    if unknown:
        raise TypeInvalid(N_("There is something that nobody knows."), where, unknown[0][:64])
    return body


def _bool(parts: Mapping[str, Any], key: str, where: str, *, default: bool) -> bool:
    value = parts.get(key, default)
    if not isinstance(value, bool):
        raise TypeInvalid(N_("Here must be true or false."), where, key)
    return value


def _names(
    body: Any, where: str, longest: int, *, may_be_empty: bool = False, has_lines: bool = False
) -> Names:
    parts = _object(body, set(LOCALES), where)
    found = {}
    for locale in LOCALES:
        text = parts.get(locale, "")
        if not isinstance(text, str):
            raise TypeInvalid(N_("Here must be a text."), where, locale)
        text = text.strip()
        flat = text.replace("\r", "").replace("\n", "") if has_lines else text
        if not (text or may_be_empty):
            raise TypeInvalid(N_("A text is missing in one of the languages."), where, locale)
        if text and not (_is_line(flat, longest) or not flat):
            raise TypeInvalid(N_("A text is too long or has signs that cannot be seen."), where)
        found[locale] = text.replace("\r\n", "\n")
    return found


def _is_line(text: str, longest: int) -> bool:
    # U+3000 is the space between Chinese characters.
    return 1 <= len(text) <= longest and text.replace("\u3000", " ").isprintable()
