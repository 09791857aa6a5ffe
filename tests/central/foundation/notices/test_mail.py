"""Mails: taken by a server that is served here, or not, and why."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from central.errors import ConfigInvalid
from central.foundation.db.engine import money_transaction
from central.foundation.jobs.alerts import alerts
from central.foundation.jobs.outbox import Courier, Message, Undeliverable, counts, messages, put
from central.foundation.notices.mail import Mail, MailHandler, NotTaken
from central.foundation.notices.settings import MailSettings, Security, is_address, load
from tests import builders as b
from tests.central.builders import Database
from tests.central.channel import Clock
from tests.central.foundation.notices.server import (
    HOST,
    PASSWORD,
    USER,
    Postbox,
    certificate,
    serving,
)

LI = "li@example.com"
MESSAGE = Message(1, "mail", "O1 paid", {})


def settings(port: int, **bent: Any) -> MailSettings:
    values = {"host": HOST, "port": port, "security": "none", "from": "shop@hub.example"}
    return MailSettings.model_validate({**values, **bent})


def handler(port: int, to: str = LI, **bent: Any) -> MailHandler:
    mail = Mail(to, "订单 O1 已付款", "我们已收到。\n" + "很长的一行 " * 300)
    return MailHandler(settings(port, **bent), lambda _message: mail, lambda: b.NOW_S)


@pytest.fixture
def box() -> Postbox:
    return Postbox()


@pytest.fixture
def port(box: Postbox) -> Iterator[int]:
    with serving(box) as port:
        yield port


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("certificate"))


def test_a_mail_arrives_as_it_was_written(box: Postbox, port: int) -> None:
    handler(port)(MESSAGE)
    [mail] = box.taken
    assert (mail["From"], mail["To"]) == ("shop@hub.example", LI)
    assert mail["Subject"] == "订单 O1 已付款"
    assert mail.get_content().startswith("我们已收到。")
    assert mail["Auto-Submitted"] == "auto-generated"


def test_a_mail_that_comes_twice_has_one_id(box: Postbox, port: int) -> None:
    box.after_data = ["drop"]  # it was taken, and nobody knows
    with pytest.raises(NotTaken):
        handler(port)(MESSAGE)
    handler(port)(MESSAGE)
    handler(port)(MESSAGE._replace(key="O1 delivered"))
    first, second, other = [mail["Message-ID"] for mail in box.taken]
    assert first == second != other


@pytest.mark.parametrize(
    ("replies", "after_data", "kind"),
    [
        (["451 greylisted"], [], NotTaken),
        (["421 too many"], [], NotTaken),
        (["drop"], [], NotTaken),
        ([], ["452 no room"], NotTaken),
        (["550 no such mailbox li@example.com"], [], Undeliverable),
        ([], ["554 looks like spam"], Undeliverable),
    ],
)
def test_what_a_server_refuses_now_is_not_what_it_refuses_for_ever(
    box: Postbox, port: int, replies: list[str], after_data: list[str], kind: type[Exception]
) -> None:
    box.replies, box.after_data = replies, after_data
    with pytest.raises(kind) as told:
        handler(port)(MESSAGE)
    assert LI not in str(told.value)
    assert box.taken == []


def test_a_greylisted_mail_goes_out_later_and_a_refused_one_is_told_as_dead(
    sqlite_database: Database, box: Postbox, port: int
) -> None:
    clock = Clock()
    courier = Courier({"mail": handler(port)}, clock)
    box.replies = ["451 greylisted"]
    money_transaction(lambda: put("mail", "O1 paid", {"order": "O1"}, b.NOW_S))
    courier.run_due()
    [waiting] = messages()
    assert (waiting.state, waiting.said) == (
        "waiting", "The recipient is not taken by the mail server now (451).",
    )  # fmt: skip
    clock.at_s = waiting.next_at_s
    courier.run_due()
    assert counts() == {"sent": 1}
    assert len(box.taken) == 1
    box.replies = ["550 nobody"]
    money_transaction(lambda: put("mail", "O2 paid", {"order": "O2"}, clock()))
    courier.run_due()
    assert counts() == {"sent": 1, "dead": 1}
    assert [alert.subject for alert in alerts()] == ["mail O2 paid"]


def test_who_is_not_to_be_told_any_more_is_not_told(port: int, box: Postbox) -> None:
    MailHandler(settings(port), lambda _message: None, lambda: b.NOW_S)(MESSAGE)
    assert box.taken == []


def test_a_server_that_wants_tls_and_a_login_has_both(
    tmp_path: Path, box: Postbox, tls: tuple[Path, Path]
) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    file.chmod(0o600)
    secure: dict[str, Any] = {"security": "starttls", "user": USER, "password_file": file}
    with serving(box, tls) as port:
        handler(port, ca_file=tls[0], **secure)(MESSAGE)
        assert len(box.taken) == 1
        with pytest.raises(NotTaken, match="SSLCertVerificationError"):
            handler(port, **secure)(MESSAGE)  # nobody has signed for it
        file.write_text("wrong")
        with pytest.raises(NotTaken, match="refuses our login"):
            handler(port, ca_file=tls[0], **secure)(MESSAGE)
        file.chmod(0o644)
        with pytest.raises(ConfigInvalid, match="can be read by others"):
            handler(port, ca_file=tls[0], **secure)(MESSAGE)
    assert len(box.taken) == 1


def test_nothing_is_said_in_the_clear_to_a_server_without_tls(box: Postbox, port: int) -> None:
    for security in ("starttls", "tls"):
        with pytest.raises(NotTaken):
            handler(port, security=security)(MESSAGE)
    assert box.taken == []


@contextmanager
def talking(line: bytes) -> Iterator[int]:
    """A server that says this for ever."""
    listening = socket.create_server((HOST, 0))

    def talk() -> None:
        with suppress(OSError):
            connection, _ = listening.accept()
            with connection:
                while line:
                    connection.sendall(line)
                connection.recv(1)  # says nothing until the other one goes

    thread = threading.Thread(target=talk)
    thread.start()
    yield listening.getsockname()[1]
    thread.join(10)
    assert not thread.is_alive()
    listening.close()


@pytest.mark.parametrize("line", [b"220-welcome\r\n", b""], ids=["talks", "is silent"])
def test_no_server_keeps_a_courier_for_longer_than_it_may(line: bytes) -> None:
    with talking(line) as port, pytest.raises(NotTaken):
        handler(port, deadline_s=0.2, timeout_s=30)(MESSAGE)


def test_there_is_no_server() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NotTaken, match="ConnectionRefusedError"):
        handler(port)(MESSAGE)


# --- settings ------------------------------------------------------------------------------------


def test_settings_are_read_from_their_file_and_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "mail.toml"
    assert load(file) is None
    file.write_text('host = "mail.example"\nfrom = "shop@hub.example"\nuser = "u"\n'
                    'password_file = "secret"\n')  # fmt: skip
    found = load(file)
    assert found is not None
    assert (found.port, found.security, found.password_file) == (
        587, Security.STARTTLS, tmp_path / "secret",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("prot = 25", "there is no setting prot; port?"),
        ("port = 0", "port: "),
        ('security = "none"', "on this machine only"),
        ('security = "ssl"', "security: "),
        ('user = "u"', "go together"),
        ('from = "Shop <shop@hub.example>"', "name@host.example"),
        ("deadline_s = 119", "deadline_s: "),  # a lease of the outbox is 120 s
        ("x", "is not TOML"),
    ],
)  # fmt: skip
def test_settings_that_are_wrong_are_named(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "mail.toml"
    sender = "" if text.startswith("from") else 'from = "shop@hub.example"\n'
    file.write_text(f'host = "mail.example"\n{sender}{text}\n')
    with pytest.raises(ConfigInvalid, match=sentence.replace("?", r"\?")):
        load(file)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        (LI, True), ("a.b+c@x-y.example.com", True), ("13800138000", False), ("li", False),
        ("li@example", False), ("li@example.com,wang@example.com", False), ("", False),
        ("li@example.com\nBcc: x@y.example", False), ("<li@example.com>", False),
        ("李@example.com", False), ("x" * 65 + "@example.com", False),
    ],
)  # fmt: skip
def test_what_is_a_mail_address(text: str, is_one: bool) -> None:
    assert is_address(text) is is_one
