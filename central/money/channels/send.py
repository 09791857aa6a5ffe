"""Sends one request to a channel and returns what came back, or that nobody knows.

It never repeats a request, follows no redirect and reads no more than it was told to. Nothing of
it may run inside of a database transaction: the row that announces a call must be there before.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import requests

from central.errors import ChannelRefused, ChannelUnknown
from central.foundation.language.said import Saying
from central.money.channels.ports import CallLog

log = logging.getLogger(__name__)

ANSWER_BYTES_MAX = 1 << 20
"""An answer is some kilobytes."""
BILL_BYTES_MAX = 256 << 20
"""A bill of a million rows."""
_CHUNK_BYTES = 64 << 10

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; nothing of it has been verified yet. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Sender:
    """Connections to one channel, one session a thread."""

    def __init__(self, timeout_s: float, proxy: str = "") -> None:
        self._timeout_s = timeout_s
        self._proxies = {"http": proxy, "https": proxy} if proxy else {}
        self._local = threading.local()

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None,
        bytes_max: int = ANSWER_BYTES_MAX,
    ) -> Answer:  # fmt: skip
        """Send a request once.

        Raises:
            ChannelUnknown: no answer in time, none at all, or a too large one.
        """
        try:
            with self._session().request(
                method, url, headers=dict(headers), data=body, stream=True,
                timeout=self._timeout_s, allow_redirects=False, proxies=self._proxies,
            ) as response:  # fmt: skip
                content = _read(response, bytes_max)
                named = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status_code, named, content)
        except requests.Timeout:
            raise ChannelUnknown("timeout", Saying("channel-late")) from None
        except requests.RequestException as exc:
            # Not "from exc": a URL of Alipay's holds our signature.
            log.warning("no answer from a channel: %s", type(exc).__name__)
            raise ChannelUnknown("no-answer", Saying("channel-broke")) from None

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            session.trust_env = False  # settings come from the settings, not from the environment
            self._local.session = session
        return session


def recorded(
    calls: CallLog, channel: str, kind: str, number: str, request_sha256: bytes,
    work: Callable[[], T],
) -> T:  # fmt: skip
    """Run one outside call between its two notes in the record."""
    call_id = calls.begin(channel, kind, number, request_sha256)
    try:
        result = work()
    except ChannelRefused as exc:
        calls.end(call_id, "refused", exc.code)
        raise
    except ChannelUnknown as exc:
        calls.end(call_id, "unknown", exc.code)
        raise
    calls.end(call_id, "answered", "")
    return result


def fingerprint(*parts: object) -> bytes:
    """Return the hash of what a request says: whatever must be the same when it is sent again.

    Not of the bytes: a payee's name is encrypted anew each time.
    """
    whole = hashlib.sha256()
    for part in parts:
        text = str(part).encode()
        whole.update(len(text).to_bytes(4, "big") + text)
    return whole.digest()


def _read(response: requests.Response, bytes_max: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    for chunk in response.iter_content(_CHUNK_BYTES):
        size += len(chunk)
        if size > bytes_max:
            raise ChannelUnknown("too-large", Saying("channel-large"))
        chunks.append(chunk)
    return b"".join(chunks)
