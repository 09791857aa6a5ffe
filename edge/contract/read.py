"""Reads the fields of a message body strictly, so that each message needs no checks of its own."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from edge.contract.signed import MessageInvalid

UINT_MAX = 2**64 - 1


class Fields:
    """The fields of one map (or row) of a message, by number.

    Use it as a context manager: any ValueError that rises while a message is put together means
    the same thing and becomes MessageInvalid ``malformed-message``. Numbers that nobody asked
    for are ignored, so that version N-1 reads what version N has added.
    """

    def __init__(self, body: Any, what: str) -> None:
        self._what = what
        if type(body) is list:
            body = dict(enumerate(body))
        if type(body) is not dict:
            raise MessageInvalid("malformed-message", f"the {what} is not a map")
        self._body: dict[int | str, Any] = body

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        if isinstance(exc, ValueError) and not isinstance(exc, MessageInvalid):
            raise MessageInvalid("malformed-message", f"the {self._what} is malformed") from exc

    def has(self, number: int | str) -> bool:
        """Say whether the field is there."""
        return number in self._body

    def uint(self, number: int | str, most: int = UINT_MAX) -> int:
        """Return a whole number from 0 to ``most``."""
        value = self._of(number, int)
        if not 0 <= value <= most:
            raise self._wrong(number)
        return int(value)

    def text(self, number: int | str, most: int = 256) -> str:
        """Return text of at most ``most`` characters."""
        value = self._of(number, str)
        if len(value) > most:
            raise self._wrong(number)
        return str(value)

    def octets(self, number: int | str, length: int | None = None) -> bytes:
        """Return a byte string, of exactly ``length`` bytes if that is given."""
        value = self._of(number, bytes)
        if length is not None and len(value) != length:
            raise self._wrong(number)
        return bytes(value)

    def flag(self, number: int | str) -> bool:
        """Return a boolean."""
        return bool(self._of(number, bool))

    def octets_list(self, number: int | str, length: int | None = None) -> list[bytes]:
        """Return a list of byte strings."""
        row = self.row(number)
        return [row.octets(i, length) for i in range(len(row._body))]

    def uints(self, number: int | str) -> list[int]:
        """Return a list of whole numbers."""
        row = self.row(number)
        return [row.uint(i) for i in range(len(row._body))]

    def texts(self, number: int | str) -> list[str]:
        """Return a list of texts."""
        row = self.row(number)
        return [row.text(i) for i in range(len(row._body))]

    def row(self, number: int | str) -> Fields:
        """Return a list as fields numbered from 0."""
        return Fields(self._of(number, list), self._what)

    def rows(self, number: int | str, columns: int) -> list[Fields]:
        """Return a list of lists with at least this many columns each."""
        rows = [Fields(row, self._what) for row in self._of(number, list)]
        if any(len(row._body) < columns for row in rows):
            raise self._wrong(number)
        return rows

    def map(self, number: int | str) -> dict[Any, Any]:
        """Return a map."""
        value = self._of(number, dict)
        assert isinstance(value, dict)
        return value

    def _of(self, number: int | str, kind: type) -> Any:
        value = self._body.get(number)
        if type(value) is not kind:
            raise self._wrong(number)
        return value

    def _wrong(self, number: int | str) -> MessageInvalid:
        return MessageInvalid("malformed-message", f"field {number} of the {self._what} is wrong")
