"""1,000 marked keys go through everything there is; then every file is searched for them.

Database, WAL, logs, temporary files, tracebacks, other rows' texts: none may hold a secret. That
the search itself can find something is proven first.
"""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
import traceback
from pathlib import Path
from typing import Any

import pytest

from central.errors import CardUnreadable, HubError
from central.foundation.db.engine import HUB, change, money_transaction, rows
from central.foundation.people.login import add_person
from central.supply.cards.access.bait import plant
from central.supply.cards.access.log import Asker
from central.supply.cards.access.reveal import Asked, reveal, reveal_to_buyer
from central.supply.cards.card import Card
from central.supply.cards.intake.keep import Delivery, keep_delivered
from central.supply.cards.intake.read_file import Layout, from_bytes
from central.supply.cards.intake.take import take_in
from central.supply.cards.reserve import hand_over, reserve
from central.supply.cards.store import keys
from central.supply.cards.vault.keys import make_next_lock
from central.supply.cards.vault.rotate import lock_all_anew
from tests import builders as b
from tests.central.builders import Database, an_app, as_person, csrf_token, fill_in
from tests.central.money.sharing.test_api import Caller
from tests.central.supply.cards.builders import LI, SKU, a_vault, add_sku, an_intake, stocked
from tests.central.test_cli import Hub

MARK = "CANARYMARK"
COUNT = 1000


def marked(n: int) -> str:
    return f"{MARK}-{n:05}-END{n:05}"


@pytest.fixture
def own_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where Python puts temporary files, as long as the test works."""
    directory = tmp_path / "tmp"
    directory.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    return directory


def hits(*places: Path, texts: str = "") -> list[str]:
    found = [
        str(path)
        for place in places
        for path in place.rglob("*")
        if path.is_file() and any(m in path.read_bytes() for m in _forms())
    ]
    return found + (["text"] if MARK in texts or MARK.lower() in texts else [])


def _forms() -> list[bytes]:
    return [MARK.encode(), MARK.encode("utf-16-le"), MARK.encode().hex().encode()]


@pytest.mark.parametrize("how", ["plain", "utf-16", "hex"])
def test_the_search_would_find_it(tmp_path: Path, how: str) -> None:
    content = dict(zip(("plain", "utf-16", "hex"), _forms(), strict=True))[how]
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(b"\x00" * 5000 + content)
    assert hits(tmp_path) == [str(tmp_path / "deep" / "file")]


def test_no_secret_is_anywhere_but_in_the_answers(
    sqlite_database: Database, own_temporary_files: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    app = an_app(sqlite_database)
    add_sku()
    home = sqlite_database.sqlite_file.parent
    told = _use_everything(app, home)
    assert told.count(MARK) == 0, "an error has repeated a secret"
    wal = home / "hub.db-wal"
    assert wal.exists()
    assert wal.stat().st_size > 0
    assert hits(home, own_temporary_files, texts=caplog.text) == []
    HUB.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    HUB.execute_sql("VACUUM INTO ?", (str(home / "backup.db"),))
    assert hits(home, own_temporary_files) == []


def _use_everything(app: Any, home: Path) -> str:
    """Use every way in, every view and every fault; return what errors have said."""
    vault = a_vault(home)
    client, password = as_person(app), add_person("li", "admin", b.NOW_S)
    text = "\n".join(marked(n) for n in range(COUNT)).encode()
    errors = [_uploaded(client, text)]
    batch = keys(1)[0].batch
    fill_in(client, f"/cards/batches/{batch}/stock", f"/cards/batches/{batch}")
    plant(batch, 2, vault, LI, b.NOW_S)
    errors.append(_uploaded(client, text + b"\n" + marked(9).encode()))
    _sell(vault)
    caller = Caller(app)
    lines = [marked(5000), f"=1+{marked(5001)}", f"error {marked(5002)}", marked(1)]
    caller.ask("POST", "/v1/cards/batches", sku=SKU, supplier="k", unit_cost_minor=1, lines=lines)
    wrong = {"sku": SKU, "lines": [marked(3)] * 2, "supplier": f"{marked(4)} "}
    errors.append(str(caller.ask("POST", "/v1/cards/batches", 422, **wrong)))
    person = app.test_client()
    fill_in(person, "/login", name="li", password=password)
    one = f"/cards/keys/{keys(1)[0].id}"
    shown = fill_in(person, f"{one}/reveal", one, reason="so", password=password)
    assert MARK in shown.text
    fill_in(person, "/cards/search", "/cards", secret=marked(3), number=marked(4))
    pages = ("/cards", "/cards/keys", one, f"/cards/batches/{batch}", "/cards/log", "/ledger")
    errors += [person.get(page).text for page in pages]
    errors += _faults(vault)
    make_next_lock(home / "keys")
    lock_all_anew(vault, lambda *_: None)
    hub = Hub(home, f"issuer={b.ISSUER}")
    for command in ("stock", "check", "alerts", "batches"):
        errors.append(hub.invoke("cards", command).output)
    bad = home / "not-a-key-file.txt"
    bad.write_text("x,y,z\n")
    taken = ("cards", "import", SKU, str(bad), "--supplier", "k", "--cost", "1")
    errors.append(hub.invoke(*taken).output)
    HUB.connect(reuse_if_open=True)
    return "\n".join(errors)


def _uploaded(client: Any, content: bytes) -> str:
    fields = {
        "csrf_token": csrf_token(client, "/cards"), "sku": SKU, "supplier": "kasushou",
        "cost": "9.50", "paid": "account", "layout": "secret", "expires": "",
        "file": (io.BytesIO(content), "keys.txt"),
    }  # fmt: skip
    told = client.post("/cards/import", data=fields, content_type="multipart/form-data")
    return str(client.get(told.location).text)


def _sell(vault: Any) -> None:
    money_transaction(lambda: reserve(SKU, ["U1", "U2"], b.NOW_S + 9, b.NOW_S))
    money_transaction(lambda: hand_over("U1", b.NOW_S))
    assert isinstance(reveal_to_buyer("U1", "O-1", Asker("buyer", ""), vault, b.NOW_S), Card)
    delivery = Delivery(an_intake(), [Card(marked(7000), marked(7001))])
    money_transaction(lambda: keep_delivered(["U3"], delivery, vault, LI, b.NOW_S))
    known = Delivery(an_intake(), [Card(marked(3))])
    money_transaction(lambda: keep_delivered(["U4"], known, vault, LI, b.NOW_S))


def _faults(vault: Any) -> list[str]:
    """Return the tracebacks, with every chained cause, of what goes wrong on the way."""
    told = []
    [(batch, sealed)] = rows("SELECT batch_id, sealed FROM card_key ORDER BY id LIMIT 1")
    moved = batch << 24 | 99_999
    change(
        "INSERT INTO card_key (id, batch_id, sku, fp, sealed, tail, state, changed_at_s)"
        " VALUES (?, ?, ?, ?, ?, '', 'bait', 0)",
        (moved, batch, SKU, bytes(32), bytes(sealed)),
    )
    try:
        reveal(Asked(moved, "", "so"), LI, vault, b.NOW_S)
    except CardUnreadable:
        told.append(traceback.format_exc())
    for content in (f'{marked(1)},"{marked(2)}"x', f"\xff{marked(3)}"):
        try:
            source = from_bytes("keys.csv", content.encode("latin-1"), Layout.AUTO)
            take_in(source, an_intake(), vault, LI, b.NOW_S)
        except HubError:
            told.append(traceback.format_exc())
    with contextlib.suppress(HubError):
        stocked(vault, [])
    assert len(told) == 3
    return told
