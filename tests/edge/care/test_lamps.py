"""What the status strip says, and what it looks like."""

from __future__ import annotations

from typing import Any

import pytest

from edge.care.lamps import Lamp, Seen, lamps
from edge.clock.model import Source, TrustedTime
from edge.devices.ports import PrinterState
from edge.devices.scanners.gather import ScannerSeen
from edge.devices.scanners.states import State
from edge.peers.membership import Presence
from tests import builders as b
from tests.edge.builders import Rig

DAY_S = 86400


def some_time(uncertainty_s: int = 2, source: Source = Source.HUB) -> TrustedTime:
    early, late = b.NOW_S - uncertainty_s, b.NOW_S + uncertainty_s
    return TrustedTime(b.NOW_S, uncertainty_s, early, late, source)


def shown(locale: str = "en", **bent: Any) -> dict[str, Lamp]:
    """The strip of a unit that is well, but for what the test bends; by English name."""
    well: dict[str, Any] = {
        "online": True, "hub_age_s": 3, "unsent": 0, "oldest_s": None,
        "printer": PrinterState.READY, "papers_owed": 0, "papers_held": 0, "time": some_time(),
        "keys_until_s": b.NOW_S + 15 * DAY_S, "journal_is_sound": True,
    }  # fmt: skip
    seen = Seen(**{**well, **bent})
    names = [lamp.name for lamp in lamps(seen, "en")]
    return dict(zip(names, lamps(seen, locale), strict=True))


def test_a_unit_that_is_well_has_six_good_lamps() -> None:
    assert list(shown().values()) == [
        ("good", "Headquarters", "online"),
        ("good", "Not yet sent", "0"),
        ("good", "Printer", "ready"),
        ("good", "Paper", "enough"),
        ("good", "Clock", "±2 s"),
        ("good", "Keys", "15 d left"),
    ]


def test_the_strip_is_in_the_language_of_the_page() -> None:
    strip = shown("zh-CN", online=False, hub_age_s=7200, unsent=3, oldest_s=240)
    assert strip["Headquarters"] == ("ask", "总部", "离线 · 2 小时")
    assert strip["Not yet sent"] == ("ask", "待上传", "3 · 最早 4 分钟 前")


@pytest.mark.parametrize(
    ("bent", "name", "lamp"),
    [
        ({"online": False, "hub_age_s": None}, "Headquarters", ("ask", "offline")),
        ({"online": False, "hub_age_s": 119}, "Headquarters", ("ask", "offline · 119 s")),
        ({"unsent": 2, "oldest_s": 59}, "Not yet sent", ("good", "2")),
        ({"unsent": 2, "oldest_s": 60}, "Not yet sent", ("ask", "2 · oldest 60 s")),
        ({"unsent": 1, "oldest_s": 0, "online": False}, "Not yet sent", ("ask", "1 · oldest 0 s")),
        ({"printer": PrinterState.PAPER_LOW}, "Printer", ("good", "ready")),
        ({"printer": PrinterState.PAPER_LOW}, "Paper", ("ask", "runs out")),
        ({"printer": PrinterState.PAPER_END, "papers_owed": 2}, "Printer",
         ("bad", "waits for paper · 2 waiting")),
        ({"printer": PrinterState.PAPER_END}, "Paper", ("bad", "used up")),
        ({"printer": PrinterState.COVER_OPEN}, "Printer", ("bad", "cover open")),
        ({"printer": PrinterState.UNREACHABLE}, "Paper", ("ask", "unknown")),
        ({"printer": PrinterState.ABSENT}, "Printer", ("quiet", "none")),
        ({"papers_owed": 1}, "Printer", ("good", "ready")),
        ({"papers_held": 2}, "Printer", ("ask", "2 unclear")),
        ({"papers_held": 2, "printer": PrinterState.PAPER_END}, "Printer",
         ("bad", "waits for paper")),
        ({"time": some_time(30)}, "Clock", ("good", "±30 s")),
        ({"time": some_time(600)}, "Clock", ("ask", "±10 min")),
        ({"time": some_time(0, Source.FLOOR)}, "Clock", ("bad", "uncertain")),
        ({"keys_until_s": b.NOW_S + 7 * DAY_S}, "Keys", ("ask", "7 d left")),
        ({"keys_until_s": b.NOW_S}, "Keys", ("bad", "none")),
        ({"keys_until_s": None}, "Keys", ("bad", "none")),
        ({"journal_is_sound": False}, "Journal", ("bad", "call support")),
    ],
)  # fmt: skip
def test_what_is_not_well_is_told(bent: dict[str, Any], name: str, lamp: tuple[str, str]) -> None:
    found = shown(**bent)[name]
    assert (found.look, found.value) == lamp


