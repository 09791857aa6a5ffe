"""A customer's phone as the hub meets it: a key of its own, and what it has been told."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask.testing import FlaskClient

from edge.contract.dynamic_code import code_at_step, step_at
from edge.contract.keys import CodeAlgorithm


@dataclass
class Phone:
    """Asks as ``static/holder/ask.js`` does."""

    client: FlaskClient
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    @property
    def point(self) -> bytes:
        """Its public key."""
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def sign(self, path: str, body: bytes) -> str:
        """Return the header by which it is known."""
        der = self.key.sign(b"VX1 holder\x00" + path.encode() + b"\x00" + body, ec.ECDSA(SHA256()))
        r, s = decode_dss_signature(der)
        return base64.b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode()

    def ask(self, path: str, **question: Any) -> Any:
        """Post a question; return the answer."""
        device = base64.b64encode(self.point).decode()
        body = json.dumps({"device": device, **question}).encode()
        return self.client.post(
            path, data=body, content_type="application/json",
            headers={"Device-Signature": self.sign(path, body)},
        )  # fmt: skip

    def open(self, token: str, have_until_s: int = 0) -> Any:
        """Open a link."""
        return self.ask("/h/open", token=token, have_until_s=have_until_s)


def shown_on(told: dict[str, Any], at_s: int) -> tuple[str, str]:
    """Return the QR's digits and the number that a phone shows at a moment."""
    [row] = [one for one in told["codes"] if one["from_s"] <= at_s < one["until_s"]]
    seed = base64.b64decode(row["seed"])
    long, short = (code_at_step(seed, step_at(at_s), n, CodeAlgorithm.SHA256) for n in (8, 6))
    return told["voucher"]["token"] + long, row["static"] + short
