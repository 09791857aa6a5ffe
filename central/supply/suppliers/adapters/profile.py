"""The data file of ``generic_json``: a protocol as data, checked before anything is sent by it.

An unknown key, an unknown placeholder, a state or code that is mapped to nothing we know stops the
file with a sentence. Which pieces there are is said in docs/how-to/connect-a-supplier.md.
"""

from __future__ import annotations

import re
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from central.errors import ConfigInvalid
from central.supply.suppliers.ports import RejectCode

PLACEHOLDERS = frozenset({
    "user", "now_s", "now_ms", "their_ref", "client_ref", "upstream_no", "quantity", "safe_cost",
    "callback_url", "page", "day", "since_s", "since_ms",
})  # fmt: skip
"""What a field may be made of. The key is not among them: it only signs."""
SIGNED_PIECES = PLACEHOLDERS | {
    "key", "body", "body_md5", "sorted_pairs", "sorted_query", "method", "path",
}  # fmt: skip
_HOLE = re.compile(r"\{([^{}]*)\}")
_INPUT = re.compile(r"input\.[\w-]{1,40}")


def _template(text: str) -> str:
    for name in _HOLE.findall(text):
        if name not in PLACEHOLDERS and not _INPUT.fullmatch(name):
            raise ValueError(f"there is no {{{name}}}; there are {', '.join(sorted(PLACEHOLDERS))}")
    return text


def _signed(text: str) -> str:
    for name in _HOLE.findall(text):
        if name not in SIGNED_PIECES:
            known = ", ".join(sorted(SIGNED_PIECES))
            raise ValueError(f"there is no {{{name}}} to sign; there are {known}")
    if "{key}" not in text:
        raise ValueError("what is signed contains {key}, or anybody could sign it")
    return text


def _path(text: str) -> str:
    if not re.fullmatch(r"/[\w./{}?&=-]*", text, re.ASCII) or ".." in text:
        raise ValueError("a path begins with / and stays on the supplier's own host")
    return _template(text)


Template = Annotated[str, AfterValidator(_template)]
Path_ = Annotated[str, AfterValidator(_path)]


class OrderState(StrEnum):
    """What a supplier's state means to us."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Sign(_Part):
    """How a request, and a callback, is signed."""

    algorithm: Literal["md5", "sha1", "sha256", "hmac-md5", "hmac-sha1", "hmac-sha256"]
    text: Annotated[str, AfterValidator(_signed)]
    upper: bool = False
    field: str = ""
    header: str = ""
    skip_empty: bool = False


class Call(_Part):
    """One request."""

    method: Literal["GET", "POST"] = "POST"
    path: Path_
    fields: dict[str, Template] = Field(default_factory=dict)
    inputs: str = Field("", pattern=r"^([\w\[\]-]*\{name\}[\w\[\]-]*)?$")
    """How the buyer's inputs that no field names are called: ``extra[{name}]``."""


class AnswerPart(_Part):
    """How an answer says that it is one."""

    code: str
    ok: list[str] = Field(min_length=1)
    message: str = ""
    rejects: dict[str, RejectCode] = Field(default_factory=dict)
    by_words: list[str] = Field(default_factory=list)
    """Codes that say nothing: the message's words decide."""
    not_found: list[str] = Field(default_factory=list)
    """Words of a message that say there is no such order."""


class OrderPart(_Part):
    """Where an order's fields are, in the answers to submit and query."""

    data: str = ""
    number: list[str] = Field(min_length=1)
    client_ref: str = ""
    state: str
    charged: str = ""
    refunded: str = ""
    cards: list[str] = Field(default_factory=list)
    secret: list[str] = Field(default_factory=list)
    card_number: list[str] = Field(default_factory=list)
    expires: str = ""


class BalancePart(Call):
    """How the balance is asked for."""

    value: str


class QuotePart(Call):
    """How one thing's price is asked for, and where it stands."""

    data: str = "data"
    ref: str = "id"
    price: str
    stock: str = ""
    name: str = ""
    on_sale: dict[str, list[str]] = Field(default_factory=dict)
    """Fields and the values that mean that it can be bought."""


class ListPart(Call):
    """How all things are asked for; each is read as ``quote`` reads one."""

    items: str
    pages: bool = False


class ChangesPart(ListPart):
    """How what has changed since a moment is asked for; each is read as ``quote`` reads one."""


class StatementPart(Call):
    """How a day's orders, or movements, are asked for, and where everything stands in a line."""

    items: str
    count: str = Field(min_length=1)
    """How many lines the day has: without it nobody could tell that it was cut off."""
    sum: str = ""
    pages: bool = False
    our_number: str
    their_number: str
    amount: str
    state: str
    time: str
    currency: str = ""
    charged: list[str] = Field(min_length=1)
    given: list[str] = Field(default_factory=list)
    ignored: list[str] = Field(default_factory=list)


class CallbackPart(_Part):
    """How a callback is read."""

    client_ref: str
    number: str
    state: str
    time: str
    unsigned: list[str] = Field(default_factory=list)
    answer: str = "ok"
    skew_s: int = Field(300, gt=0, le=86400)


class Profile(_Part):
    """A protocol."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{1,30}$")
    encoding: Literal["form", "json"]
    is_idempotent: bool = False
    common: dict[str, Template] = Field(default_factory=dict)
    sign: Sign
    answer: AnswerPart
    order: OrderPart
    states: dict[str, OrderState] = Field(min_length=1)
    submit: Call
    query: Call
    balance: BalancePart
    quote: QuotePart
    list: ListPart | None = None
    changes: ChangesPart | None = None
    callback: CallbackPart | None = None
    statement: StatementPart | None = None

    def check(self) -> None:
        """Refuse what no single field shows.

        Raises:
            ConfigInvalid: with a sentence.
        """
        if bool(self.sign.field) == bool(self.sign.header):
            raise ConfigInvalid(f"{self.name}: the signature is in a field or in a header")
        sent = "".join(self.submit.fields.values())
        if "{client_ref}" not in sent or "{quantity}" not in sent:
            raise ConfigInvalid(
                f"{self.name}: submit sends {{client_ref}} and {{quantity}}; without our own"
                " reference nobody could ever find out what became of an order"
            )
        if not set(self.states.values()) & {OrderState.DELIVERED}:
            raise ConfigInvalid(f"{self.name}: no state means delivered")
        changes = self.changes
        if changes and "{since_" not in changes.path + "".join(changes.fields.values()):
            raise ConfigInvalid(f"{self.name}: changes asks for no {{since_s}} and no {{since_ms}}")
        asked = self.statement
        if asked and "{day}" not in asked.path + "".join(asked.fields.values()):
            raise ConfigInvalid(f"{self.name}: statement asks for no {{day}}")

    @property
    def sends_safe_cost(self) -> bool:
        """Whether a price cap goes along."""
        return "{safe_cost}" in "".join(self.submit.fields.values())

    @property
    def asks_by_ref(self) -> bool:
        """Whether an order can be found by our reference."""
        asked = (*self.query.fields.values(), self.query.path)
        return any("{client_ref}" in text for text in asked)


def read_profile(file: Path) -> Profile:
    """Read a data file.

    Raises:
        ConfigInvalid: it cannot be read, or something in it is wrong.
    """
    try:
        profile = Profile(**tomllib.loads(file.read_text("utf-8")))
    except OSError as exc:
        raise ConfigInvalid(f"{file} cannot be read: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError) as exc:
        raise ConfigInvalid(f"{file} is not TOML: {exc}") from exc
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigInvalid(f"{file.name}: {where}: {first['msg']}") from None
    profile.check()
    return profile
