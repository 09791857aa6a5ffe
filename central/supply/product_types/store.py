"""Keeps product types; a version stays as it is, and the newest counts for new orders."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.words import N_
from central.supply.product_types.model import (
    Fulfilment,
    Names,
    TypeBody,
    TypeId,
    TypeVersion,
)
from central.supply.product_types.type_body import TypeInvalid, read, to_body

SLUG = r"[a-z0-9][a-z0-9-]{0,31}"
_SLUG = re.compile(SLUG, re.ASCII)
_NAME_MAX = 128
_COLUMNS = (
    "SELECT t.id, t.name_zh, t.name_en, t.fulfilment, v.version, v.body, v.made_by, v.made_at_s"
    " FROM product_type t JOIN product_type_version v ON v.type = t.id"
)


def add(
    type_id: str, names: Names, fulfilment: str, body: Any, *, by: str, at_s: int
) -> TypeVersion:
    """Add a type with its first version.

    Raises:
        RequestInvalid: it cannot be; ``where`` and ``what`` say what is wrong.
        Conflict: there is one of this id.
    """
    known = TypeId(checked_slug(type_id))
    zh, en = checked_names(names)
    try:
        how = Fulfilment(fulfilment)
    except ValueError as exc:
        raise RequestInvalid(N_("There is no such way of fulfilment.")) from exc
    parsed = _checked(body, how)

    def write() -> TypeVersion:
        if rows("SELECT 1 FROM product_type WHERE id = ?", (known,)):
            raise Conflict(N_("There is a type of this name already."))
        change(
            "INSERT INTO product_type (id, name_zh, name_en, fulfilment, made_by, made_at_s)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (known, zh, en, str(how), by, at_s),
        )
        _add_version(known, 1, parsed, by, at_s)
        return get(known)

    return money_transaction(write)


def revise(type_id: str, names: Names, body: Any, *, by: str, at_s: int) -> TypeVersion:
    """Make the next version of a type: new orders are taken by it, open ones keep theirs.

    If nothing but the names is different, the version stays.

    Raises:
        NotFound: there is no such type.
        RequestInvalid: the version cannot be.
    """
    zh, en = checked_names(names)
    parsed = _checked(body, get(type_id).fulfilment)

    def write() -> TypeVersion:
        newest = get(type_id)
        change("UPDATE product_type SET name_zh = ?, name_en = ? WHERE id = ?", (zh, en, type_id))
        if to_body(newest.body) != to_body(parsed):
            _add_version(newest.id, newest.version + 1, parsed, by, at_s)
        return get(type_id)

    return money_transaction(write)


def get(type_id: str, version: int | None = None) -> TypeVersion:
    """Return a type in one of its versions, the newest if none is given; NotFound without."""
    if version is None:
        newest = f"{_COLUMNS} WHERE t.id = ? ORDER BY v.version DESC LIMIT 1"
        found = rows(newest, (type_id,))
    else:
        found = rows(f"{_COLUMNS} WHERE t.id = ? AND v.version = ?", (type_id, version))
    if not found:
        raise NotFound(N_("There is no such product type."))
    return _version(found[0])


def versions(type_id: str) -> list[TypeVersion]:
    """Return every version of a type, the newest first."""
    found = rows(f"{_COLUMNS} WHERE t.id = ? ORDER BY v.version DESC", (type_id,))
    return [_version(row) for row in found]


def everything() -> list[TypeVersion]:
    """Return every type in its newest version, by id."""
    newest: dict[TypeId, TypeVersion] = {}
    for row in rows(f"{_COLUMNS} ORDER BY t.id, v.version DESC"):
        newest.setdefault(row[0], _version(row))
    return list(newest.values())


def checked_slug(text: str) -> str:
    """Return an id if it may be one; else RequestInvalid."""
    if not _SLUG.fullmatch(text):
        raise RequestInvalid(N_("An id is a-z, 0-9 and hyphens, 32 at most."))
    return text


def checked_names(names: Names) -> tuple[str, str]:
    """Return the Chinese and the English name without the space around them; or RequestInvalid."""
    zh, en = (names.get(locale, "").strip() for locale in ("zh-CN", "en"))
    for name in (zh, en):
        # U+3000 is the space between Chinese characters.
        if not (1 <= len(name) <= _NAME_MAX and name.replace("\u3000", " ").isprintable()):
            raise RequestInvalid(N_("It needs a name of 1 to 128 characters in both languages."))
    return zh, en


def _add_version(type_id: TypeId, version: int, body: TypeBody, by: str, at_s: int) -> None:
    text = json.dumps(to_body(body), ensure_ascii=False, sort_keys=True)
    change(
        "INSERT INTO product_type_version (type, version, body, made_by, made_at_s)"
        " VALUES (?, ?, ?, ?, ?)",
        (type_id, version, text, by, at_s),
    )


def _checked(body: Any, fulfilment: Fulfilment) -> TypeBody:
    try:
        return read(body, fulfilment)
    except TypeInvalid as exc:
        raise RequestInvalid(exc.sentence, where=exc.where, what=exc.what) from exc


@lru_cache(maxsize=256)
def _parsed(body: str, fulfilment: Fulfilment) -> TypeBody:
    return read(json.loads(body), fulfilment)


def _version(row: tuple[Any, ...]) -> TypeVersion:
    type_id, zh, en, fulfilment, version, body, by, at_s = row
    how = Fulfilment(fulfilment)
    names = {"zh-CN": zh, "en": en}
    return TypeVersion(TypeId(type_id), names, how, version, _parsed(body, how), by, at_s)
