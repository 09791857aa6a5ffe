"""What every adapter works with: an account's address and credentials, and answers read strictly.

Whatever is not exactly as the protocol has it is ``Unknown``, never a refusal: only a refusal lets
somebody buy elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from central.errors import CallbackRefused, ConfigInvalid
from central.supply.suppliers.adapters.send import Answer, NoAnswer, NotGone, Sender
from central.supply.suppliers.model import parse_e4
from central.supply.suppliers.ports import Key, NotSent, RejectCode, SupplierSilent, Unknown

SAID_MAX = 120
SKEW_S = 300
"""How old or early a signed callback may be, where the protocol says nothing."""


@dataclass(frozen=True, slots=True)
class Access:
    """An account, opened. Nothing secret of it shows in a repr.

    Args:
        settings: What is not secret: the name of a data file, a country.
        now_s: Reads the clock.
    """

    account: str
    base_url: str
    credentials: Mapping[str, str] = field(repr=False)
    settings: Mapping[str, str]
    is_test: bool
    deadline_s: float
    now_s: Callable[[], int]
    connect_s: float = 5

    def credential(self, name: str) -> str:
        """Return a credential.

        Raises:
            ConfigInvalid: the account has none of this name.
        """
        value = self.credentials.get(name, "")
        if not value:
            raise ConfigInvalid(f"the account {self.account} has no credential {name}")
        return value

    def sender(self) -> Sender:
        """Return what sends to it."""
        return Sender(
            self.base_url, is_test=self.is_test, connect_s=self.connect_s,
            deadline_s=self.deadline_s,
        )  # fmt: skip


class Reply(NamedTuple):
    """An answer that is a JSON object or list."""

    status: int
    body: Any
    raw: bytes = b""


def ask(
    sender: Sender, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
) -> Reply | NotSent | Unknown:
    """Send a request once and read a JSON answer."""
    try:
        answer = sender.send(method, path, headers=headers, body=body)
    except NotGone as exc:
        return NotSent(exc.code)
    except NoAnswer as exc:
        return Unknown(exc.code)
    return read(answer)


def read(answer: Answer) -> Reply | Unknown:
    """Read an answer; a redirect, 5xx and what is no JSON say nothing."""
    if answer.status >= 500 or 300 <= answer.status < 400:
        return Unknown(f"http-{answer.status}")
    try:
        # A decimal stays as it was written: a price is no float.
        body = json.loads(answer.body, parse_float=str)
    except (ValueError, RecursionError):
        return Unknown("garbage")
    if not isinstance(body, dict | list):
        return Unknown("garbage")
    return Reply(answer.status, body, answer.body)


def known(found: Reply | NotSent | Unknown) -> Reply:
    """Return the answer to a question about prices or balances.

    Raises:
        SupplierSilent: there is none.
    """
    if isinstance(found, Reply):
        return found
    raise SupplierSilent(found.code)


def at(body: Any, path: str) -> Any:
    """Return what lies at ``data.order.id`` in an answer; None if nothing does."""
    for name in path.split(".") if path else ():
        if isinstance(body, dict):
            body = body.get(name)
        elif isinstance(body, list) and name.isdecimal() and int(name) < len(body):
            body = body[int(name)]
        else:
            return None
    return body


def word(value: Any) -> str:
    """Return a number or text as the text it is written with; empty for anything else."""
    if isinstance(value, bool) or value is None:
        return ""
    return str(value).strip()[:200] if isinstance(value, str | int | float) else ""


def price(value: Any) -> int | None:
    """Return a price in 1/10,000; None if it is none."""
    try:
        return parse_e4(word(value))
    except ValueError:
        return None


def sure_price(value: Any) -> int:
    """Return a price.

    Raises:
        SupplierSilent: it is none.
    """
    found = price(value)
    if found is None:
        raise SupplierSilent("price-unreadable")
    return found


def keys_in(
    cards: Any, secrets: Iterable[str], numbers: Iterable[str], expiry: str
) -> tuple[Key, ...]:
    """Return the keys of a list of objects, or of texts; whatever is neither becomes an empty key.

    An empty key is an anomaly further on; leaving it out would make a count right that is not.
    """
    if not isinstance(cards, list):
        return ()
    found = []
    for card in cards:
        if isinstance(card, str):
            found.append(Key(card))
            continue
        fields = card if isinstance(card, dict) else {}
        secret = next((t for n in secrets if (t := text_of(fields.get(n)))), "")
        number = next((t for n in numbers if (t := text_of(fields.get(n)))), "")
        found.append(Key(secret, number, word(fields.get(expiry))[:32]))
    return tuple(found)


def keys_in_text(text: Any) -> tuple[Key, ...]:
    """Return the keys of a text, one a line."""
    lines = text_of(text).replace("\r", "\n").split("\n")
    return tuple(Key(line.strip()) for line in lines if line.strip())


def text_of(value: Any) -> str:
    """Return a text as it is, a whole number as it is written."""
    if isinstance(value, str):
        return value
    return str(value) if type(value) is int else ""


# What the refusals of suppliers that give no code have in common, in the order of certainty.
_WORDS: tuple[tuple[RejectCode, tuple[str, ...]], ...] = (
    (RejectCode.AUTH, ("签名", "密钥", "未授权", "禁用", "sign", "unauthor")),
    (RejectCode.BALANCE, ("余额", "balance")),
    (RejectCode.NO_STOCK, ("库存", "缺货", "断货", "售罄", "stock", "sold out")),
    (RejectCode.PRICE, ("安全", "进价", "价格", "price", "cost")),
    (RejectCode.OFF_SALE, ("下架", "停售", "禁售", "维护", "商品不存在", "unavailable")),
    (RejectCode.RATE, ("频繁", "frequen", "too many")),
    (RejectCode.INPUT, ("参数", "账号", "parameter", "invalid")),
)
_TWICE = ("重复", "已存在", "duplicate", "exists")


def reject_by_words(said: str) -> RejectCode | None:
    """Return what a refusal's sentence means.

    None for "this number exists already": that is our own first call, which may have worked.
    """
    lower = said.lower()
    if any(part in lower for part in _TWICE):
        return None
    for code, parts in _WORDS:
        if any(part in lower for part in parts):
            return code
    return RejectCode.REFUSED


def fields_of(raw: bytes) -> dict[str, Any]:
    """Return what a callback says, whether it came as JSON or as a form.

    Raises:
        CallbackRefused: it is neither.
    """
    try:
        text = raw.decode()
        found = json.loads(text) if text.lstrip().startswith("{") else None
    except (ValueError, RecursionError):
        raise CallbackRefused("The callback cannot be read.") from None
    if found is None:
        found = dict(parse_qsl(text, keep_blank_values=True))
    if not found:
        raise CallbackRefused("The callback says nothing.")
    return dict(found)


def compact(value: Any, *, sort: bool = False) -> str:
    """Return JSON without spaces, with characters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=sort)


def form(fields: Mapping[str, str]) -> bytes:
    """Return a form's body."""
    return urlencode(fields).encode()
