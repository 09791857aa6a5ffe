"""How a unit says it is: to a POS, to the hub, and on the screen, all from the same facts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from edge import __version__
from edge.app import Unit
from edge.care.health import Health
from edge.clock.trusted_time import SYSTEM_UNCERTAINTY_S
from edge.contract.keys import key_epoch_at
from edge.contract.sync_message import Ack, UnitState
from edge.core import Core
from edge.devices.profiles import load
from edge.receipt.spool import Event
from edge.sync.plan import Breaker
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Clock, Rig, a_rig, a_unit
from tests.edge.sync.small_hub import Reply, a_small_hub, good

HOUR_S = 3600


def status_of(rig: Rig) -> dict[str, Any]:
    status = rig.core.health.status()
    assert json.loads(json.dumps(status)) == status, "it can be sent as it is"
    return status


def lamps_of(core: Core) -> dict[str, tuple[str, str]]:
    """Look and value of each lamp by its English name."""
    return {lamp.name: (lamp.look, lamp.value) for lamp in core.health.lamps("en")}


# --- what was done -------------------------------------------------------------------------------


def test_a_unit_tells_who_it_is_and_how_far_it_has_come(rig: Rig) -> None:
    rig.present(b.a_token())
    newest = rig.present("garbage")
    status = status_of(rig)
    assert (status["unit"], status["store"], status["state"]) == ("S0412-K1", "S0412", "active")
    journal = status["journal"]
    assert (journal["epoch"], journal["seq"], journal["hash"]) == (1, 3, newest.hash.hex())
    assert (journal["unsent"], journal["oldest_unsent_at_s"]) == (3, b.NOW_S)
    assert (journal["acked"]["seq"], journal["gap"], journal["anchor_failed"]) == (0, None, False)


def test_what_the_hub_has_acknowledged_is_not_unsent(rig: Rig) -> None:
    recorded = rig.present(b.a_token())
    entry = recorded.entry
    assert rig.core.journal.acknowledge(Ack(entry.epoch, entry.seq, recorded.hash))
    journal = status_of(rig)["journal"]
    assert (journal["unsent"], journal["oldest_unsent_at_s"]) == (0, None)
    assert journal["acked"] == {"epoch": 1, "seq": 2, "hash": recorded.hash.hex()}


def test_papers_that_are_owed_are_counted(rig: Rig) -> None:
    rig.present(b.a_token())
    rig.core.spool.add_copy(*rig.core.journal.tail[:2])
    assert status_of(rig)["printer"] == {"state": "unknown", "papers_owed": 2, "papers_held": 0}
    job = rig.core.spool.take()
    assert job is not None
    rig.core.spool.report(job, Event.CONFIRMED)
    assert status_of(rig)["printer"]["papers_owed"] == 1


# --- what was heard ------------------------------------------------------------------------------


def test_what_the_unit_knows_is_told_by_its_versions(rig: Rig) -> None:
    now = key_epoch_at(b.NOW_S)
    assert status_of(rig)["bundles"] == {
        "trust_list": 1, "policy": 1, "catalogue": 1, "status_staleness": "fresh",
        "key_epochs": [now - 1, now, now + 1, now + 2],
    }  # fmt: skip


def test_a_unit_that_never_pulled_has_nothing_to_go_by(tmp_path: Path) -> None:
    with a_rig(tmp_path / "unit", word=None) as rig:
        status = status_of(rig)
        assert status["bundles"] == {
            "trust_list": None, "policy": None, "catalogue": 0, "status_staleness": "expired",
            "key_epochs": [],
        }  # fmt: skip
        assert status["hub"]["last_heard_s_ago"] is None
        assert lamps_of(rig.core)["Keys"] == ("bad", "none")


def test_the_word_of_the_hub_grows_old(rig: Rig) -> None:
    told = []
    for hours in (0, 25, 1000):
        rig.clock.pass_s(hours * HOUR_S)
        told.append((status_of(rig)["hub"]["last_heard_s_ago"],
                     status_of(rig)["bundles"]["status_staleness"]))  # fmt: skip
    ages, words = zip(*told, strict=True)
    assert ages == (0, 25 * HOUR_S, 1025 * HOUR_S)
    assert len(set(words)) == 3
    assert (words[0], words[-1]) == ("fresh", "expired")


@pytest.mark.parametrize("state", list(UnitState))
def test_what_the_hub_thinks_of_the_unit_is_told(rig: Rig, state: UnitState) -> None:
    rig.take(state=state)
    assert status_of(rig)["state"] == str(state)


# --- what went wrong -----------------------------------------------------------------------------


def test_a_gap_in_the_journal_is_told_with_its_cause(tmp_path: Path) -> None:
    with a_rig(tmp_path / "unit") as rig:
        rig.present(b.a_token())
        (rig.directory / "anchor").unlink()
        rig.restart()
        gap = {"cause": "anchor-missing", "epoch": 1, "have_seq": 2, "known_seq": 0}
        assert status_of(rig)["journal"]["gap"] == gap
        assert lamps_of(rig.core)["Journal"] == ("bad", "call support")


def test_an_anchor_that_cannot_be_written_is_told_everywhere(tmp_path: Path) -> None:
    with a_rig(tmp_path / "unit", anchor_file=tmp_path / "missing" / "anchor") as rig:
        rig.present(b.a_token())
        assert status_of(rig)["journal"]["anchor_failed"] is True
        assert rig.core.health.figures()["anchor"] == "failed"
        assert lamps_of(rig.core)["Journal"] == ("bad", "call support")


def test_a_clock_in_1970_is_told_everywhere(tmp_path: Path) -> None:
    with a_rig(tmp_path / "unit", word=None, clock=Clock(0)) as rig:
        assert rig.core.health.figures()["clock"] == "floor"
        assert lamps_of(rig.core)["Clock"] == ("bad", "uncertain")


# --- the hub -------------------------------------------------------------------------------------


@contextmanager
def connected(directory: Path, url: str) -> Iterator[tuple[Unit, Core]]:
    with a_rig(directory):
        pass
    with a_unit(directory, hub_url=url) as unit:
        assert unit.core is not None
        yield unit, unit.core


def test_the_hub_is_on_line_as_long_as_it_answers(tmp_path: Path) -> None:
    with a_small_hub() as hub, connected(tmp_path / "unit", hub.url) as (unit, core):
        assert unit.sync_now() == {"pull": True, "push": True}
        assert core.health.status()["hub"] == {
            "configured": True, "online": True, "last_heard_s_ago": 0, "error": "",
        }  # fmt: skip
        assert lamps_of(core)["Headquarters"] == ("good", "online")
        hub.answer = lambda _: Reply(status=500)
        assert unit.sync_now() == {"pull": False, "push": True}, "nothing was left to push"
        told = core.health.status()["hub"]
        assert (told["online"], told["error"]) == (False, "The answer (500) is not the hub's.")
        assert lamps_of(core)["Headquarters"][0] == "ask"
        hub.answer = good
        unit.sync_now()
        assert core.health.status()["hub"]["online"] is True


def test_a_hub_that_is_too_slow_for_the_till_is_not_on_line(tmp_path: Path) -> None:
    with a_small_hub() as hub, connected(tmp_path / "unit", hub.url) as (unit, core):
        unit.sync_now()
        while not core.health.breaker.is_open:
            core.health.breaker.note(clean=False)
        assert core.health.status()["hub"]["online"] is False


def test_figures_go_to_the_hub_with_each_pull(rig: Rig) -> None:
    rig.present(b.a_token())
    figures: Mapping[str, str | int] = rig.core.health.figures()
    assert figures == {
        "software": __version__, "unsent": 2, "printer": "unknown", "papers_owed": 1,
        "papers_held": 0,
        "clock": "system", "anchor": "good", "policy": 1,
        "journal_epoch": 1, "journal_seq": 2, "journal_at_s": b.NOW_S - SYSTEM_UNCERTAINTY_S,
    }  # fmt: skip


def test_the_hub_hears_which_profile_drives_the_printer(tmp_path: Path) -> None:
    profile = load("printer", "generic-58-gbk")
    with a_rig(tmp_path) as rig:
        core = rig.core
        health = Health(core.journal, core.bundles, core.spool, core.receipts, Breaker(), [profile])
        told = str(health.figures()["printer_profile"])
    assert told == f"generic-58-gbk {profile.sha256}"
    assert len(told) <= 128, "the hub keeps so much of a figure"


def test_looking_changes_nothing(rig: Rig) -> None:
    rig.present(e.a_dynamic_text())
    before = (rig.core.journal.tail, rig.core.journal.changes, rig.core.spool.owed())
    for _ in range(3):
        rig.core.health.status()
        rig.core.health.figures()
        rig.core.health.lamps("zh-CN")
    assert (rig.core.journal.tail, rig.core.journal.changes, rig.core.spool.owed()) == before
