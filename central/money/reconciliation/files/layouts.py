"""How each bank and each supplier writes its file: ``statements.toml``, a section for each.

The file names columns and says nothing about money that the file itself does not say.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from central.errors import ConfigInvalid, NotFound
from central.foundation.language.said import Saying

_OWNER = re.compile(r"[A-Za-z0-9-]{1,40}", re.ASCII)


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as exc:
        raise ValueError(f"it is no regular expression: {exc}") from exc
    return text


class _Layout(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    currency: str = Field("CNY", pattern="^[A-Z]{3}$", description="ISO 4217, of every amount.")
    currency_words: tuple[str, ...] = Field(
        ("CNY", "RMB", "人民币"), description="What its column of currencies may say for that."
    )
    encoding: Literal["", "utf-8", "gb18030"] = Field(
        "", description="gb18030 for GBK; empty tries UTF-8 first."
    )
    date_format: str = Field("%Y-%m-%d", description="As Python's strptime; a time may follow.")
    end_word: str = Field(
        "", description="合计, with which its last row begins; a file without that row is cut off."
    )
    date: str = Field(description="Heading of the column of days.")
    currency_column: str = Field("", description="Heading of the column of currencies, if any.")


class BankLayout(_Layout):
    """A bank's list of the movements of one account."""

    number: str = Field(description="Heading of the bank's own number of a movement.")
    amount: str = Field("", description="Heading of the signed amount; or income and outgo.")
    income: str = Field("", description="Heading of what has come in.")
    outgo: str = Field("", description="Heading of what has gone out.")
    balance: str = Field(description="Heading of the balance after it.")
    reference: str = Field("", description="Heading of the remark that holds our number.")
    reference_pattern: Annotated[str, AfterValidator(_pattern)] = Field(
        "", description="What our number looks like in the remark; empty takes all of it."
    )

    def check(self, name: str) -> None:
        """Refuse columns from which no amount can be told."""
        if bool(self.amount) == bool(self.income and self.outgo):
            raise ConfigInvalid(f"{name}: set amount, or income and outgo")


class SupplierLayout(_Layout):
    """A supplier's list of what he has charged."""

    account: Literal["1040", "2210"] = Field(
        description="1040 if we buy from a prepayment, 2210 if we pay afterwards."
    )
    our_number: str = Field(description="Heading of the number that we sent.")
    their_number: str = Field(description="Heading of the supplier's own number.")
    amount: str = Field(description="Heading of the amount, never signed.")
    state: str = Field(description="Heading of the state.")
    charged: tuple[str, ...] = Field(("成功",), description="States in which he has charged us.")
    given: tuple[str, ...] = Field(
        ("已退款", "充值"), description="States in which he has given us money back or got some."
    )
    ignored: tuple[str, ...] = Field(("失败",), description="States in which nothing moved.")


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    bank: dict[str, BankLayout] = Field({}, description="By what 1030 is called: main.")
    supplier: dict[str, SupplierLayout] = Field({}, description="By the supplier's id.")


class Layouts:
    """The layouts that there are, by source: ``bank.main``, ``supplier.kasushou``."""

    def __init__(self, file: _File) -> None:
        self._found: dict[str, BankLayout | SupplierLayout] = {}
        for kind, some in (("bank", file.bank), ("supplier", file.supplier)):
            for name, layout in some.items():
                if not _OWNER.fullmatch(name):
                    raise ConfigInvalid(
                        f"{kind}.{name}: a name is 1 to 40 letters, digits and hyphens"
                    )
                self._found[f"{kind}.{name}"] = layout
        for name, layout in self._found.items():
            if isinstance(layout, BankLayout):
                layout.check(name)

    @property
    def sources(self) -> list[str]:
        """What files may be taken of."""
        return sorted(self._found)

    def get(self, source: str) -> BankLayout | SupplierLayout:
        """Return how the files of a source are written.

        Raises:
            NotFound: no section describes it.
        """
        if source in self._found:
            return self._found[source]
        near = difflib.get_close_matches(source, self._found, n=1)
        if near:
            raise NotFound(Saying("no-section-but", source=source, near=near[0]))
        raise NotFound(Saying("no-section", source=source))


def load(file: Path) -> Layouts:
    """Read ``statements.toml``; without the file there are none.

    Raises:
        ConfigInvalid: with a sentence that names the setting.
    """
    try:
        return Layouts(_File(**tomllib.loads(file.read_text("utf-8"))))
    except FileNotFoundError:
        return Layouts(_File(bank={}, supplier={}))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise ConfigInvalid(f"{file} cannot be read: {exc}") from exc
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ConfigInvalid(f"{file}: {place}: {first['msg']}") from None
