"""Payouts that a person carries to the bank: in one file each, ended by the bank's answer alone."""

from __future__ import annotations

import peewee
import pytest

from central.errors import Conflict, NotFound, PayoutRefused, RequestInvalid
from central.foundation.db.engine import change, rows
from central.foundation.jobs import alerts
from central.insight.standstill import payouts as standing
from central.money.channels.model import Payee
from central.money.ledger.audit import audit
from central.money.payouts import release, store
from central.money.payouts.bank_files import answer
from central.money.payouts.bank_files import store as files
from central.money.payouts.bank_files.answer import Taken, take_answer
from central.money.payouts.bank_files.make import choose, fetch, make
from central.money.payouts.bank_files.store import Made
from central.money.payouts.model import Limits, State
from central.money.payouts.pay_out import Machine
from central.money.payouts.payees import set_payee
from central.money.payouts.store import Payout
from central.money.sharing.model import AgentId
from central.network.agents import change as change_agent
from central.network.agents.change import NewAgent
from tests.builders import NOW_S
from tests.central.books import assert_sound, balances
from tests.central.builders import at_once
from tests.central.money.payouts.bank_answers import (
    LI,
    SETTINGS,
    WANG,
    a_payee,
    said,
    some,
    state_of,
)
from tests.central.money.payouts.builders import TODAY, ask_for, earn

DAY_S = 86_400

pytestmark = pytest.mark.usefixtures("hub_database")


def test_what_is_ready_stands_in_one_file_and_nowhere_else() -> None:
    made, asked = some(3)
    assert (made.no, made.lines, made.total) == ("BF20260411001", 3, 306)
    assert [line.payout.no for line in files.lines_of(made.no)] == [one.no for one in asked]
    assert {state_of(one) for one in asked} == {State.SENT}
    with pytest.raises(Conflict, match="No payout is ready"):
        make(SETTINGS, NOW_S, day=TODAY, actor="li")
    later = ask_for(999, account=a_payee("A9"))
    second = make(SETTINGS, NOW_S, day=TODAY, actor="li")
    assert [line.payout.no for line in files.lines_of(second.no)] == [later.no]
    assert second.no == "BF20260411002"
    assert fetch(made.no, NOW_S, actor="li")[1] == files.content_of(made.no)
    assert [one.event for one in files.story(made.no)] == ["made", "fetched"]
    assert_sound()


def test_no_worker_asks_anybody_about_what_stands_in_a_file() -> None:
    _, asked = some(2)
    machine = Machine({}, lambda: NOW_S + 30 * DAY_S, lambda _: TODAY)
    assert machine.run_due() == 0
    assert {state_of(one) for one in asked} == {State.SENT}
    with pytest.raises(Conflict, match="stands in the bank's file BF20260411001"):
        release.ask_to_stop(asked[0].no, NOW_S, "wang")
    with pytest.raises(Conflict, match="only the channel can end it"):
        release.refuse(asked[0].no, NOW_S, "wang", "a mistake", day=TODAY)


def test_the_bank_s_answer_ends_each_payout_and_again_is_harmless() -> None:
    made, (paid, failed, later) = some(3)
    first = said(made, ["成功", "失败", "处理中"])
    assert take_answer(made.no, first, LI) == Taken(paid=1, failed=1, known=0, open=1)
    assert (state_of(paid), state_of(failed), state_of(later)) == (
        State.PAID, State.FAILED, State.SENT,
    )  # fmt: skip
    assert store.get(failed.no).last_code == "户名不符"
    books = balances()
    assert books["1030.main"] == -101
    assert books["2110.A2"] == -50_000, "what failed is his to have again"
    assert take_answer(made.no, first, LI) == Taken(known=2, open=1)
    last = said(made, ["成功", "失败", "成功"])
    assert take_answer(made.no, last, WANG) == Taken(paid=1, known=2)
    assert take_answer(made.no, first, LI) == Taken(known=3), "an older answer takes nothing back"
    assert balances()["1030.main"] == -101 - 103
    assert "2410.bank-file" not in balances()
    assert audit() == []
    with pytest.raises(Conflict, match="has its end"):
        fetch(made.no, NOW_S, actor="li")
    again = ask_for(102, account="2110.A2", key="once more")
    assert again.no != failed.no


