"""Signs a request, sends it once, verifies the answer, and says which of the two failures it was.

Nothing is believed before its signature is verified; not a 200, and not a refusal either: a
refusal that somebody else has written would set money free that is on its way.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

from central.errors import ChannelRefused, ChannelUnknown
from central.foundation.language.said import Saying
from central.money.channels.ports import CallLog
from central.money.channels.send import ANSWER_BYTES_MAX, Answer, Sender, fingerprint, recorded
from central.money.channels.settings import WeChatPaySettings
from central.money.channels.wechat_pay import CHANNEL, signing
from central.money.channels.wechat_pay.keys import (
    Merchant,
    PlatformKey,
    PlatformKeys,
    UnknownSerial,
    Unverified,
    load_merchant,
    of_certificate,
    to_pem,
)

Clock = Callable[[], int]
T = TypeVar("T")

_REFRESH_S_MIN = 60
"""At most one download of certificates a minute, however many answers ask for it."""

NOT_THERE = frozenset(
    {"ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS", "NOT_FOUND", "NO_STATEMENT_EXIST"}
)
"""What a query answers, with 404 (a bill: 400), about a number that the channel has not seen."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked of the channel."""

    kind: str
    method: str
    refusals: frozenset[str] = frozenset()
    """The codes, from the interface's own document, that mean: not done, and will not be."""
    already: frozenset[str] = frozenset()
    """The codes that mean: it was so before."""


class Client:
    """The channel, for one merchant."""

    def __init__(
        self, settings: WeChatPaySettings, calls: CallLog, now_s: Clock,
        nonce: Callable[[], str] = lambda: secrets.token_hex(16).upper(),
    ) -> None:  # fmt: skip
        """Read the keys.

        Raises:
            ConfigInvalid: a key file is missing, open to others, or not a key.
        """
        self.settings = settings
        self.merchant: Merchant = load_merchant(settings)
        self.platform = PlatformKeys.load(settings)
        self.now_s = now_s
        self.nonce = nonce
        self._calls = calls
        self._sender = Sender(settings.timeout_s, settings.proxy)
        self._refreshed_at_s = -_REFRESH_S_MIN
        base = urlsplit(settings.base_url)
        self._origin = f"{base.scheme}://{base.netloc}"
        self._prefix = base.path

    def do(
        self, operation: Operation, number: str, target: str, body: Mapping[str, Any] | None,
        said: bytes, read: Callable[[dict[str, Any]], T],
    ) -> T:  # fmt: skip
        """Ask for something to be done; return what ``read`` makes of the verified answer.

        Args:
            said: Fingerprint of what is asked for; the same whenever it is asked for again.
            read: Reads the answer; one that it cannot read leaves the call unknown.

        Raises:
            ChannelRefused: it says that it has not done it, with a code known to mean that.
            ChannelUnknown: anything else.
        """

        def work() -> T:
            answer = self._exchange(operation.method, target, body)
            found = _json(answer.body) if answer.body else {}
            if answer.status in {200, 202, 204}:
                return read(found)
            code = _code(found)
            if 400 <= answer.status < 500 and code in operation.already:
                return read({})
            if 400 <= answer.status < 500 and code in operation.refusals:
                raise ChannelRefused(code, "WeChat Pay has refused it.")
            raise ChannelUnknown(code, _answers(answer.status))

        return recorded(self._calls, CHANNEL, operation.kind, number, said, work)

    def ask(
        self, kind: str, number: str, target: str, read: Callable[[dict[str, Any]], T]
    ) -> T | None:
        """Query; return what ``read`` makes of the answer, None if there is no such number.

        Raises:
            ChannelUnknown: anything else, even what would be a refusal elsewhere: that a question
                was refused says nothing about the money.
        """

        def work() -> T | None:
            answer = self._exchange("GET", target, None)
            found = _json(answer.body)
            if answer.status == 200:
                return read(found)
            code = _code(found)
            if answer.status in {400, 404} and code in NOT_THERE:
                return None
            raise ChannelUnknown(code, _answers(answer.status))

        return recorded(self._calls, CHANNEL, kind, number, fingerprint("GET", target), work)

    def fetch(
        self, kind: str, number: str, target: str, bytes_max: int, read: Callable[[bytes], T]
    ) -> T:
        """Fetch a file. Files are not signed (doc 4012084430): ``read`` proves it."""

        def work() -> T:
            answer = self._send("GET", target, None, bytes_max)
            if answer.status != 200:
                raise ChannelUnknown(f"http-{answer.status}", Saying("channel-no-file"))
            return read(answer.body)

        return recorded(self._calls, CHANNEL, kind, number, fingerprint("FILE", number), work)

    def refresh_certificates(self) -> list[str]:
        """Download the platform's certificates and return the serials that are new.

        Call it once a day, and after ``init``. The answer proves itself: the certificates in it
        are sealed with our APIv3 key, and one of them, or one we have, has signed it.

        Raises:
            ChannelUnknown: it cannot be had or believed; the old ones stay.
        """

        def work() -> list[str]:
            answer = self._send("GET", "/v3/certificates", None, ANSWER_BYTES_MAX)
            if answer.status != 200:
                raise ChannelUnknown(f"http-{answer.status}", Saying("channel-no-certificates"))
            found = self._unsealed(_json(answer.body))
            fresh = {serial: of_certificate(pem) for serial, pem in found.items()}
            try:
                PlatformKeys(fresh, None).verify(answer.headers, answer.body, self.now_s())
            except Unverified:
                self._verify(answer)
            return self.platform.add(found, self.now_s())

        said = fingerprint("GET", "/v3/certificates")
        return recorded(self._calls, CHANNEL, "certificates", "certificates", said, work)

    # --- inside ----------------------------------------------------------------------------------

    def _exchange(self, method: str, target: str, body: Mapping[str, Any] | None) -> Answer:
        answer = self._send(method, target, body, ANSWER_BYTES_MAX)
        try:
            self.platform.verify(answer.headers, answer.body, self.now_s())
        except UnknownSerial:
            # The answer to our own call: only here may an unknown serial lead to a download.
            self._refresh_if_due()
            self._verify(answer)
        except Unverified as exc:
            raise _unbelievable(answer, exc) from exc
        if answer.status >= 500:
            raise ChannelUnknown(_code_or_status(answer), _answers(answer.status))
        return answer

    def _verify(self, answer: Answer) -> None:
        try:
            self.platform.verify(answer.headers, answer.body, self.now_s())
        except Unverified as exc:
            raise _unbelievable(answer, exc) from exc

    def _send(
        self, method: str, target: str, body: Mapping[str, Any] | None, bytes_max: int
    ) -> Answer:
        target = self._prefix + target
        key = self.platform.sealing(self.now_s())
        raw = b"" if body is None else to_json(body, key)
        timestamp, nonce = self.now_s(), self.nonce()
        text = signing.request_text(method, target, timestamp, nonce, raw)
        headers = {
            "Accept": "application/json",
            "Authorization": signing.authorization(
                mchid=self.merchant.mchid, serial=self.merchant.serial, timestamp=timestamp,
                nonce=nonce, signature=signing.sign(self.merchant.key, text),
            ),
            "User-Agent": "tearoff-hub",
        }  # fmt: skip
        if raw:
            headers["Content-Type"] = "application/json"
        if key is not None:
            # Asks for the answer to be signed with this key, and says which one fields are sealed
            # for (doc 4013038816).
            headers["Wechatpay-Serial"] = key.serial
        return self._sender.send(
            method, self._origin + target, headers=headers, body=raw or None, bytes_max=bytes_max
        )

    def _refresh_if_due(self) -> None:
        if not self.platform.uses_certificates:
            return
        if self.now_s() - self._refreshed_at_s < _REFRESH_S_MIN:
            return
        self._refreshed_at_s = self.now_s()
        self.refresh_certificates()

    def _unsealed(self, found: dict[str, Any]) -> dict[str, bytes]:
        certificates: dict[str, bytes] = {}
        try:
            for item in found["data"]:
                sealed = item["encrypt_certificate"]
                pem = to_pem(signing.open_resource(self.merchant.api_v3_key, sealed))
                serial = of_certificate(pem).serial
                if serial != str(item["serial_no"]).upper():
                    raise ValueError("a certificate has another serial than it is listed under")
                certificates[serial] = pem
        except (KeyError, TypeError, ValueError) as exc:
            raise ChannelUnknown("unverifiable", Saying("channel-bad-certificates")) from exc
        return certificates


