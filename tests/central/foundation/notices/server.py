"""A mail server on loopback that takes mail, or does what mail servers do on bad days."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.demo.processes import free_port

USER, PASSWORD = "hub", "correct horse"
HOST = "127.0.0.1"


@dataclass
class Postbox:
    """What the server has taken, and what it says next."""

    taken: list[EmailMessage] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    """To RCPT, one each; ``drop`` breaks the connection off. Then everything is taken."""
    after_data: list[str] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        """Answer for a recipient."""
        reply = self.replies.pop(0) if self.replies else "250 OK"
        if reply == "drop":
            server.transport.abort()
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Take a mail."""
        reply = self.after_data.pop(0) if self.after_data else "250 OK"
        if reply in {"250 OK", "drop"}:
            read = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(read, EmailMessage)
            self.taken.append(read)
        if reply == "drop":
            server.transport.abort()
        return reply


def certificate(directory: Path) -> tuple[Path, Path]:
    """Write a certificate for loopback, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example")])
    start = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start).not_valid_after(start + dt.timedelta(days=30))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    public, private = directory / "mail.pem", directory / "mail-key.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )  # fmt: skip
    return public, private


def _login(_server: Any, _session: Any, _envelope: Any, _how: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword)
    is_right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_right, handled=False)


@contextmanager
def serving(box: Postbox, tls: tuple[Path, Path] | None = None) -> Iterator[int]:
    """Serve a postbox; with a certificate it insists on STARTTLS and a login. Give the port."""
    more: dict[str, Any] = {}
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        more = {"tls_context": context, "require_starttls": True, "authenticator": _login,
                "auth_required": True}  # fmt: skip
    controller = Controller(box, hostname=HOST, port=free_port(8025), **more)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()