def test_what_was_not_asked_for_ends_nothing() -> None:
    made, asked = some(2)
    other, _ = some_other()

    def amount(line: list[str]) -> None:
        line[5] = "88.00"

    def account(line: list[str]) -> None:
        line[2] = "6217000000000000099"

    good = said(made, ["成功", "成功"])
    both = good + good.split(b"\r\n", 1)[1]
    for raw, why in (
        (said(made, ["成功", "成功"], amount), "with other data"),
        (said(made, ["成功", "成功"], account), "with other data"),
        (said(other, ["成功"]), "of another batch"),
        (said(made, ["成功", "已入账"]), "is not known"),
        (both, "twice"),
        (good[:-15], "is not known"),
        (b"\xff\xfe\x00" + good, "neither UTF-8 nor GBK"),
        (b"PK\x03\x04 no table", "no heading"),
        (b"", "no heading"),
        (said(made, []), "names no payout"),
        (b"x" * (answer.ANSWER_BYTES_MAX + 1), "4 MiB at most"),
    ):
        with pytest.raises(RequestInvalid, match=why):
            take_answer(made.no, raw, LI)
    assert {state_of(one) for one in asked} == {State.SENT}
    assert "answered" not in [one.event for one in files.story(made.no)]
    with pytest.raises(NotFound, match="no file for the bank BF1"):
        take_answer("BF1", good, LI)


def some_other() -> tuple[Made, Payout]:
    payout = ask_for(700, account=a_payee("A70"))
    return make(SETTINGS, NOW_S, day=TODAY, actor="li"), payout


def test_an_answer_that_was_interrupted_is_taken_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made, asked = some(3)
    raw = said(made, ["成功"] * 3)
    monkeypatch.setattr(answer, "_AT_ONCE", 1)
    taken: list[object] = []
    real = answer._take

    def dies(*args: object) -> str:
        if len(taken) == 2:
            raise RuntimeError("the power is gone")
        taken.append(args)
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(answer, "_take", dies)
    with pytest.raises(RuntimeError):
        take_answer(made.no, raw, LI)
    monkeypatch.setattr(answer, "_take", real)
    assert take_answer(made.no, raw, LI) == Taken(paid=1, known=2)
    assert {state_of(one) for one in asked} == {State.PAID}
    assert_sound()


def test_two_say_that_the_bank_has_taken_none_of_it() -> None:
    made, asked = some(2)
    with pytest.raises(PayoutRefused, match="Somebody else"):
        answer.refuse(made.no, "wrong form", LI)
    with pytest.raises(RequestInvalid, match="Say why"):
        answer.refuse(made.no, " ", WANG)
    assert answer.refuse(made.no, "wrong form", WANG) == 2
    assert {state_of(one) for one in asked} == {State.FAILED}
    assert balances()["2110.A1"] == -50_000
    with pytest.raises(Conflict, match="has its end"):
        answer.refuse(made.no, "wrong form", WANG)
    assert_sound()


def test_a_bank_that_pays_what_it_was_said_not_to_have_taken_is_an_alert() -> None:
    made, (payout,) = some(1)
    raw = said(made, ["成功"])
    answer.refuse(made.no, "wrong form", WANG)
    assert take_answer(made.no, raw, LI) == Taken(differ=(payout.no,))
    assert state_of(payout) is State.FAILED
    [told] = alerts.alerts(all_of_them=False, limit=9)
    assert str(told.said) == "the bank says “成功”, and here it is failed"


def test_what_the_bank_has_answered_only_its_answers_end() -> None:
    made, _ = some(2)
    take_answer(made.no, said(made, ["处理中", "处理中"]), LI)
    with pytest.raises(Conflict, match="only its answers"):
        answer.refuse(made.no, "wrong form", WANG)


def test_money_that_the_bank_sends_back_stands_on_the_account_again() -> None:
    made, (payout,) = some(1)
    take_answer(made.no, said(made, ["成功"]), LI)
    answers = fetch_again(made, "退票")
    assert take_answer(made.no, answers, LI) == Taken(differ=(payout.no,))
    assert state_of(payout) is State.PAID, "a person says whether the money is back"
    [told] = alerts.alerts(all_of_them=False, limit=9)
    assert (told.kind, told.subject) == ("payout-differs", payout.no)
    assert str(told.said) == "the bank says “退票”, and here it is paid"
    with pytest.raises(RequestInvalid, match="Say why"):
        release.came_back(payout.no, NOW_S, "wang", "", day=TODAY)
    ended = release.came_back(payout.no, NOW_S, "wang", "退票 2026-04-11", day=TODAY)
    assert ended.state is State.FAILED
    assert alerts.alerts(all_of_them=False, limit=9) == []
    assert balances()["2110.A1"] == -50_000
    assert "1030.main" not in balances()
    assert take_answer(made.no, answers, LI) == Taken(known=1)
    with pytest.raises(Conflict, match="was not paid"):
        release.came_back(payout.no, NOW_S, "wang", "again", day=TODAY)
    with pytest.raises(peewee.DatabaseError, match="stays what it is"):
        change("UPDATE payout SET state = 'paid'")
    assert audit() == []


