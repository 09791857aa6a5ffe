"""Jobs and alerts as a person sees them, on pages, by commands and over the API."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

import central
from central.cli import main
from central.foundation.db.engine import money_transaction
from central.foundation.jobs.alerts import alerts, tell
from central.foundation.jobs.outbox import Courier, Message, Undeliverable, messages, put
from central.foundation.jobs.pages import KINDS
from central.foundation.jobs.schedule import views
from central.foundation.language.said import Saying
from central.foundation.language.words import translate
from central.foundation.people import login
from central.insight import standstill
from central.timetable import schedule_of
from tests.builders import NOW_S
from tests.central.builders import (
    Database,
    a_config,
    an_app,
    as_person,
    fill_in,
    write_keys,
)


@pytest.fixture(name="hub")
def _hub(sqlite_database: Database) -> Any:
    return an_app(sqlite_database)


@pytest.fixture(name="admin")
def _admin(hub: Any) -> FlaskClient:
    return as_person(hub)


def text(client: FlaskClient) -> str:
    answer = client.get("/jobs")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def press(client: FlaskClient, path: str) -> str:
    assert fill_in(client, path, "/jobs").status_code == 302
    return text(client)


def a_dead_message(clock: Any = lambda: NOW_S) -> None:
    def refuse(_: Message) -> None:
        raise Undeliverable("there is no such mailbox")

    money_transaction(lambda: put("mail", "O-1", {"to": "holder@example.com"}, NOW_S))
    Courier({"mail": refuse}, clock).run_due()


def test_a_hub_on_its_first_day_says_that_nothing_is_wrong(admin: FlaskClient) -> None:
    page = text(admin)
    for said in ("There is no alert.", "they begin when it is served", "Everything was delivered."):
        assert said in page


def test_a_job_is_run_and_what_it_came_to_is_said(admin: FlaskClient) -> None:
    page = press(admin, "/jobs/proofs/run")
    assert "0 journals, everything agrees." in page
    assert "Prove that books and rooms agree" in page


def test_who_reads_chinese_reads_reports_and_alerts_in_chinese(admin: FlaskClient) -> None:
    text(admin)
    press(admin, "/jobs/proofs/run")
    said = Saying("differences-open", count=3)
    money_transaction(lambda: tell("bill-differs", "1010.web", said, NOW_S))
    with admin.session_transaction() as session:
        session["locale"] = "zh-CN"
    page = text(admin)
    assert "凭证 0 张，全部相符。" in page
    assert "未处理差异 3 项。" in page


def test_a_job_rests_and_goes_on(admin: FlaskClient) -> None:
    press(admin, "/jobs/proofs/run")
    assert "The job is paused." in press(admin, "/jobs/proofs/pause")
    assert {view.name for view in views() if view.is_paused} == {"proofs"}
    assert "The job is resumed." in press(admin, "/jobs/proofs/resume")
    assert "There is no job nothing." in press(admin, "/jobs/nothing/pause")


def test_an_alert_is_looked_after_by_one(admin: FlaskClient) -> None:
    money_transaction(lambda: tell("proof", "1920", "1.00 stands there", NOW_S))
    assert "Take it on" in text(admin)
    page = press(admin, f"/jobs/alerts/{alerts()[0].id}/seen")
    assert "has taken it on" in page
    assert "nobody looks after" in press(admin, f"/jobs/alerts/{alerts()[0].id}/seen")


def test_a_message_that_was_given_up_is_sent_again_and_its_body_is_not_shown(
    admin: FlaskClient,
) -> None:
    a_dead_message()
    page = text(admin)
    assert "there is no such mailbox" in page
    assert "holder@example.com" not in page
    page = press(admin, f"/jobs/messages/{messages()[0].id}/again")
    assert "It is sent again." in page
    assert "There is no alert." in page


def test_who_may_only_read_gets_no_buttons_but_for_alerts(hub: Any) -> None:
    as_person(hub)
    schedule_of(a_config(Database("", Path("/nonexistent"))), lambda: NOW_S).register()
    page = text(as_person(hub, "finance"))
    assert "Run now" not in page


def test_a_program_hears_of_alerts_and_jobs(hub: Any, admin: FlaskClient) -> None:
    press(admin, "/jobs/proofs/run")
    money_transaction(lambda: tell("proof", "1920", "1.00 stands there", NOW_S))
    key = login.add_api_key("watch", "viewer", NOW_S)
    client, headers = hub.test_client(), {"Authorization": f"Bearer {key}"}
    [alert] = client.get("/v1/alerts", headers=headers).json["alerts"]
    assert (alert["kind"], alert["subject"], alert["seen_by"]) == ("proof", "1920", None)
    jobs = {job["name"]: job for job in client.get("/v1/jobs", headers=headers).json["jobs"]}
    assert jobs["proofs"]["outcome"] == "done"
    assert jobs["settlement"]["outcome"] == ""
    assert jobs["proofs"]["said"] == "0 journals, everything agrees."
    assert jobs["proofs"]["told"] == {"slug": "all-agrees", "values": {"journals": 0}}
    headers["Accept-Language"] = "zh-CN"
    jobs = {job["name"]: job for job in client.get("/v1/jobs", headers=headers).json["jobs"]}
    assert jobs["proofs"]["said"] == "凭证 0 张，全部相符。"
    [alert] = client.get("/v1/alerts", headers=headers).json["alerts"]
    assert (alert["said"], alert["told"]) == ("1.00 stands there", None)


@pytest.fixture(name="command")
def _command(sqlite_database: Database) -> Any:
    directory = sqlite_database.sqlite_file.parent
    write_keys(directory / "keys")

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["--set", f"data_dir={directory}", *arguments])
        return done.exit_code, done.output

    return run


def test_the_commands_say_the_same(command: Any, sqlite_database: Database) -> None:
    assert command("jobs", "list") == (0, "The hub has not been served yet; its jobs begin then.\n")
    assert command("jobs", "alerts") == (0, "There is no alert.\n")
    code, said = command("jobs", "run", "expiry")
    assert (code, said.strip()) == (
        0, "0 batches expired, 0 broken, 0 wait for tills that have not told everything.",
    )  # fmt: skip
    code, said = command("jobs", "list")
    assert said.count("\n") == len(views()) == 12
    assert command("jobs", "pause", "expiry") == (0, "expiry rests\n")
    assert "next rests" in command("jobs", "list")[1]
    assert command("jobs", "resume", "expiry") == (0, "expiry goes on\n")
    code, said = command("jobs", "run", "nothing")
    assert code == 1
    assert (
        "there are after-sales, bills, channel-settlement, closing, commissions, customers, expiry,"
        " proofs, settlement, standstill, supplier-prices, supplier-statements" in said
    )
    money_transaction(lambda: tell("proof", "1920", "1.00 stands there", NOW_S))
    code, said = command("jobs", "alerts")
    assert code == 1
    assert said.endswith("proof 1920: 1.00 stands there\n")
    a_dead_message()
    code, said = command("jobs", "messages", "--json")
    [told] = map(json.loads, said.splitlines())
    assert (told["state"], told["attempts"]) == ("dead", 1)
    assert command("jobs", "send-again", str(told["id"])) == (0, f"{told['id']} is sent again\n")


def test_every_job_has_a_title_in_both_languages() -> None:
    config = a_config(Database("", Path("/nonexistent")))
    for job in schedule_of(config, lambda: NOW_S).jobs.values():
        assert translate("zh-CN", job.title) != job.title


def test_every_kind_of_alert_has_a_name_for_people() -> None:
    """The first argument of every call that opens an alert, found in the source."""
    told: set[str] = set()
    for path in Path(central.__file__).parent.rglob("*.py"):
        source = path.read_text()
        if "import alerts" not in source and "jobs.alerts import" not in source:
            continue
        tree = ast.parse(source)
        names = {
            target.id: node.value.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {
                "alerts.tell", "alerts.tell_all",
            }:  # fmt: skip
                match node.args[0]:
                    case ast.Constant(value=kind):
                        told.add(str(kind))
                    case ast.Name(id=name):
                        told.add(str(names.get(name, "")))
    told.discard("")  # standstill's own: it tells all of its kinds in a loop
    told |= {standstill.CASE, standstill.DISPUTE, standstill.UNPROVEN, standstill.OPEN_DAY}
    told |= {standstill.PAYOUT}
    assert len(told) > 10
    assert told <= set(KINDS)
