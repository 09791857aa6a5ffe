"""Audits are noted in the books, with the newest seal that they saw; later ones are held to it."""

from __future__ import annotations

import json
from typing import NamedTuple

from central.foundation.db.engine import change, money_transaction, reading, rows
from central.foundation.language.said import kept, of_kept
from central.money.ledger.audit import Progress, Proof, prove, silent
from central.money.ledger.seal import Sealed, seal_new

ENTRIES_AT_ONCE = 20_000
"""So many entries are proven while somebody waits for a page: a fifth of a second."""


class AuditRun(NamedTuple):
    """An audit of before, as it was noted."""

    at_s: int
    actor: str
    journals: int
    entries: int
    newest: Sealed
    findings: list[str]


def prove_and_note(at_s: int, actor: str, progress: Progress = silent) -> Proof:
    """Seal what is new, prove everything, and note what it came to.

    Call it outside of a transaction.
    """
    seal_new()
    proof = reading(lambda: prove(progress))
    money_transaction(lambda: note(proof, at_s, actor))
    return proof


def note(proof: Proof, at_s: int, actor: str) -> None:
    """Note an audit in the books, in the caller's transaction; later ones hold it against them."""
    change(
        "INSERT INTO audit_run (at_s, actor, journals, entries, sealed_id, sealed_hash, findings)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (at_s, actor, proof.journals, proof.entries, *proof.newest,
         json.dumps([kept(one) for one in proof.findings], ensure_ascii=False)),
    )  # fmt: skip


def newest_audit() -> AuditRun | None:
    """Return the newest audit that was noted."""
    found = rows(
        "SELECT at_s, actor, journals, entries, sealed_id, sealed_hash, findings FROM audit_run"
        " ORDER BY id DESC LIMIT 1"
    )
    if not found:
        return None
    [(at_s, actor, journals, entries, sealed_id, sealed_hash, findings)] = found
    newest = Sealed(int(sealed_id), bytes(sealed_hash))
    told = [of_kept(one) for one in json.loads(findings)]
    return AuditRun(at_s, actor, journals, entries, newest, told)


def newest_or_now(at_s: int) -> AuditRun:
    """Return the newest audit that was noted; of a ledger that is still small, one made now."""
    [(newest_entry,)] = rows("SELECT coalesce(max(id), 0) FROM entry")
    noted = newest_audit()
    if noted is not None and newest_entry > ENTRIES_AT_ONCE:
        return noted
    proof = reading(prove)
    return AuditRun(at_s, "", proof.journals, proof.entries, proof.newest, proof.findings)
