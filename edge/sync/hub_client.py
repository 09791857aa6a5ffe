"""HTTP to the hub: CBOR out, signed by this unit; signed messages in."""

from __future__ import annotations

import secrets
import time
from urllib.parse import SplitResult, urlsplit

import urllib3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.clock.trusted_time import TrustedClock
from edge.contract.http_signature import Request, sign_request
from edge.contract.problem import CONTENT_TYPE as PROBLEM
from edge.contract.problem import parse_problem
from edge.contract.signed import MESSAGE_BYTES_MAX
from edge.contract.sync_message import CONTENT_TYPE
from edge.errors import ConfigInvalid, HubRefused, HubUnreachable


class HubClient:
    """One hub, one unit. Safe to use from many threads; connections are kept open.

    Args:
        url: Base address of the hub, with or without a path.
        key_id: What the hub knows the key by: the unit id, or the key itself while enrolling.
        ca_file: PEM file of the only authorities to trust; the system's when empty.

    Raises:
        ConfigInvalid: the address is none.
    """

    def __init__(
        self, url: str, key: Ed25519PrivateKey, key_id: str, clock: TrustedClock, ca_file: str = ""
    ) -> None:
        parts = _split(url)
        self._base = url.rstrip("/")
        self._path = parts.path.rstrip("/")
        self._authority = parts.netloc.lower()
        self._key = key
        self._key_id = key_id
        self._clock = clock
        self._http = urllib3.PoolManager(
            maxsize=4, retries=False, ca_certs=ca_file or None, cert_reqs="CERT_REQUIRED"
        )

    def post(self, path: str, body: bytes, timeout_s: float) -> bytes:
        """Send a request and return the body of the hub's answer, not verified yet.

        Raises:
            HubUnreachable: no answer within the time, or one that is not the hub's.
            HubRefused: the hub answered with problem details; ``extra["hub"]`` is the slug,
                ``extra["retry_after_s"]`` what it asks for.
        """
        signed = sign_request(
            Request("POST", self._authority, self._path + path, body),
            self._key,
            self._key_id,
            created_s=self._clock.now().at_s,
            nonce=secrets.token_bytes(16),
        )
        deadline_s = time.monotonic() + timeout_s
        try:
            response = self._http.request(
                "POST",
                self._base + path,
                body=body,
                headers={"Content-Type": CONTENT_TYPE, "Accept": CONTENT_TYPE, **signed},
                timeout=urllib3.Timeout(total=timeout_s),
                redirect=False,
                preload_content=False,
            )
            with response:
                content = _read(response, deadline_s)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as exc:
            raise HubUnreachable(f"No answer from {self._base}: {type(exc).__name__}") from exc
        content_type = response.headers.get("Content-Type", "")
        if response.status == 200 and content_type.startswith(CONTENT_TYPE):
            if len(content) > MESSAGE_BYTES_MAX:
                raise HubUnreachable("The answer is larger than any message of the hub.")
            return content
        if content_type.startswith(PROBLEM):
            problem = parse_problem(content, response.status)
            raise HubRefused(
                problem.detail or problem.title,
                hub=problem.slug,
                retry_after_s=_seconds(response.headers.get("Retry-After")),
            )
        raise HubUnreachable(f"The answer ({response.status}) is not the hub's.")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        known = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise ConfigInvalid(f"a hub is at https://HOST or http://HOST:PORT, not {url!r}")
    return parts


def _read(response: urllib3.BaseHTTPResponse, deadline_s: float) -> bytes:
    """Return the body, up to one byte more than any message has.

    The socket's own time-out begins anew with each byte: an answer that drips would never end.
    """
    content = bytearray()
    while len(content) <= MESSAGE_BYTES_MAX and (piece := response.read1(1 << 16)):
        content += piece
        if time.monotonic() > deadline_s:
            raise TimeoutError("the answer takes too long")
    return bytes(content)


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isascii() and text.isdecimal() else None
