"""What every part of the simulator works with: books, keys, faults, a clock that can be moved."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from central.simulators.channel.books import Books
from central.simulators.channel.faults import Faults
from central.simulators.channel.keys import SimulatorKeys

BEIJING = dt.timezone(dt.timedelta(hours=8))
FEE_PER_100000 = 600
"""0.6 % of a payment."""


class Refuse(Exception):
    """The request is not done; ``code`` is what the channel calls the reason."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass
class World:
    """One simulator."""

    books: Books
    keys: SimulatorKeys
    clock: Callable[[], int]
    pause: Callable[[float], object]
    """What a slow answer waits with."""
    base_url: str = ""
    shift_s: int = 0
    faults: Faults = field(default_factory=Faults)
    confirms_within_s: int = 24 * 3600
    share_ceiling_percent: int = 30
    slow_s: float = 30
    callback_signing: str = "public-key"

    def now_s(self) -> int:
        """Return the simulator's time: the clock's, moved by ``shift_s``."""
        return self.clock() + self.shift_s

    def number(self, beginning: str, digits: int) -> str:
        """Return a number of the channel's own, such as 4200000000202604110000000001."""
        day = local(self.now_s()).strftime("%Y%m%d")
        counted = str(self.books.count(beginning))
        return beginning + day + counted.zfill(digits - len(beginning) - len(day))

    def note(self, operation: str, number: str, answer: str, fault: str) -> None:
        """Write down what was asked and answered."""
        self.books.run(
            "INSERT INTO request (at_s, operation, number, answer, fault) VALUES (?, ?, ?, ?, ?)",
            self.now_s(), operation, number[:64], answer[:200], fault,
        )  # fmt: skip

    def call_back(
        self, channel: str, event_type: str, original_type: str, url: str, number: str, content: str
    ) -> None:
        """Queue a callback; ``deliver`` sends it."""
        if not url:
            return
        lost = self.faults.take(f"callback.{event_type}", number, {"callback-lost": ""})
        now_s = self.now_s()
        event_id = f"EV-{now_s}{self.books.count('event'):08d}"
        self.books.run(
            "INSERT INTO callback (channel, event_id, event_type, original_type, url, number,"
            " content, state, tries, next_at_s, created_at_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0,"
            " ?, ?)",
            channel, event_id, event_type, original_type, url, number, content,
            "lost" if lost else "waiting", now_s, now_s,
        )  # fmt: skip


def local(at_s: int) -> dt.datetime:
    """Return a time in Beijing."""
    return dt.datetime.fromtimestamp(at_s, BEIJING)


def rfc3339(at_s: int) -> str:
    """Return a time as APIv3 writes it."""
    return local(at_s).isoformat(timespec="seconds")


def plain(at_s: int) -> str:
    """Return a time as Alipay and bills write it."""
    return local(at_s).strftime("%Y-%m-%d %H:%M:%S")


def day_of(at_s: int) -> str:
    """Return the day in Beijing, 2026-04-11."""
    return local(at_s).date().isoformat()


def yuan(fen: int) -> str:
    """Return 88.00."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def fee_of(fen: int) -> int:
    """Return the fee of a payment in 1/100,000 yuan."""
    return fen * 1000 * FEE_PER_100000 // 100_000


def fee_fen(fee_e5: int) -> int:
    """Return a fee in whole fen, half a fen up: what really leaves the account."""
    return (fee_e5 + 500) // 1000


def is_notify_url(url: Any) -> bool:
    """Say whether the channel would call there: https without parameters, or this machine."""
    if not isinstance(url, str) or len(url) > 256:
        return False
    parts = urlsplit(url)
    if parts.query or parts.fragment or not parts.hostname:
        return False
    if parts.scheme == "https":
        return True
    try:
        here = parts.hostname == "localhost" or ipaddress.ip_address(parts.hostname).is_loopback
    except ValueError:
        here = False
    return parts.scheme == "http" and here
