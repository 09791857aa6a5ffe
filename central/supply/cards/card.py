"""A card key as it is in memory, and what on a line of a file is none. Pure."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

LENGTH_MIN, LENGTH_MAX = 4, 512
"""Characters of a secret; a link with a token in it is still below."""
_SHOWN = 4

_GAPS = re.compile(r"[\s\-‐‑‒–—_]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028\u2029\ufeff]")
_FORMULA = re.compile(r"=|[@+-].*\(")
_SPREADSHEET_FAULT = re.compile(r"#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|#+)", re.IGNORECASE)
_FORMULAS = (_FORMULA.match, _SPREADSHEET_FAULT.search)
_ROUNDED = re.compile(r"[0-9](\.[0-9]+)?[eE]\+[0-9]{2,3}", re.ASCII)
_CHINESE_ERROR = re.compile(
    "库存不足|无库存|没有库存|暂无库存|缺货|断货|售罄|已售完|抢走|失败|错误|异常|超时|抱歉|对不起|余额不足"
    "|请联系|联系客服|请稍后|稍后再试|人工处理|处理中|不存在|未找到|未付款|已下架|无效|維護|维护"
)
_ENGLISH_ERROR = re.compile(
    r"\b(errors?|failed|failure|exception|traceback|time[ -]?out|timed out|out of stock|sold out"
    r"|no stock|insufficient|not found|unavailable|unauthorized|forbidden|bad gateway"
    r"|internal server|try again|contact support|sorry|processing|pending)\b",
    re.IGNORECASE,
)
_NOTHING = frozenset(
    {"null", "none", "nil", "undefined", "nan", "n/a", "na", "-", "false", "true", "[]", "{}",
     "[object object]", "test", "xxxx", "xxxxxx", "****", "******", "0000"}
)  # fmt: skip
_MARKUP = re.compile(
    r"<(!doctype|html|head|body|div|p|br|script)\b|^\s*[{\[].*[}\]]\s*$", re.IGNORECASE
)


class Fault(StrEnum):
    """Why a line is not taken; what stands on it is never repeated."""

    EMPTY = "empty"
    ERROR_TEXT = "error-text"
    FORMULA = "formula"
    ROUNDED = "rounded"
    TOO_SHORT = "too-short"
    TOO_LONG = "too-long"
    CONTROL = "control"
    COLUMNS = "columns"
    TWICE = "twice"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Card:
    """A secret and, of some kinds, the number of its card. Neither shows in a repr."""

    secret: str = field(repr=False)
    number: str = field(default="", repr=False)

    @property
    def tail(self) -> str:
        """What eyes may see: the last four characters, and never more than a quarter."""
        shown = min(_SHOWN, len(self.secret) // 4)
        return self.secret[-shown:] if shown else ""

    @property
    def normal(self) -> bytes:
        """What two spellings of one card have in common, UTF-8.

        Width and gaps do not count, case does: ``AB-12`` is ``ＡＢ12`` and is not ``ab12``.
        """
        parts = (
            _GAPS.sub("", unicodedata.normalize("NFKC", t)) for t in (self.number, self.secret)
        )
        return "\x00".join(parts).encode()

    def to_bytes(self) -> bytes:
        """Return what is encrypted: a JSON list, UTF-8."""
        return json.dumps([self.number, self.secret], ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what was encrypted."""
        number, secret = json.loads(content)
        return cls(secret, number)


def fault_of(card: Card) -> Fault | None:
    """Return why this is no card that could be sold, None if nothing speaks against it.

    A supplier's "库存不足" has been sold as a secret before (docs/decisions/0019).
    """
    number, secret = card.number, card.secret
    checks = (
        (Fault.EMPTY, not secret.strip()),
        (Fault.CONTROL, any(map(_CONTROL.search, (number, secret)))),
        (Fault.FORMULA, any(p(t) for p in _FORMULAS for t in (number, secret))),
        (Fault.ROUNDED, any(map(_ROUNDED.fullmatch, (number, secret)))),
        (Fault.ERROR_TEXT, _is_error_text(secret) or bool(_CHINESE_ERROR.search(number))),
        (Fault.TOO_SHORT, len(secret) < LENGTH_MIN),
        (Fault.TOO_LONG, max(len(secret), len(number)) > LENGTH_MAX),
    )
    return next((fault for fault, is_so in checks if is_so), None)


def _is_error_text(secret: str) -> bool:
    if secret.strip().lower() in _NOTHING or len(set(secret)) == 1:
        return True
    return any(p.search(secret) for p in (_CHINESE_ERROR, _ENGLISH_ERROR, _MARKUP))
