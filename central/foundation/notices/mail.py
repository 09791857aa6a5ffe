"""Hands mails to a server, and tells apart what another try may deliver and what none will.

A mail may come twice: when the connection breaks after the server has taken it, nobody knows that
it has. Both have the same Message-ID, by which a reader's program knows them.
"""

from __future__ import annotations

import hashlib
import logging
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.utils import formatdate
from typing import NamedTuple

from central.errors import HubError
from central.foundation.jobs.outbox import Message, Undeliverable
from central.foundation.language.said import Saying
from central.foundation.notices.settings import MailSettings, Security, password

log = logging.getLogger(__name__)

FINAL = 500
"""From this reply on, a server will say the same for ever."""


class Mail(NamedTuple):
    """What somebody is told. It holds no key, and no code but one that only proves, for minutes,
    that he reads it: mail is read by whoever carries it."""

    to: str
    subject: str
    text: str


Compose = Callable[[Message], Mail | None]
"""Makes a mail of a message when it is sent; None if nobody is to be told any more."""


class NotTaken(HubError):
    """The server has not taken a mail now; it may later."""


class MailHandler:
    """Delivers messages as mails; the outbox calls it.

    Args:
        compose: Finds the address when the mail is sent, so that it lies in no outbox.
    """

    def __init__(
        self, settings: MailSettings, compose: Compose, now_s: Callable[[], int]
    ) -> None:  # fmt: skip
        self._settings = settings
        self._compose = compose
        self._now_s = now_s
        self._tls = ssl.create_default_context(cafile=settings.ca_file)

    def __call__(self, message: Message) -> None:
        """Send a mail.

        Raises:
            Undeliverable: the server refuses it for good (5xx of its addresses, or of itself).
            NotTaken: it was not taken now: greylisted, no server, broken off, too slow.
            ConfigInvalid: the password cannot be read.
        """
        mail = self._compose(message)
        if mail is None:
            return
        ready = self._message(mail, message)
        try:
            with self._connected() as server:
                # A reply of the server may repeat the address; only its number is noted.
                server.send_message(ready, self._settings.sender, [mail.to])
        except smtplib.SMTPRecipientsRefused as exc:
            [(code, _)] = exc.recipients.values()
            raise _refusal(code, Saying("mail-recipient")) from None
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as exc:
            raise _refusal(exc.smtp_code, Saying("mail-itself")) from None
        except smtplib.SMTPAuthenticationError as exc:
            raise NotTaken(Saying("mail-login", code=exc.smtp_code)) from None
        except smtplib.SMTPNotSupportedError:
            raise NotTaken(Saying("mail-lacks")) from None
        except (smtplib.SMTPException, OSError) as exc:
            raise NotTaken(Saying("mail-broke", why=type(exc).__name__)) from None

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        settings = self._settings
        secret = password(settings)
        if settings.security is Security.TLS:
            server: smtplib.SMTP = smtplib.SMTP_SSL(timeout=settings.timeout_s, context=self._tls)
        else:
            server = smtplib.SMTP(timeout=settings.timeout_s)
        # As its own __init__ does, which would connect before the guard stands: the name that
        # the certificate is checked against.
        server._host = settings.host  # type: ignore[attr-defined]
        guard = threading.Timer(settings.deadline_s, _break_off, (server,))
        guard.daemon = True
        guard.start()
        try:
            code, _ = server.connect(settings.host, settings.port)
            if code != 220:
                raise NotTaken(Saying("mail-no-talk", code=code))
            if settings.security is Security.STARTTLS:
                server.starttls(context=self._tls)
            if settings.user:
                server.login(settings.user, secret)
            yield server
            # It is taken; how the talk ends says nothing about it.
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
        finally:
            guard.cancel()
            server.close()

    def _message(self, mail: Mail, message: Message) -> EmailMessage:
        sender = self._settings.sender
        name = hashlib.sha256(f"{message.kind} {message.key}".encode()).hexdigest()[:32]
        ready = EmailMessage()
        ready["From"] = sender
        ready["To"] = mail.to
        ready["Subject"] = mail.subject
        ready["Date"] = formatdate(self._now_s())
        ready["Message-ID"] = f"<{name}@{sender.rpartition('@')[2]}>"
        ready["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answering machine answers
        ready.set_content(mail.text, cte="base64")
        return ready


def _refusal(code: int, what: str) -> Exception:
    if code >= FINAL:
        return Undeliverable(Saying("mail-refused", what=what, code=code))
    return NotTaken(Saying("mail-not-taken", what=what, code=code))


def _break_off(server: smtplib.SMTP) -> None:
    """End a talk that takes too long, so that whoever waits in it is woken."""
    log.warning("a mail server took too long")
    if server.sock is not None:
        with suppress(OSError):
            server.sock.shutdown(socket.SHUT_RDWR)
