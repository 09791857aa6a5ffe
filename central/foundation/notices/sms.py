"""Hands text messages to Alibaba Cloud, and asks first whether one has gone out already.

``SendSms`` has no key by which a second one would be the same message. So whoever does not know
what came of a try asks ``QuerySendDetails`` for our own number of it (``OutId``) before he tries
again. Source: help.aliyun.com/zh/sms, API 2017-05-25.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests

from central.errors import HubError
from central.foundation.jobs.outbox import Message, Undeliverable
from central.foundation.language.said import Saying
from central.foundation.notices.acs3 import Call, headers, query_string
from central.foundation.notices.sms_settings import SmsSettings

VERSION = "2017-05-25"
BYTES_MAX = 64 * 1024
FINAL = frozenset(
    {
        "isv.MOBILE_NUMBER_ILLEGAL",
        "isv.DOMESTIC_NUMBER_NOT_SUPPORTED",
        "isv.BLACK_KEY_CONTROL_LIMIT",
        "isv.PARAM_LENGTH_LIMIT",
        "isv.PARAM_NOT_SUPPORT_URL",
    }
)
"""What no later try changes. All else is ours to mend (signature, template, balance), or passes
(too many for a number, the service is down)."""
_BEIJING = dt.timezone(dt.timedelta(hours=8))


class Text(NamedTuple):
    """What somebody is told.

    Args:
        to: Eleven digits.
        template: Code of the approved template.
        values: Its variables.
    """

    to: str
    template: str
    values: Mapping[str, str]


ComposeText = Callable[[Message], Text | None]
"""Makes a text of a message when it is sent; None if nobody is to be told any more."""


class TextNotTaken(HubError):
    """The service has not taken a text now; it may later."""


class SmsHandler:
    """Delivers messages as texts; the outbox calls it.

    Args:
        compose: Finds the number when the text is sent, so that it lies in no outbox.
    """

    def __init__(
        self, settings: SmsSettings, compose: ComposeText, now_s: Callable[[], int]
    ) -> None:
        self._settings = settings
        self._compose = compose
        self._now_s = now_s

    def __call__(self, message: Message) -> None:
        """Send a text.

        Raises:
            Undeliverable: the service refuses it for good, such as for its number.
            TextNotTaken: it was not taken now, or nobody knows.
            ConfigInvalid: the secret cannot be read.
        """
        text = self._compose(message)
        if text is None:
            return
        number = hashlib.sha256(f"{message.kind} {message.key}".encode()).hexdigest()[:32]
        if message.tries and self._has_gone(text.to, number):
            return
        answer = self._ask(
            "SendSms",
            {
                "PhoneNumbers": text.to, "SignName": self._settings.sign_name,
                "TemplateCode": text.template, "OutId": number,
                "TemplateParam": json.dumps(dict(text.values), ensure_ascii=False),
            },
        )  # fmt: skip
        code = str(answer.get("Code", ""))
        if code == "OK":
            return
        # The service's own sentence may repeat number or text; its code does not.
        if code in FINAL:
            raise Undeliverable(Saying("text-refused", code=code))
        raise TextNotTaken(Saying("text-not-taken", code=code[:64] or "–"))

    def _has_gone(self, to: str, number: str) -> bool:
        """Say whether an earlier try has got through after all."""
        today = dt.datetime.fromtimestamp(self._now_s(), _BEIJING)
        for day in (today, today - dt.timedelta(days=1)):
            answer = self._ask(
                "QuerySendDetails",
                {
                    "PhoneNumber": to, "SendDate": day.strftime("%Y%m%d"), "PageSize": "50",
                    "CurrentPage": "1",
                },
            )  # fmt: skip
            if answer.get("Code") != "OK":
                raise TextNotTaken(Saying("text-unknown"))
            sent = (answer.get("SmsSendDetailDTOs") or {}).get("SmsSendDetailDTO") or []
            if any(one.get("OutId") == number for one in sent):
                return True
        return False

    def _ask(self, action: str, query: dict[str, str]) -> dict[str, Any]:
        settings = self._settings
        date = dt.datetime.fromtimestamp(self._now_s(), dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        host = urlsplit(settings.endpoint).netloc
        call = Call(host, action, VERSION, date, secrets.token_hex(16), query)
        try:
            answer = requests.post(
                f"{settings.endpoint}/?{query_string(query)}",
                headers=headers(call, settings.access_key_id, settings.secret()),
                timeout=settings.timeout_s, allow_redirects=False, stream=True,
            )  # fmt: skip
            with answer:
                raw = answer.raw.read(BYTES_MAX, decode_content=True)
        except (requests.RequestException, OSError) as exc:
            raise TextNotTaken(Saying("text-broke", why=type(exc).__name__)) from None
        try:
            found = json.loads(raw)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise TextNotTaken(Saying("text-nonsense", status=answer.status_code))
        return found