def test_a_unit_without_a_printer_has_no_paper_to_watch() -> None:
    assert "Paper" not in shown(printer=PrinterState.ABSENT)


@pytest.mark.parametrize("printer", list(PrinterState))
def test_every_state_of_a_printer_has_its_word(printer: PrinterState) -> None:
    assert shown(printer=printer)["Printer"].value


READY = ScannerSeen("counter", State.READY, last_s=12)


@pytest.mark.parametrize(
    ("scanner", "lamp"),
    [
        (READY, ("good", "Scanner", "ready · 12 s ago")),
        (READY._replace(last_s=None), ("good", "Scanner", "ready")),
        (READY._replace(state=State.ABSENT), ("bad", "Scanner counter", "not plugged in")),
        (READY._replace(state=State.BACKOFF), ("bad", "Scanner counter", "does not work")),
        (READY._replace(state=State.OPENING), ("ask", "Scanner counter", "starting")),
        (READY._replace(state=State.OPENING, hangs=True),
         ("bad", "Scanner counter", "does not answer")),
        (READY._replace(is_flapping=True),
         ("bad", "Scanner counter", "comes and goes: check the plug")),
        (READY._replace(lost=True), ("ask", "Scanner counter", "too fast, a scan was lost")),
    ],
)  # fmt: skip
def test_a_scanner_says_how_it_is(scanner: ScannerSeen, lamp: tuple[str, str, str]) -> None:
    assert lamp in shown(scanners=[scanner]).values()


def test_of_two_scanners_the_one_that_works_is_quiet() -> None:
    names = set(shown(scanners=[READY, ScannerSeen("window", State.ABSENT)]))
    assert "Scanner window" in names
    assert not names & {"Scanner", "Scanner counter"}


def test_the_lamps_of_a_unit_say_what_it_did(rig: Rig) -> None:
    rig.core.receipts.state = PrinterState.ABSENT
    rig.present(b.a_token())
    rig.clock.pass_s(240)
    strip = {lamp.name: lamp.value for lamp in rig.core.health.lamps("en")}
    assert strip["Headquarters"] == "offline · 4 min"
    assert strip["Not yet sent"] == "2 · oldest 4 min"
    assert strip["Keys"].endswith(" left")


LIVE, SILENT, NEVER = Presence.LIVE, Presence.SILENT, Presence.NEVER_SEEN


@pytest.mark.parametrize(
    ("peers", "en", "zh"),
    [
        ([LIVE, LIVE], ("good", "all here"), "全部在线"),
        ([LIVE, SILENT], ("ask", "1 of 2 missing"), "2 台中 1 台失联"),
        ([NEVER, SILENT], ("ask", "2 of 2 missing"), "2 台中 2 台失联"),
        ([LIVE, Presence.DOUBTFUL], ("bad", "call support"), "请联系技术支持"),
        ([Presence.STOPPED], ("bad", "call support"), "请联系技术支持"),
    ],
)
def test_the_lamp_of_the_other_tills(peers: list[Presence], en: tuple[str, str], zh: str) -> None:
    assert shown(peers=peers)["Other tills"][::2] == en
    assert shown("zh-CN", peers=peers)["Other tills"].value == zh


def test_a_till_without_others_has_no_lamp_for_them() -> None:
    assert "Other tills" not in shown()