@dataclass(frozen=True, slots=True)
class Sealed:
    """A field that only the channel may read; it is encrypted when the request is written."""

    text: str = field(repr=False)


def to_json(body: Mapping[str, Any], key: PlatformKey | None) -> bytes:
    """Return the bytes that are signed and sent.

    Raises:
        ChannelUnknown: a field is to be sealed, and no key of the platform is in force.
    """

    def seal(value: Any) -> str:
        assert isinstance(value, Sealed), "everything else in a request is JSON"
        if key is None:
            raise ChannelUnknown("no-platform-key", Saying("channel-no-key"))
        return signing.seal(key.key, value.text)

    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=seal).encode()


def _unbelievable(answer: Answer, why: Unverified) -> ChannelUnknown:
    if answer.status >= 500:
        return ChannelUnknown(f"http-{answer.status}", _answers(answer.status))
    return ChannelUnknown("unverifiable", Saying("channel-not-believed", why=str(why)))


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise ChannelUnknown("unreadable", Saying("channel-not-json")) from exc
    if not isinstance(found, dict):
        raise ChannelUnknown("unreadable", Saying("channel-not-object"))
    return found


def _code(found: dict[str, Any]) -> str:
    code = found.get("code")
    return code if isinstance(code, str) and code.isascii() and len(code) <= 64 else "no-code"


def _code_or_status(answer: Answer) -> str:
    try:
        return _code(_json(answer.body))
    except ChannelUnknown:
        return f"http-{answer.status}"


def _answers(status: int) -> Saying:
    return Saying("channel-answers", channel="WeChat Pay", status=status)