def fetch_again(made: Made, state: str) -> bytes:
    """The bank's table of a file of one payout that has its end."""
    [line] = files.lines_of(made.no)
    order = line.payout.order
    cells = f"{order.number},{order.payee.account},1.01,{state}"
    return f"流水号,收款账号,金额,状态\r\n{cells}\r\n".encode("gbk")


def test_nothing_that_another_channel_paid_comes_back_like_this() -> None:
    earn()
    set_payee("2110.A7", "bank", Payee("openid"), NOW_S, by="li")
    payout = ask_for(100)
    with pytest.raises(Conflict, match="by a file for the bank"):
        release.came_back(payout.no, NOW_S, "wang", "why", day=TODAY)


def test_who_cannot_stand_in_a_file_hinders_nobody() -> None:
    for bent in ({"name": ""}, {"bank": ""}, {"name": "=1+1"}):
        with pytest.raises(RequestInvalid, match="name or the bank"):
            a_payee("A8", **bent)
    with pytest.raises(RequestInvalid, match="digits"):
        set_payee("2110.A8", "bank-file", Payee("CN 1", "x", bank="y"), NOW_S, by="li")
    rare = ask_for(500, account=a_payee("A2", name="𬭸"))  # no GBK has it
    small = ask_for(100, account=a_payee("A3"))
    large = ask_for(9_000, account=a_payee("A4"))
    release.set_limits(Limits(per_hour=9_050), NOW_S, "li")
    chosen = choose(SETTINGS, NOW_S)
    assert [one.no for one in chosen.payouts] == [small.no]
    assert [(no, why[:10]) for no, why in chosen.left] == [
        (rare.no, "The bank's"), (large.no, "No more ma"),
    ]  # fmt: skip
    make(SETTINGS, NOW_S, day=TODAY, actor="li")
    assert make(SETTINGS, NOW_S + 3601, day=TODAY, actor="li").total == 9_000
    assert state_of(rare) is State.READY
    wide = SETTINGS.model_copy(update={"encoding": "utf-8-sig"})
    assert make(wide, NOW_S + 7202, day=TODAY, actor="li").total == 500


def test_nobody_is_paid_while_payouts_are_stopped_or_who_does_not_work() -> None:
    change_agent.add(NewAgent("A1", "小李", "promoter"), NOW_S, "li")
    ask_for(account=a_payee())
    release.stop_all(NOW_S, "li", "an audit")
    with pytest.raises(PayoutRefused, match="stopped"):
        make(SETTINGS, NOW_S, day=TODAY, actor="li")
    release.go_on(NOW_S, "li", "it is over")
    change_agent.suspend(AgentId("A1"), NOW_S, "li")
    with pytest.raises(Conflict, match="No payout is ready"):
        make(SETTINGS, NOW_S, day=TODAY, actor="li")
    with pytest.raises(Conflict, match="No bank account"):
        make(None, NOW_S, day=TODAY, actor="li")


def test_two_who_make_a_file_at_once_pay_nobody_twice() -> None:
    asked = [ask_for(100 + n, account=a_payee(f"A{n}")) for n in range(1, 9)]

    def press(_: int) -> str:
        try:
            return make(SETTINGS, NOW_S, day=TODAY, actor="li").no
        except Conflict:
            return ""

    made = [str(no) for no in at_once(4, press) if no]
    assert len(made) >= 1
    in_files = [line.payout.no for no in made for line in files.lines_of(no)]
    assert sorted(in_files) == sorted(one.no for one in asked)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE bank_file SET total = 1",
        "DELETE FROM bank_file_line",
        "DELETE FROM bank_file_event",
        "UPDATE bank_file_line SET place = 9",
    ],
)
def test_the_database_keeps_what_the_bank_got(sql: str) -> None:
    some(1)
    with pytest.raises(peewee.DatabaseError, match="stays what it is"):
        change(sql)


def test_no_payout_stands_in_a_second_file() -> None:
    made, (payout, _) = some(2)
    with pytest.raises(peewee.IntegrityError):
        change("INSERT INTO bank_file_line VALUES (?, 9, ?)", (made.no, payout.no))
    assert rows("SELECT count(*) FROM bank_file_line") == [(2,)]


def test_a_file_without_an_answer_is_told_after_three_days() -> None:
    made, (payout, other) = some(2)
    take_answer(made.no, said(made, ["成功", ""]), LI)
    assert standing(NOW_S + 3 * DAY_S) == {}
    [(no, why)] = standing(NOW_S + 4 * DAY_S).items()
    assert no == other.no != payout.no
    assert why == "stands in the bank's file BF20260411001, unanswered for 4 days"


def test_nothing_of_a_payee_is_in_a_repr() -> None:
    made, _ = some(1)
    shown = repr(files.lines_of(made.no)) + repr(made) + repr(files.newest(9))
    assert "6217" not in shown
    assert "王小明" not in shown
