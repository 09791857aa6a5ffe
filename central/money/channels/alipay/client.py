"""Signs a request, sends it once, verifies the answer, and says which of the two failures it was.

The common parameters go into the address and ``biz_content`` into the body, so that no proxy's log
holds a payee. Alipay answers 200 to everything; what it means stands in ``code`` and ``sub_code``,
and nothing of it counts before the signature does.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from central.errors import ChannelRefused, ChannelUnknown
from central.foundation.language.said import Saying
from central.money.channels.alipay import CHANNEL, keys, signing
from central.money.channels.ports import CallLog
from central.money.channels.send import ANSWER_BYTES_MAX, Sender, fingerprint, recorded
from central.money.channels.settings import AlipaySettings

Clock = Callable[[], int]
T = TypeVar("T")

BEIJING = dt.timezone(dt.timedelta(hours=8))
SUCCESS = "10000"

NOT_THERE = frozenset({"ACQ.TRADE_NOT_EXIST", "ORDER_NOT_EXIST", "isp.bill_not_exist"})
"""What a query answers about a number that Alipay has not seen."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked of Alipay."""

    method: str
    refusals: frozenset[str] = frozenset()
    """The ``sub_code``s that mean: not done, and will not be."""
    already: frozenset[str] = frozenset()
    """The ``sub_code``s that mean: it was so before."""


class Client:
    """Alipay, for one application."""

    def __init__(self, settings: AlipaySettings, calls: CallLog, now_s: Clock) -> None:
        """Read the keys.

        Raises:
            ConfigInvalid: a key file is missing, open to others, or not a key.
        """
        self.settings = settings
        self.keys = keys.load(settings)
        self.now_s = now_s
        self._calls = calls
        self._sender = Sender(settings.timeout_s, settings.proxy)

    def do(
        self, operation: Operation, number: str, content: Mapping[str, Any], said: bytes,
        read: Callable[[dict[str, Any]], T], *, notify: bool = False,
    ) -> T:  # fmt: skip
        """Ask for something to be done; return what ``read`` makes of the verified answer.

        Args:
            said: Fingerprint of what is asked for; the same whenever it is asked for again.
            read: Reads the answer; one that it cannot read leaves the call unknown.
            notify: Whether Alipay shall call when something becomes of it.

        Raises:
            ChannelRefused: it says that it has not done it, with a code known to mean that.
            ChannelUnknown: anything else.
        """

        def work() -> T:
            found = self._exchange(operation.method, content, notify=notify)
            if found.get("code") == SUCCESS:
                return read(found)
            code = _code(found)
            if code in operation.already:
                return read(dict(content))
            if code in operation.refusals:
                raise ChannelRefused(code, "Alipay has refused it.")
            raise ChannelUnknown(code, "Alipay has not said that it is done.")

        return recorded(self._calls, CHANNEL, operation.method, number, said, work)

    def ask(
        self, method: str, number: str, content: Mapping[str, Any],
        read: Callable[[dict[str, Any]], T],
    ) -> T | None:  # fmt: skip
        """Query; return what ``read`` makes of the answer, None if there is no such number.

        Raises:
            ChannelUnknown: anything else, even what would be a refusal elsewhere.
        """

        def work() -> T | None:
            found = self._exchange(method, content, notify=False)
            if found.get("code") == SUCCESS:
                return read(found)
            code = _code(found)
            if code in NOT_THERE:
                return None
            raise ChannelUnknown(code, Saying("channel-no-question"))

        said = fingerprint(method, json.dumps(content, sort_keys=True))
        return recorded(self._calls, CHANNEL, method, number, said, work)

    def fetch(self, number: str, url: str, bytes_max: int, read: Callable[[bytes], T]) -> T:
        """Fetch a bill from a host that is allowed; it is not signed: ``read`` proves it."""
        target = self._allowed(url)

        def work() -> T:
            answer = self._sender.send("GET", target, headers=_HEADERS, bytes_max=bytes_max)
            if answer.status != 200:
                raise ChannelUnknown(f"http-{answer.status}", Saying("channel-no-file"))
            return read(answer.body)

        return recorded(
            self._calls, CHANNEL, "bill.file", number, fingerprint("FILE", number), work
        )

    # --- inside ----------------------------------------------------------------------------------

    def _exchange(
        self, method: str, content: Mapping[str, Any], *, notify: bool
    ) -> dict[str, Any]:  # fmt: skip
        biz_content = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        common = self._common(method, notify=notify)
        text = signing.request_text({**common, "biz_content": biz_content})
        common["sign"] = signing.sign(self.keys.app_key, text)
        answer = self._sender.send(
            "POST", f"{self.settings.base_url}?{urlencode(common)}",
            headers={
                **_HEADERS, "Content-Type": "application/x-www-form-urlencoded;charset=utf-8",
            },
            body=urlencode({"biz_content": biz_content}).encode(), bytes_max=ANSWER_BYTES_MAX,
        )  # fmt: skip
        if answer.status != 200:
            raise ChannelUnknown(f"http-{answer.status}", _answers(answer.status))
        try:
            found = signing.locate(answer.body, method)
        except (ValueError, RecursionError) as exc:
            raise ChannelUnknown("unverifiable", Saying("channel-unsigned")) from exc
        if not self.keys.is_signed(found.raw, found.signature, found.cert_sn):
            raise ChannelUnknown("unverifiable", Saying("channel-signature"))
        return found.value

    def _common(self, method: str, *, notify: bool) -> dict[str, str]:
        now = dt.datetime.fromtimestamp(self.now_s(), BEIJING)  # GMT+8, wherever the hub stands
        common = {
            "app_id": self.settings.app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": signing.SIGN_TYPE,
            "timestamp": now.strftime("%Y-%m-%d %H:%M:%S"),
            "version": "1.0",
        }
        if notify:
            common["notify_url"] = self.settings.notify_url
        if self.keys.app_cert_sn:
            common["app_cert_sn"] = self.keys.app_cert_sn
            common["alipay_root_cert_sn"] = self.keys.root_cert_sn
        return common

    def _allowed(self, url: str) -> str:
        parts, base = urlsplit(url), urlsplit(self.settings.base_url)
        if (parts.scheme, parts.netloc) == (base.scheme, base.netloc):
            return url
        if parts.hostname not in self.settings.bill_hosts or parts.port is not None:
            raise ChannelUnknown("foreign-host", Saying("channel-host"))
        # Alipay still writes http://; the bill's sums prove it, but nobody need read it.
        return parts._replace(scheme="https").geturl()


_HEADERS = {"Accept": "application/json", "User-Agent": "tearoff-hub"}


def _code(found: Mapping[str, Any]) -> str:
    """Return the ``sub_code`` that decides, or the ``code`` where there is none."""
    for name in ("sub_code", "code"):
        code = found.get(name)
        if isinstance(code, str) and code and code.isascii() and len(code) <= 64:
            return code
    return "no-code"


def _answers(status: int) -> Saying:
    return Saying("channel-answers", channel="Alipay", status=status)
