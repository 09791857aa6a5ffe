"""What happened is kept as data and read in everybody's language; no report is a mere sentence."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from central.errors import ChannelUnknown, NotFound
from central.foundation.db.engine import change, money_transaction
from central.foundation.jobs.alerts import alerts, tell
from central.foundation.language.said import (
    PARTS_MAX,
    Saying,
    data_of,
    in_language,
    kept,
    of_kept,
    together,
    why,
)
from central.foundation.language.sayings import SAYINGS
from central.timetable import schedule_of
from tests.builders import NOW_S
from tests.central.builders import Database, a_config, write_keys

ROOT = Path(__file__).parents[4] / "central"
HOLE = re.compile(r"%\((\w+)\)s")
CHINESE = re.compile("[一-鿿]")


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Give every call in the hub's code, with where it stands."""
    for file in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                yield f"{file.relative_to(ROOT)}:{node.lineno}", node


def name_of(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def is_a_sentence(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr | ast.BinOp) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def test_each_sentence_has_a_chinese_one_with_the_same_values() -> None:
    for slug, english in SAYINGS.items():
        values = {name: f"<{name}>" for name in HOLE.findall(english)}
        chinese = in_language(Saying(slug, **values), "zh-CN")
        assert set(re.findall(r"<(\w+)>", chinese)) == set(values), slug
        if HOLE.sub("", english).strip(" ,.:;"):
            assert CHINESE.search(chinese), f"{slug} is not translated"


def test_each_slug_is_said_somewhere_with_the_values_it_has() -> None:
    said: set[str] = set()
    for where, call in calls():
        if name_of(call) != "Saying" or not call.args:
            continue
        slugs = [n.value for n in ast.walk(call.args[0]) if isinstance(n, ast.Constant)]
        given = {word.arg for word in call.keywords}
        for slug in slugs:
            if isinstance(slug, str) and slug in SAYINGS:
                said.add(slug)
                needed = set(HOLE.findall(SAYINGS[slug]))
                assert None in given or needed <= given, f"{where}: {slug} needs {needed}"
    text = "".join(file.read_text("utf-8") for file in ROOT.rglob("*.py"))
    handed_on = {s for s in set(SAYINGS) - said if text.count(f'"{s}"') > 1}
    assert set(SAYINGS) == said | handed_on


HOLDERS = {"Report": 0, "tell": 2, "_Wrong": 0, "BillBroken": 0, "Undeliverable": 0}
"""Who keeps or raises what people read of jobs, alerts, messages and lines; which argument."""


def test_no_report_alert_or_line_error_is_a_mere_sentence() -> None:
    found = [
        where
        for where, call in calls()
        if (place := HOLDERS.get(name_of(call))) is not None
        and len(call.args) > place
        and is_a_sentence(call.args[place])
        # Other rooms tell stories, not alerts, under this name.
        and (name_of(call) != "tell" or "alerts" in ast.unparse(call.func))
    ]
    assert found == []


def test_every_job_reports_in_chinese(sqlite_database: Database) -> None:
    """An empty hub runs each of its jobs; every report is data and reads in both languages."""
    config = a_config(sqlite_database)
    write_keys(config.data_dir / "keys")
    schedule = schedule_of(config, lambda: NOW_S)
    for name in schedule.jobs:
        said = schedule.run_now(name, "test").said
        assert isinstance(said, Saying), name
        assert CHINESE.search(in_language(said, "zh-CN")), name
        assert not CHINESE.search(said), name


def test_what_is_kept_comes_back_as_it_was() -> None:
    what = Saying("line", line=4, what=Saying("row-state", state="'?'"))
    assert what == "line 4: its state '?' is in none of charged, given and ignored"
    back = of_kept(kept(what))
    assert (back, data_of(back)) == (what, data_of(what))
    assert in_language(back, "zh-CN") == "第 4 行：状态 '?' 不在 charged、given、ignored 之中"


@pytest.mark.parametrize(
    "old", ["2 bills, 1 differences are open.", '{"slug": "of-a-newer-hub", "values": {}}', ""]
)
def test_what_was_stored_before_is_shown_as_it_is(hub_database: Database, old: str) -> None:
    money_transaction(lambda: tell("bill-differs", "1010.web", "", NOW_S))
    change("UPDATE alert SET said = ?", (old,))
    [alert] = alerts()
    assert (str(alert.said), data_of(alert.said)) == (old, None)
    assert in_language(alert.said, "zh-CN") == old


def test_a_long_report_is_kept_whole_enough_to_be_read() -> None:
    many = [Saying("about", subject="S" * 5000, what="W" * 5000) for _ in range(100)]
    report = kept(together(many))
    assert len(report) < PARTS_MAX * 1000
    assert of_kept(report).endswith(f"And {100 - PARTS_MAX} more.")


@pytest.mark.parametrize(
    ("problem", "chinese"),
    [
        (NotFound(), "没有这个对象"),
        (ChannelUnknown("x", "Something foreign."), "Something foreign."),
        (ChannelUnknown("x", Saying("channel-late")), "没有按时应答。"),
    ],
)
def test_a_problem_in_a_report_says_at_least_its_title(problem: NotFound, chinese: str) -> None:
    said = in_language(why(problem), "zh-CN")
    assert chinese in said or CHINESE.search(said)
    assert CHINESE.search(said)
    assert json.loads(kept(why(problem)))["slug"]
