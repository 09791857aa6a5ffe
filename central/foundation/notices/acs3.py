"""How requests to Alibaba Cloud are signed: ACS3-HMAC-SHA256. Pure.

Source: help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature. The worked
example of that page is a test.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

ALGORITHM = "ACS3-HMAC-SHA256"
SIGNED = (
    "host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce",
    "x-acs-version",
)  # fmt: skip
"""Headers that a signature covers, in their order."""


class Call(NamedTuple):
    """A request without a body: everything is in the query, as RPC-style operations have it.

    Args:
        date: UTC, ``2023-10-26T10:22:32Z``; good for 15 minutes.
        nonce: Used once.
    """

    host: str
    action: str
    version: str
    date: str
    nonce: str
    query: Mapping[str, str]


def query_string(query: Mapping[str, str]) -> str:
    """Return the query as it is signed and sent: sorted, RFC 3986."""
    return "&".join(f"{_encoded(k)}={_encoded(v)}" for k, v in sorted(query.items()))


def headers(call: Call, key_id: str, secret: str) -> dict[str, str]:
    """Return the headers of a signed POST."""
    values = {
        "host": call.host,
        "x-acs-action": call.action,
        "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
        "x-acs-date": call.date,
        "x-acs-signature-nonce": call.nonce,
        "x-acs-version": call.version,
    }
    text = "\n".join(
        ["POST", "/", query_string(call.query), *(f"{name}:{values[name]}" for name in SIGNED),
         "", ";".join(SIGNED), values["x-acs-content-sha256"]]
    )  # fmt: skip
    to_sign = f"{ALGORITHM}\n{hashlib.sha256(text.encode()).hexdigest()}"
    signature = hmac.digest(secret.encode(), to_sign.encode(), "sha256").hex()
    values["Authorization"] = (
        f"{ALGORITHM} Credential={key_id},SignedHeaders={';'.join(SIGNED)},Signature={signature}"
    )
    return values


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")
