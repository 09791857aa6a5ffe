"""What the running services say afterwards, and what of it must hold.

Everything but the inputs (what was sold, what was scanned) is asked of hub, units and printers
here; nothing is remembered from the scenario. ``docs/reference/demo-json.md`` describes the shape.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from central.app import now_s
from central.money.ledger.rules import business_day
from tests.demo.processes import Http
from tests.demo.scenario import STORE, Stage

Facts = dict[str, Any]
_ENTRY = re.compile(r"(S[0-9]+-K[0-9]+)/([0-9]+)/([0-9]+) ([0-9a-f]{64})")


def gather(stage: Stage) -> Facts:
    """Ask the running services."""
    hub = stage.hub_api
    day = business_day(now_s(), stage.hub_config.timezone)
    ledger = hub.get("/v1/ledger/trial-balance")
    account = hub.get(f"/v1/ledger/accounts/2310.{STORE}/statement?first={day - 1}&last={day}")
    return {
        "issuer": hub.get("/v1/issuer"),
        "vouchers": [
            {k: v[k] for k in ("id_hex", "text", "kind")} | {"expected": _expected(stage, v)}
            for v in stage.vouchers
        ],
        "scans": [_scan(stage, scan) for scan in stage.scans],
        "receipts": [receipt for till in stage.tills for receipt in _receipts(stage, till)],
        "acks": [{"unit": unit["id"], **unit["acked"]} for unit in hub.get("/v1/units")["units"]],
        "conflicts": [
            {
                "voucher_id_hex": conflict["voucher_id"],
                "excess_minor": conflict["excess_minor"],
                "entries": [
                    {k: receipt[k] for k in ("unit", "epoch", "seq", "hash_hex", "covered_minor")}
                    for receipt in conflict["receipts"]
                ],
            }
            for conflict in hub.get("/v1/conflicts")["conflicts"]
        ],
        "ledger": {
            "database": str(stage.hub_config.sqlite_file),
            "trial_balance": sum(a["debit"] - a["credit"] for a in ledger["accounts"]),
            "findings": ledger["findings"],
            "accounts": [
                {k: a[k] for k in ("code", "name", "debit", "credit")} for a in ledger["accounts"]
            ],
        },
        "statement": [
            {
                "store": STORE,
                "lines": [
                    {"day": line["effective"], "entry": line["memo"], "minor": line["change"]}
                    for line in account["lines"]
                ],
                "total": account["closing"],
            }
        ],
        "processes": [
            {"name": p.name, "pid": p.pid, "url": p.url} for p in stage.processes if p.pid
        ],
    }


def _expected(stage: Stage, voucher: dict[str, Any]) -> str:
    return next((s.expected for s in stage.scans if s.text.startswith(voucher["text"])), "unused")


def _scan(stage: Stage, scan: Any) -> Facts:
    epoch, seq = scan.entry
    found = stage.tills[scan.unit].api.get(f"/v1/redemptions/{epoch}/{seq}")
    entry = found["entry"]
    return {
        "unit": scan.unit,
        "text": scan.text,
        "hub_up": scan.hub_up,
        "expected": scan.expected,
        "accepted": found["accepted"],
        "reason": found.get("reason"),
        "mode": found["mode"],
        "voucher_id_hex": found["voucher_id"],
        "amount": found["amount"],
        "entry": {"epoch": entry["epoch"], "seq": entry["seq"], "hash_hex": entry["hash"]},
    }


def _receipts(stage: Stage, name: str) -> Iterator[Facts]:
    papers = _papers(stage, name)
    for paper in papers:
        said = _ENTRY.search(paper["text"])
        yield {
            "unit": name,
            "epoch": int(said[2]) if said else None,
            "seq": int(said[3]) if said else None,
            "hash_hex": said[4] if said else None,
            "is_copy": "COPY" in paper["text"],
            "unknown_commands": paper["unknown_commands"],
            "bytes_hex": paper["bytes_hex"],
            "text": paper["text"],
        }


def _papers(stage: Stage, name: str) -> list[dict[str, Any]]:
    found: Any = Http(stage.tills[name].printer.url, "").get("/papers.json")
    return sorted(found, key=lambda paper: int(paper["number"]))


# --- what must hold ------------------------------------------------------------------------------


def judge(facts: Facts) -> list[str]:
    """Return what does not hold, one sentence each."""
    return [
        *_wrong_answers(facts),
        *_doubles(facts),
        *_wrong_papers(facts),
        *_wrong_acks(facts),
        *_wrong_conflicts(facts),
        *_wrong_books(facts),
    ]


def _accepted(facts: Facts) -> list[Facts]:
    return [scan for scan in facts["scans"] if scan["accepted"]]


def _wrong_answers(facts: Facts) -> Iterator[str]:
    for scan in facts["scans"]:
        said = scan["reason"] or ("accepted" if scan["accepted"] else "nothing")
        if said != scan["expected"]:
            yield f"{scan['unit']} said {said} to {scan['text'][:20]}…, {scan['expected']} was due"
        if scan["accepted"] and scan["mode"] != ("online" if scan["hub_up"] else "solo"):
            yield f"{scan['unit']} accepted in mode {scan['mode']} with hub_up {scan['hub_up']}"


def _doubles(facts: Facts) -> Iterator[str]:
    """A single-use voucher is accepted once by one unit, whatever was killed."""
    single = {v["id_hex"] for v in facts["vouchers"] if v["kind"] == "single"}
    entries: dict[tuple[str, str], set[int]] = {}
    for scan in _accepted(facts):
        if scan["voucher_id_hex"] in single:
            key = (scan["unit"], scan["voucher_id_hex"])
            entries.setdefault(key, set()).add(scan["entry"]["seq"])
    yield from (f"{unit} accepted {v} twice" for (unit, v), e in entries.items() if len(e) > 1)


def _wrong_papers(facts: Facts) -> Iterator[str]:
    originals: dict[tuple[str, int], int] = {}
    for receipt in facts["receipts"]:
        if receipt["unknown_commands"]:
            yield f"a printer did not know {receipt['unknown_commands']}"
        if receipt["seq"] is None and not receipt["is_copy"]:
            continue  # a paper torn by a kill; a marked copy follows it
        if not receipt["is_copy"]:
            key = (receipt["unit"], receipt["seq"])
            originals[key] = originals.get(key, 0) + 1
    yield from (f"{unit} printed {seq} twice" for (unit, seq), n in originals.items() if n > 1)
    printed = {(r["unit"], r["seq"]): r["hash_hex"] for r in facts["receipts"] if r["seq"]}
    for scan in _accepted(facts):
        entry = scan["entry"]
        if not scan["hub_up"] and printed.get((scan["unit"], entry["seq"])) != entry["hash_hex"]:
            yield f"{scan['unit']} owes the receipt of {entry['seq']}"


def _wrong_acks(facts: Facts) -> Iterator[str]:
    newest: dict[str, int] = {}
    for scan in facts["scans"]:
        if not scan["hub_up"]:
            newest[scan["unit"]] = max(newest.get(scan["unit"], 0), scan["entry"]["seq"])
    acked = {ack["unit"]: ack["seq"] for ack in facts["acks"]}
    for unit, seq in newest.items():
        if acked.get(unit, 0) < seq:
            yield f"the hub has {unit} up to {acked.get(unit, 0)} only, {seq} was recorded"


def _wrong_conflicts(facts: Facts) -> Iterator[str]:
    uses: dict[str, set[str]] = {}
    single = {v["id_hex"] for v in facts["vouchers"] if v["kind"] == "single"}
    for scan in _accepted(facts):
        if scan["voucher_id_hex"] in single:
            uses.setdefault(scan["voucher_id_hex"], set()).add(scan["unit"])
    due = {voucher for voucher, units in uses.items() if len(units) > 1}
    found = {c["voucher_id_hex"] for c in facts["conflicts"] if len(c["entries"]) > 1}
    if due != found or not due:
        yield f"conflicts {sorted(found)} were found, {sorted(due)} were due"


def _wrong_books(facts: Facts) -> Iterator[str]:
    ledger = facts["ledger"]
    if ledger["trial_balance"] or ledger["findings"]:
        yield f"the ledger is off by {ledger['trial_balance']}: {ledger['findings']}"
    [statement] = facts["statement"]
    if statement["total"] != sum(line["minor"] for line in statement["lines"]):
        yield "the statement does not add up"
    store = next((a for a in ledger["accounts"] if a["code"] == f"2310.{STORE}"), None)
    if store is None or store["credit"] - store["debit"] != statement["total"]:
        yield "statement and ledger differ"
