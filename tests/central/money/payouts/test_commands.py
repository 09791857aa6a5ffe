"""``tearoff-hub payouts`` and ``tearoff-hub cases`` as an operator types them."""

from __future__ import annotations

from pathlib import Path

import pytest

from central.foundation.db.engine import HUB, open_database
from tests.central.builders import close_hub
from tests.central.money.payouts.builders import AGENT, earn
from tests.central.test_cli import Hub


@pytest.fixture(name="hub")
def _hub(tmp_path: Path) -> Hub:
    """A hub that owes an agent 500.00, which go to a bank account."""
    made = Hub(tmp_path / "hub")
    made.do("init")
    open_database("", tmp_path / "hub" / "hub.db")
    HUB.connect(reuse_if_open=True)
    earn()
    close_hub()
    payee = ("--address", "6222020000000000", "--name", "张三", "--bank", "建设银行")
    made.do("payouts", "payee", AGENT, "bank-file", *payee)
    return made


def ask(hub: Hub, amount: str = "88.00") -> str:
    return hub.do("payouts", "ask", AGENT, amount, "--key", "april", "--remark", "佣金")


def test_a_payout_is_asked_for_once_listed_and_told(hub: Hub) -> None:
    assert ask(hub) == ask(hub)
    [line] = hub.do("payouts", "list").splitlines()
    number, account, amount, state = line.split()
    assert (account, amount, state) == (AGENT, "88.00", "ready")
    assert "requested" in hub.do("payouts", "show", number)
    assert number in hub.do("payouts", "list", "--json")
    assert hub.do("payouts", "list", "--state", "paid") == ""


def test_the_address_of_the_payee_is_told_nowhere(hub: Hub) -> None:
    told = ask(hub) + hub.do("payouts", "list", "--json")
    assert "6222020000000000" not in told


def test_a_batch_asks_for_all_that_is_available(hub: Hub) -> None:
    assert "500.00" in hub.do("payouts", "batch", "--remark", "佣金")


def test_without_channels_the_worker_says_so_and_loses_nothing(hub: Hub) -> None:
    number = ask(hub).split()[0]
    assert hub.do("payouts", "work", "--once").startswith("Channels: none")
    assert "ready" in hub.do("payouts", "show", number)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("payouts", "ask", AGENT, "ten", "--key", "k", "--remark", "r"), "digits"),
        (("payouts", "ask", AGENT, "501.00", "--key", "k", "--remark", "r"), "floor"),
        (("payouts", "ask", "2110.B", "1.00", "--key", "k", "--remark", "r"), "Nobody has said"),
        (("payouts", "payee", "4010", "bank-file", "--address", "x"), "2110, 2310, 2320 only"),
        (("payouts", "show", "PO-nothing"), "no payout"),
        (("cases", "close", "7", "platform", "--reason", "none"), "no double redemption 7"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    hub: Hub, args: tuple[str, ...], said: str
) -> None:
    assert said in hub.fail(*args)


def test_without_a_double_redemption_there_is_no_case(hub: Hub) -> None:
    assert hub.do("cases", "list") == "There is no case.\n"
