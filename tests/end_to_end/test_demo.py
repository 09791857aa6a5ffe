"""What ``./run demo`` says of itself, checked by somebody who shares no code with it.

Nothing of ``edge``, ``central`` or ``tests.demo`` is imported here on purpose: the command is run
as anybody would, and what it printed is held against what it left.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end import stranger
from tests.end_to_end.demo_run import ROOT, DemoRun
from tests.end_to_end.stranger import MODES, REDEMPTION, REFUSAL, Row

pytestmark = pytest.mark.slow  # the demo itself, once

Facts = dict[str, Any]
Name = tuple[str, int, int]
"""Of an entry: unit, epoch, number."""


@pytest.fixture(name="facts")
def _facts(demo: DemoRun) -> Facts:
    assert demo.status == 0, demo.story
    return demo.facts


@pytest.fixture(name="journals")
def _journals(demo: DemoRun, facts: Facts) -> dict[Name, Row]:
    """Every entry of both units, by name; their chains were walked."""
    return {
        (row.said[2], row.epoch, row.seq): row
        for number in (1, 2)
        for row in stranger.journal_of(demo.directory / f"unit-{number}")
    }


def name_of(unit: str, entry: Facts) -> Name:
    return unit, entry["epoch"], entry["seq"]


def accepted(facts: Facts) -> dict[Name, Facts]:
    """Acceptances by their entry; who asked again with the same key was told the same one."""
    return {name_of(s["unit"], s["entry"]): s for s in facts["scans"] if s["accepted"]}


def keys(facts: Facts) -> list[bytes]:
    return [bytes.fromhex(key["public_key_hex"]) for key in facts["issuer"]["keys"]]


def is_genuine(text: str, facts: Facts) -> bool:
    issuer = facts["issuer"]["id"]
    return any(stranger.is_signed_by(text, issuer, key) for key in keys(facts))


# --- what it says --------------------------------------------------------------------------------


def test_it_tells_its_story_and_says_that_everything_held(demo: DemoRun) -> None:
    assert demo.status == 0, demo.story
    assert "everything held" in demo.story
    assert "✗" not in demo.story
    for act in range(1, 7):
        assert re.search(rf"^{act}  ", demo.story, re.MULTILINE), demo.story


def test_standard_output_is_one_object_and_the_same_was_kept(demo: DemoRun, facts: Facts) -> None:
    assert demo.told.count("\n") == 1
    kept = (demo.directory / "facts.json").read_text("utf-8")
    assert DemoRun(0, kept, "", demo.directory).facts == facts


def documented() -> set[str]:
    page = (ROOT / "docs/reference/demo-json.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    return {member for row in rows for member in re.findall(r"`([^`]+)`", row.split(" | ")[0])}


def members(value: Any, path: str, known: set[str]) -> Iterator[str]:
    """Name every member there is; what the page describes as one is not taken apart."""
    if path in known or not isinstance(value, dict | list):
        yield path
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from members(inner, f"{path}.{name}".lstrip("."), known)
    else:
        assert value or f"{path}[]" in known, f"{path} is empty"
        for inner in value or [None]:
            yield from members(inner, f"{path}[]", known)


def test_it_has_the_members_that_the_page_names_and_no_others(facts: Facts) -> None:
    known = documented()
    assert set(members(facts, "", known)) == known


def test_nothing_of_it_runs_any_more(demo: DemoRun, facts: Facts) -> None:
    assert {p["name"] for p in facts["processes"]} > {
        "hub", "printer-1", "printer-2", "channel-simulator", "supplier-simulator",
    }  # fmt: skip
    left = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue  # it has just ended
        # Tests of the judge read its facts beside this one; they are no part of it.
        if os.fsencode(demo.directory) in command and b"--judge" not in command:
            left.append(command)
    assert left == []


# --- vouchers ------------------------------------------------------------------------------------


def test_every_voucher_is_a_cose_message_of_the_issuer(facts: Facts) -> None:
    for voucher in facts["vouchers"]:
        assert is_genuine(voucher["text"], facts)
        assert stranger.voucher_id_of(voucher["text"]) == voucher["id_hex"]
    assert len({v["id_hex"] for v in facts["vouchers"]}) == len(facts["vouchers"]) > 10


def test_no_voucher_is_genuine_with_any_digit_altered(facts: Facts) -> None:
    for voucher in facts["vouchers"]:
        text = voucher["text"]
        for at in range(218):
            altered = text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :]
            assert not is_genuine(altered, facts), at


def test_no_voucher_is_another_issuer_s(facts: Facts) -> None:
    [key] = keys(facts)
    other = {"issuer": {"id": "other.example", "keys": facts["issuer"]["keys"]}}
    for voucher in facts["vouchers"]:
        assert not is_genuine(voucher["text"], other)
        assert not stranger.is_signed_by(voucher["text"], facts["issuer"]["id"], key[::-1])


def test_what_was_scanned_is_genuine_unless_it_was_refused_as_forged(facts: Facts) -> None:
    for scan in facts["scans"]:
        token = scan["text"][:218]
        if scan["reason"] in {"bad-signature", "not-a-token", "mistyped"}:
            assert not is_genuine(token, facts)
        elif len(scan["text"]) >= 218:
            assert is_genuine(token, facts)
            assert scan["voucher_id_hex"] in {stranger.voucher_id_of(token), None}


# --- scans and journals --------------------------------------------------------------------------


def test_every_scan_was_answered_as_it_had_to_be(facts: Facts) -> None:
    for scan in facts["scans"]:
        assert (scan["reason"] or "accepted") == scan["expected"]
        assert scan["accepted"] == (scan["reason"] is None)
    assert len({scan["reason"] for scan in facts["scans"]}) > 10, "it shows many reasons"


def test_every_scan_s_hash_is_that_of_the_bytes_in_the_journal(
    facts: Facts, journals: dict[Name, Row]
) -> None:
    for scan in facts["scans"]:
        row = journals[name_of(scan["unit"], scan["entry"])]
        assert row.hash.hex() == scan["entry"]["hash_hex"]
        assert row.kind == (REDEMPTION if scan["accepted"] else REFUSAL)
        said = row.said
        assert said.get(14) == scan["reason"]
        assert said.get(12) == scan["amount"]
        assert MODES[said.get(13)] == scan["mode"]
        voucher = None if 11 not in said else f"{said[11]:012x}"
        assert voucher == scan["voucher_id_hex"]


def test_the_journals_hold_nothing_but_the_scans(facts: Facts, journals: dict[Name, Row]) -> None:
    scanned = {name_of(scan["unit"], scan["entry"]) for scan in facts["scans"]}
    assert {name for name in journals if name[2] > 1} == scanned
    assert all(row.said[6] == 4 for name, row in journals.items() if name[2] == 1)


def test_no_unit_took_more_of_a_voucher_than_there_is(
    demo: DemoRun, journals: dict[Name, Row]
) -> None:
    taken: Counter[tuple[str, int]] = Counter()
    for (unit, _, _), row in journals.items():
        if row.kind == REDEMPTION:
            taken[unit, row.said[11]] += row.said[12]
    with hub_of(demo) as hub:
        capacity = dict(hub.execute("SELECT id, capacity FROM voucher").fetchall())
    assert all(amount <= capacity[voucher] for (_, voucher), amount in taken.items())


def test_the_hub_has_both_journals_to_the_byte(
    demo: DemoRun, facts: Facts, journals: dict[Name, Row]
) -> None:
    newest = {unit: row for (unit, _, _), row in sorted(journals.items())}
    heads = {ack["unit"]: (ack["epoch"], ack["seq"], ack["head_hex"]) for ack in facts["acks"]}
    assert heads == {u: (row.epoch, row.seq, row.hash.hex()) for u, row in newest.items()}
    with hub_of(demo) as hub:
        kept = hub.execute("SELECT unit_id, epoch, seq, entry FROM redemption_entry").fetchall()
    assert {tuple(row[:3]): row[3] for row in kept} == {n: row.raw for n, row in journals.items()}


# --- paper ---------------------------------------------------------------------------------------


def test_the_bytes_of_each_paper_hold_what_can_be_read_on_it(facts: Facts) -> None:
    for receipt in facts["receipts"]:
        raw = bytes.fromhex(receipt["bytes_hex"])
        lines = [line.removeprefix("[QR] ").strip() for line in receipt["text"].splitlines()]
        readable = [line for line in lines if line]
        assert len(readable) > 10
        at = 0
        for line in readable:
            found = raw.find(line.encode("gbk"), at)
            assert found >= at, line
            at = found + len(line.encode("gbk"))
        assert b"\x1dV" in raw[at:], "it was cut off"


def test_each_acceptance_has_one_original_or_a_marked_copy_and_nothing_else_has(
    facts: Facts, journals: dict[Name, Row]
) -> None:
    whole = [r for r in facts["receipts"] if r["seq"] is not None]
    for receipt in whole:
        assert journals[name_of(receipt["unit"], receipt)].hash.hex() == receipt["hash_hex"]
    originals = Counter(name_of(r["unit"], r) for r in whole if not r["is_copy"])
    assert max(originals.values()) == 1
    assert {name_of(r["unit"], r) for r in whole} == set(accepted(facts))
    for receipt in whole:
        assert receipt["is_copy"] == ("副本 COPY" in receipt["text"])


def test_each_receipt_says_what_was_taken(demo: DemoRun, facts: Facts) -> None:
    worth = worth_of(demo)
    for receipt in facts["receipts"]:
        if receipt["seq"] is not None:
            scan = accepted(facts)[name_of(receipt["unit"], receipt)]
            amount = worth[scan["voucher_id_hex"]] * scan["amount"]
            assert f"￥{amount // 100}.{amount % 100:02d}" in receipt["text"]
            assert scan["voucher_id_hex"][-6:] in receipt["text"]


def test_every_paper_was_kept_as_a_picture(demo: DemoRun, facts: Facts) -> None:
    pictures = list((demo.directory / "receipts").glob("*.png"))
    assert len(pictures) == len(facts["receipts"])
    assert all(p.read_bytes().startswith(b"\x89PNG\r\n\x1a\n") for p in pictures)


# --- money ---------------------------------------------------------------------------------------


def hub_of(demo: DemoRun) -> Any:
    """The hub's database, by Python's own SQLite."""
    return stranger.database(demo.directory / "hub" / "hub.db")


def worth_of(demo: DemoRun) -> dict[str, int]:
    """Minor units of one measure of each voucher."""
    with hub_of(demo) as hub:
        rows = hub.execute("SELECT id, face_minor / capacity FROM voucher").fetchall()
    return {f"{voucher:012x}": worth for voucher, worth in rows}


def totals(hub: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    """Debits and credits of each account, from the entries alone."""
    found = hub.execute(
        "SELECT code, sum(CASE side WHEN 1 THEN amount ELSE 0 END),"
        " sum(CASE side WHEN -1 THEN amount ELSE 0 END)"
        " FROM entry JOIN account ON account.id = account_id WHERE layer = 1 GROUP BY code"
    )
    return {code: (debit, credit) for code, debit, credit in found}


def test_the_trial_balance_is_the_sum_of_the_entries(demo: DemoRun, facts: Facts) -> None:
    ledger = facts["ledger"]
    assert ledger["database"] == str(demo.directory / "hub" / "hub.db")
    with hub_of(demo) as hub:
        found = totals(hub)
        journals = hub.execute(
            "SELECT journal_id, sum(side * amount) FROM entry GROUP BY journal_id, layer"
        ).fetchall()
    assert {a["code"]: (a["debit"], a["credit"]) for a in ledger["accounts"]} == found
    assert sum(debit - credit for debit, credit in found.values()) == 0
    assert ledger["trial_balance"] == 0
    assert ledger["findings"] == []
    assert journals
    assert all(total == 0 for _, total in journals)


def test_the_money_that_came_in_is_what_was_sold_and_the_store_has_what_was_redeemed(
    demo: DemoRun, facts: Facts
) -> None:
    with hub_of(demo) as hub:
        [(sold,)] = hub.execute("SELECT sum(face_minor) FROM voucher")
        found = totals(hub)
    worth = worth_of(demo)
    redeemed = sum(worth[s["voucher_id_hex"]] * s["amount"] for s in accepted(facts).values())
    excess = sum(conflict["excess_minor"] for conflict in facts["conflicts"])
    assert found["1010.counter"] == (sold, 0)
    debit, credit = found["2310.S0412"]
    # What is beyond a voucher's value is claimed by the store and disputed until somebody decides.
    assert found["1150"] == (excess, 0)
    assert credit - debit == redeemed
    unredeemed = [c - d for code, (d, c) in found.items() if code.startswith("2020.")]
    assert sum(unredeemed) == sold - redeemed + excess


def test_the_statement_adds_up_and_pays_for_each_acceptance_what_it_is_worth(
    demo: DemoRun, facts: Facts
) -> None:
    [statement] = facts["statement"]
    paid: Counter[str] = Counter()
    for line in statement["lines"]:
        paid[line["entry"]] += line["minor"]
    assert sum(paid.values()) == statement["total"]
    worth = worth_of(demo)
    due = Counter(
        {
            "/".join(map(str, name)): worth[scan["voucher_id_hex"]] * scan["amount"]
            for name, scan in accepted(facts).items()
        }
    )
    # Covered or claimed: each acceptance stands there with all that it took.
    assert +paid == +due


def test_the_double_redemption_was_found_and_both_journals_hold_their_half(
    facts: Facts, journals: dict[Name, Row]
) -> None:
    [conflict] = facts["conflicts"]
    assert len({entry["unit"] for entry in conflict["entries"]}) == 2
    for entry in conflict["entries"]:
        row = journals[name_of(entry["unit"], entry)]
        assert row.hash.hex() == entry["hash_hex"]
        assert (row.kind, f"{row.said[11]:012x}") == (REDEMPTION, conflict["voucher_id_hex"])
    covered = [entry["covered_minor"] for entry in conflict["entries"]]
    assert sorted(covered) == [0, conflict["excess_minor"]]
