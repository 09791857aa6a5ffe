"""What the running services say afterwards, and what of it must hold.

Everything but the inputs (what was sold, what was scanned, what the buyer saw) is asked of hub,
units, printers and simulators here; nothing is remembered from the scenario.
``docs/reference/demo-json.md`` describes the shape.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from central.foundation.clock import now_s
from central.money.ledger.rules import business_day
from edge.devices.simulated.escpos_commands import CUT_SHORT
from tests.demo.processes import Http
from tests.demo.scenario import STORE, STORE_NAME, Stage
from tests.demo.shop_facts import gather_shop, judge_shop

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
        **gather_shop(stage.shop, hub),
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
    for paper in _papers(stage, name):
        # What a kill tore off hangs above the next receipt; only that one is whole.
        whole = paper["text"].rpartition(STORE_NAME)[2]
        said = _ENTRY.search(whole)
        yield {
            "unit": name,
            "epoch": int(said[2]) if said else None,
            "seq": int(said[3]) if said else None,
            "hash_hex": said[4] if said else None,
            "is_copy": "COPY" in whole,
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
        *judge_shop(facts),
    ]


def _accepted(facts: Facts) -> list[Facts]:
    return [scan for scan in facts["scans"] if scan["accepted"]]


def _name(unit: str, entry: Facts) -> tuple[str, int, int, str]:
    """Return the full name of an entry: where it stands, and its hash."""
    return unit, entry["epoch"], entry["seq"], entry["hash_hex"]


def _single(facts: Facts) -> set[str]:
    return {v["id_hex"] for v in facts["vouchers"] if v["kind"] == "single"}


def _wrong_answers(facts: Facts) -> Iterator[str]:
    sold = {v["id_hex"] for v in facts["vouchers"]}
    for scan in facts["scans"]:
        said = scan["reason"] or ("accepted" if scan["accepted"] else "nothing")
        if said != scan["expected"]:
            yield f"{scan['unit']} said {said} to {scan['text'][:20]}…, {scan['expected']} was due"
        if scan["accepted"] and scan["mode"] != ("online" if scan["hub_up"] else "solo"):
            yield f"{scan['unit']} accepted in mode {scan['mode']} with hub_up {scan['hub_up']}"
        if scan["accepted"] and scan["voucher_id_hex"] not in sold:
            yield f"{scan['unit']} accepted {scan['voucher_id_hex']}, which nobody has sold"


def _doubles(facts: Facts) -> Iterator[str]:
    """A single-use voucher is accepted once by one unit, whatever was killed."""
    single = _single(facts)
    entries: dict[tuple[str, str], set[int]] = {}
    for scan in _accepted(facts):
        if scan["voucher_id_hex"] in single:
            key = (scan["unit"], scan["voucher_id_hex"])
            entries.setdefault(key, set()).add(scan["entry"]["seq"])
    yield from (f"{unit} accepted {v} twice" for (unit, v), e in entries.items() if len(e) > 1)


def _wrong_papers(facts: Facts) -> Iterator[str]:
    for receipt in facts["receipts"]:
        # A kill may have torn a command in two; a marked copy follows.
        unknown = [u for u in receipt["unknown_commands"] if u["why"] != CUT_SHORT]
        if unknown:
            yield f"a printer did not know {unknown}"
    whole = [r for r in facts["receipts"] if r["seq"] is not None]
    originals = Counter((r["unit"], r["epoch"], r["seq"]) for r in whole if not r["is_copy"])
    for (unit, epoch, seq), count in originals.items():
        if count > 1:
            yield f"{unit} printed {epoch}/{seq} twice"
    due = {_name(scan["unit"], scan["entry"]) for scan in _accepted(facts)}
    printed = {_name(receipt["unit"], receipt) for receipt in whole}
    yield from (f"{unit} owes the receipt of {e}/{n}" for unit, e, n, _ in due - printed)
    yield from (f"{unit} printed {e}/{n}, not accepted" for unit, e, n, _ in printed - due)


def _wrong_acks(facts: Facts) -> Iterator[str]:
    acked = {ack["unit"]: ack for ack in facts["acks"]}
    for scan in facts["scans"]:
        unit, epoch, seq, digest = _name(scan["unit"], scan["entry"])
        ack = acked.get(unit, {"epoch": 0, "seq": 0})
        has = (ack["epoch"], ack["seq"])
        if has < (epoch, seq):
            yield f"the hub does not have {unit}/{epoch}/{seq}"
        if has == (epoch, seq) and ack["head_hex"] != digest:
            yield f"the hub has another {unit}/{epoch}/{seq}"


def _wrong_conflicts(facts: Facts) -> Iterator[str]:
    single = _single(facts)
    uses: dict[str, set[tuple[str, int, int, str]]] = {}
    for scan in _accepted(facts):
        if scan["voucher_id_hex"] in single:
            name = _name(scan["unit"], scan["entry"])
            uses.setdefault(scan["voucher_id_hex"], set()).add(name)
    due = {voucher: names for voucher, names in uses.items() if len(names) > 1}
    found = {
        c["voucher_id_hex"]: {_name(entry["unit"], entry) for entry in c["entries"]}
        for c in facts["conflicts"]
    }
    if due != found or not due:
        yield f"conflicts {sorted(found.items())} were found, {sorted(due.items())} were due"
    for conflict in facts["conflicts"]:
        # One of them has the voucher's whole value, and each other one is too much by as much.
        *others, covered = sorted(entry["covered_minor"] for entry in conflict["entries"])
        if any(others) or conflict["excess_minor"] != covered * len(others) or not covered:
            yield f"of {conflict['voucher_id_hex']} more or less is covered than it is worth"


def _wrong_books(facts: Facts) -> Iterator[str]:
    ledger = facts["ledger"]
    if ledger["trial_balance"] or ledger["findings"]:
        yield f"the ledger is off by {ledger['trial_balance']}: {ledger['findings']}"
    if sum(a["debit"] - a["credit"] for a in ledger["accounts"]) != ledger["trial_balance"]:
        yield "the trial balance is not the sum of the accounts"
    [statement] = facts["statement"]
    if statement["total"] != sum(line["minor"] for line in statement["lines"]):
        yield "the statement does not add up"
    store = next((a for a in ledger["accounts"] if a["code"] == f"2310.{STORE}"), None)
    if store is None or store["credit"] - store["debit"] != statement["total"]:
        yield "statement and ledger differ"
    accepted = {"/".join(map(str, _name(s["unit"], s["entry"])[:3])) for s in _accepted(facts)}
    paid: Counter[str] = Counter()
    for line in statement["lines"]:
        paid[line["entry"]] += line["minor"]  # of two, who was first may turn out later
    yield from (f"the statement pays for {e}, not accepted" for e in sorted(paid.keys() - accepted))
    yield from (f"the statement takes {-n} for {e}" for e, n in sorted(paid.items()) if n < 0)
