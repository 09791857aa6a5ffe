"""Checks what a buyer has typed against the fields of a type. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from central.foundation.language.words import N_
from central.supply.product_types.model import Field, FieldKind
from central.supply.product_types.type_body import TEXT_MAX, is_day

_TYPED_MAX = 2_000
_NUMBER = re.compile(r"-?[0-9]{1,16}", re.ASCII)
_PHONE = re.compile(r"\+?[0-9]{5,15}", re.ASCII)
_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}"
)


@dataclass(frozen=True)
class Fault:
    """What is wrong with one field.

    Args:
        sentence: English, in the catalogues, with ``%(limit)s`` where there is a limit.
    """

    sentence: str
    limit: str = ""

    def text(self, translate: Callable[[str], str] = str) -> str:
        """Return the sentence in a language."""
        return translate(self.sentence) % {"limit": self.limit}


@dataclass(frozen=True)
class Checked:
    """What was typed, cleaned; or what is wrong with it, by field. One of them is empty.

    ``values`` are texts and whole numbers, in the order of the fields; what was left empty is not
    among them.
    """

    values: Mapping[str, str | int]
    faults: Mapping[str, Fault]


def check_fields(fields: Sequence[Field], typed: Mapping[str, Any]) -> Checked:
    """Return what was typed, cleaned, or all that is wrong with it."""
    values: dict[str, str | int] = {}
    faults: dict[str, Fault] = {}
    for field in fields:
        found = _cleaned(field, typed.get(field.id))
        if isinstance(found, Fault):
            faults[field.id] = found
        elif found is not None:
            values[field.id] = found
    known = {field.id for field in fields}
    faults |= {
        str(name): Fault(N_("There is no such field.")) for name in typed if name not in known
    }
    return Checked({} if faults else values, faults)


def _cleaned(field: Field, typed: Any) -> str | int | Fault | None:
    if type(typed) is int and field.kind is FieldKind.NUMBER:
        typed = str(typed)
    if typed is None:
        typed = ""
    if not isinstance(typed, str) or len(typed) > _TYPED_MAX:
        return Fault(N_("This cannot be read."))
    text = unicodedata.normalize("NFC", typed).strip()
    if not text:
        return Fault(N_("This is needed.")) if field.is_required else None
    if not text.replace("\u3000", " ").isprintable():
        return Fault(N_("There are signs in it that cannot be seen."))
    return _CHECKS[field.kind](field, text)


def _text(field: Field, text: str) -> str | Fault:
    least, most = field.least or 0, TEXT_MAX if field.most is None else field.most
    if len(text) < least:
        return Fault(N_("At least %(limit)s characters."), str(least))
    if len(text) > most:
        return Fault(N_("At most %(limit)s characters."), str(most))
    if field.pattern and not field.pattern.matches(text):
        return Fault(N_("This does not look as it must."))
    return text


def _number(field: Field, text: str) -> int | Fault:
    # Full-width digits are what a Chinese keyboard types.
    plain = unicodedata.normalize("NFKC", text)
    if not _NUMBER.fullmatch(plain):
        return Fault(N_("A whole number."))
    number = int(plain)
    if field.least is not None and number < field.least:
        return Fault(N_("At least %(limit)s."), str(field.least))
    if field.most is not None and number > field.most:
        return Fault(N_("At most %(limit)s."), str(field.most))
    return number


def _choice(field: Field, text: str) -> str | Fault:
    if text not in {one.value for one in field.choices}:
        return Fault(N_("One of the choices."))
    return text


def _phone(_: Field, text: str) -> str | Fault:
    plain = re.sub(r"[ ()./-]", "", unicodedata.normalize("NFKC", text))
    return plain if _PHONE.fullmatch(plain) else Fault(N_("A phone number: 5 to 15 digits."))


def _email(_: Field, text: str) -> str | Fault:
    plain = unicodedata.normalize("NFKC", text)
    if len(plain) > 254 or not _EMAIL.fullmatch(plain):
        return Fault(N_("An e-mail address."))
    name, _at, domain = plain.partition("@")
    return f"{name}@{domain.lower()}"


def _date(field: Field, text: str) -> str | Fault:
    if not is_day(text):
        return Fault(N_("A day is written 2026-04-11."))
    if field.first and text < field.first:
        return Fault(N_("Not before %(limit)s."), field.first)
    if field.last and text > field.last:
        return Fault(N_("Not after %(limit)s."), field.last)
    return text


_CHECKS: Mapping[FieldKind, Callable[[Field, str], str | int | Fault]] = {
    FieldKind.TEXT: _text,
    FieldKind.NUMBER: _number,
    FieldKind.CHOICE: _choice,
    FieldKind.PHONE: _phone,
    FieldKind.EMAIL: _email,
    FieldKind.DATE: _date,
}
