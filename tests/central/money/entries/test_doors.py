"""The three entrances to manual entries, made from one table: pages, command line, API."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from central.foundation.db.engine import change, rows
from central.foundation.people import login
from central.foundation.people.tables import Person
from central.money.entries.kinds import KINDS
from tests import builders as b
from tests.central.books import balances
from tests.central.builders import (
    Database,
    a_config,
    an_app,
    as_person,
    csrf_token,
    furnish,
    write_keys,
)
from tests.central.network.agents.builders import a_tree
from tests.central.test_cli import Hub

OPENING = {"field.what": "bank", "field.owner": "main", "amount": "50000.00",
           "day": "2026-04-11", "document": "B-1", "note": "begun"}  # fmt: skip


@pytest.fixture
def app(sqlite_database: Database) -> Any:
    built = an_app(sqlite_database)
    a_tree(b.NOW_S - 10)
    return built


def test_two_people_open_the_books_on_pages(app: Any) -> None:
    amy, bob = as_person(app, "finance"), as_person(app, "finance")
    new = "/entries/new/brought-in"

    def send(client: Any, path: str, page: str = new, **fields: Any) -> Any:
        token = csrf_token(client, page)
        return client.post(path, data={"csrf_token": token, **fields}, follow_redirects=True)

    assert "Nothing was entered by hand yet." in amy.get("/entries").text
    for kind in KINDS.values():
        assert amy.get(f"/entries/new/{kind.slug}").status_code == 200
        assert f'href="/entries/new/{kind.slug}"' in amy.get("/entries").text
    shown = send(amy, new, do="preview", **OPENING).text
    for words in ("1030.main", "3010", "50,000.00", "always needs a second person", 'value="B-1"'):
        assert words in shown
    assert rows("SELECT 1 FROM manual_entry") == []
    faulty = send(amy, new, do="enter", **OPENING | {"amount": "lots"})
    assert faulty.status_code == 400
    assert "An amount is written 1000.00." in faulty.text
    assert 'value="B-1"' in faulty.text, "what was typed is not lost"
    entered = send(amy, new, do="enter", **OPENING)
    assert "It waits for a second person." in entered.text
    assert 'action="/entries/1/confirm"' not in entered.text
    assert "Somebody else has to confirm" in send(amy, "/entries/1/confirm", "/entries/1").text
    slip = {"document": (io.BytesIO(b"<script>"), "slip.html")}
    assert "slip.html" in send(amy, "/entries/1/documents", "/entries/1", **slip).text
    kept = bob.get("/entries/1/documents/1")
    assert (kept.data, kept.content_type) == (b"<script>", "application/octet-stream")
    assert "attachment" in kept.headers["Content-Disposition"]
    posted = send(bob, "/entries/1/confirm", "/entries/1")
    assert "It is posted." in posted.text
    assert balances() == {"1030.main": 5_000_000, "3010": -5_000_000}
    [journal] = re.findall(r'href="/ledger/journals/(\d+)"', posted.text)
    back = "/entries/new/taken-back"
    assert 'href="/entries/1"' in amy.get(f"/ledger/journals/{journal}").text
    assert f'href="{back}?journal={journal}"' in amy.get(f"/ledger/journals/{journal}").text
    wrong = {"field.journal": journal, "note": "another bank"}
    assert "3010" in send(amy, back, back, do="preview", **wrong).text
    send(amy, back, back, do="enter", **wrong)
    assert balances() != {}, "one person takes nothing back"
    send(bob, "/entries/2/confirm", "/entries/2")
    assert balances() == {}
    assert "taken back" in amy.get("/entries").text
    chinese = as_person(app, "finance", "zh-CN")
    assert "期初余额" in chinese.get("/entries").text


def test_who_may_only_read_enters_nothing(app: Any) -> None:
    viewer = as_person(app, "viewer")
    assert "new/brought-in" not in viewer.get("/entries").text
    assert viewer.get("/entries/new/brought-in").status_code == 403
    assert viewer.get("/entries/9").status_code == 404
    assert viewer.get(f"/entries/{2**63}").status_code == 404


def test_a_program_enters_but_confirms_nothing(app: Any) -> None:
    client = app.test_client()
    key = login.add_api_key("erp", "finance", b.NOW_S)
    headers = {"Authorization": f"Bearer {key}"}

    def call(method: str, path: str, status: int = 200, **body: Any) -> Any:
        answer = client.open(
            f"/v1/entries{path}", method=method, headers=headers, json=body or None
        )
        assert answer.status_code == status, answer.text
        return answer.json

    kinds = {kind["slug"]: kind for kind in call("GET", "/kinds")["kinds"]}
    assert set(kinds) == set(KINDS)
    assert kinds["brought-in"]["needs_two"]
    opening: dict[str, Any] = {
        "kind": "brought-in", "fields": {"what": "bank", "owner": "main"}, "note": "begun",
        "document": "B-1", "amount_minor": 5_000_000, "currency": "CNY",
    }  # fmt: skip
    assert call("POST", "/preview", **opening)["legs"][0]["after"] == 5_000_000
    made = call("POST", "", **opening)
    assert (made["state"], made["asked_by"]) == ("waiting", "key erp")
    assert call("POST", "", **opening) == made
    assert call("POST", "", 422, **opening | {"amount_minor": 1})["type"] == "/problems/key-reused"
    assert call("POST", "/1/confirm", 404) is not None
    content = base64.b64encode(b"%PDF").decode()
    assert len(call("POST", "/1/documents", name="a.pdf", content_base64=content)["sha256"]) == 64
    call("POST", "/1/documents", 400, name="a.pdf", content_base64="%")
    refused = call("POST", "/1/refuse", why="a mistake")
    assert (refused["state"], call("GET", "/1")) == ("refused", refused)
    assert call("GET", "?state=waiting")["entries"] == []
    paid: dict[str, Any] = {
        "kind": "prepaid", "fields": {"agent": "NOBODY", "to": "bank:main"}, "document": "D",
        "amount_minor": 5, "currency": "CNY",
    }  # fmt: skip
    assert call("POST", "", 404, **paid)["detail"] == "There is no agent NOBODY."
    assert call("POST", "", 400, **paid | {"fields": {"agent": "C1", "to": "x"}})
    change("UPDATE closed_through SET day = 20260411")
    closed: dict[str, Any] = paid | {"fields": {"agent": "C1", "to": "bank:main"}}
    assert call("POST", "", 409, **closed)["type"] == "/problems/posting-refused"


@pytest.fixture
def hub(sqlite_database: Database) -> Hub:
    """A furnished hub with its keys, as commands find it; amy and bob are finance."""
    config = a_config(sqlite_database)
    write_keys(config.data_dir / "keys")
    furnish()
    a_tree(b.NOW_S - 10)
    return Hub(config.data_dir, f"issuer={b.ISSUER}")


def test_two_people_at_a_terminal_enter_and_take_back(hub: Hub, tmp_path: Path) -> None:
    passwords = {name: login.add_person(name, "finance", b.NOW_S) for name in ("amy", "bob")}
    key = tmp_path / "erp.key"
    key.write_text(login.add_api_key("erp", "finance", b.NOW_S))

    def run(who: str, *args: str, code: int = 0) -> str:
        found = hub.invoke(*args, "--as", who, typed=f"{passwords[who]}\n")
        assert found.exit_code == code, found.output
        assert passwords[who] not in found.output
        return found.stdout if code == 0 else found.stderr

    opening = ("ledger", "enter", "brought-in", "--what", "bank", "--owner", "main", "--amount",
               "50000.00", "--document", "B-1", "--note", "begun")  # fmt: skip
    assert "Say who you are" in hub.fail(*opening)
    assert "1030.main" in run("amy", *opening, "--preview")
    assert "ledger confirm 1 --as NAME" in run("amy", *opening)
    assert "entered before" in run("amy", *opening)
    assert "Somebody else" in run("amy", "ledger", "confirm", "1", code=1)
    assert "only a person confirms" in hub.fail("ledger", "confirm", "1", "--key-file", str(key))
    assert "journal 1" in run("bob", "ledger", "confirm", "1")
    file = tmp_path / "slip.pdf"
    file.write_bytes(b"%PDF")
    assert len(run("amy", "ledger", "attach", "1", str(file)).strip()) == 64
    assert "ledger confirm 2" in run("amy", "take-back", "1", "--reason", "another bank")
    told = [json.loads(line) for line in hub.do("ledger", "list", "--json").splitlines()]
    assert [(one["state"], one["asked_by"]) for one in told] == [
        ("waiting", "amy"), ("posted", "amy"),
    ]  # fmt: skip
    run("bob", "ledger", "confirm", "2")
    assert balances() == {}
    assert rows("SELECT actor, memo FROM journal WHERE reverses_id = 1") == [
        ("amy", "another bank (bob)")
    ]
    wrong = hub.invoke("take-back", "1", "--reason", "x", "--as", "amy", typed="guess\n")
    assert (wrong.exit_code, "password is wrong" in wrong.stderr) == (1, True)
    Person.update(role="viewer").where(Person.name == "amy").execute()
    assert "does not have this permission" in run("amy", *opening, code=1)
    key_args = ("--key-file", str(key))
    assert "sound" in hub.do("audit", *key_args)
    hub.do("close-day", "2026-01-15", *key_args)
    assert rows("SELECT actor FROM audit_run UNION SELECT actor FROM day_close") == [("key erp",)]
