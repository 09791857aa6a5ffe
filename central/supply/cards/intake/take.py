"""Takes a file of keys in: line by line into a batch that nobody sells from until it is stocked.

A thousand lines are one transaction, so sales go on beside it, memory does not grow with the file,
and whoever was interrupted begins where he was: the same file continues its own batch.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from central.errors import Conflict, RequestInvalid
from central.foundation.db.engine import change, money_transaction, posting_transaction, rows
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.money.ledger.chart import heading_of
from central.money.ledger.rules import stock_bought
from central.money.ledger.store import post
from central.supply.cards.access.log import Asker, alert_of_bait
from central.supply.cards.card import Fault
from central.supply.cards.insert import SealedKey, insert_keys, seal_cards
from central.supply.cards.intake.read_file import Line, Source, lines, sha256_of
from central.supply.cards.model import Batch, BatchState, Intake
from central.supply.cards.store import (
    NewBatch,
    batch_of_file,
    get_batch,
    insert_batch,
    open_batch_key,
)
from central.supply.cards.vault.keys import Vault
from central.supply.cards.vault.seal import BatchKey
from edge.contract.money import Money

STEP = 1000
"""Lines of one transaction; a sale beside it waits for one of them at most."""
FAULTS_KEPT = 100
"""Faulty lines whose numbers are kept; all of them are counted."""
_PAID_FROM = ("1020", "1030", "1040", "2130", "2210", "3010")
"""What keys may be paid from: channel, bank, prepayment, an agent's money, on account, opening."""

Progress = Callable[[int], None]
"""Told how many lines are done."""


def check_intake(intake: Intake) -> None:
    """Check what somebody has said of keys.

    Raises:
        RequestInvalid: an account that nothing is paid from, a negative cost, a text too long.
    """
    try:
        heading_of(f"1310.{intake.sku}")
    except ValueError as exc:
        raise RequestInvalid(f"{exc}.") from exc
    if intake.paid_from != in_stock(intake.sku):
        check_paid_from(intake.paid_from)
    if intake.unit_cost.minor < 0:
        raise RequestInvalid(N_("A cost is not negative."))
    if not 1 <= len(intake.source) <= 64 or not intake.source.isprintable():
        raise RequestInvalid(N_("Say in 1 to 64 characters where the keys are from."))
    if len(intake.note) > 500 or not intake.note.isprintable():
        raise RequestInvalid(N_("A note is one line of 500 characters at most."))


def check_paid_from(account: str) -> None:
    """Check that goods may be paid from an account.

    Raises:
        RequestInvalid: they are not, or there is no such account.
    """
    try:
        heading = heading_of(account)
    except ValueError as exc:
        raise RequestInvalid(f"{exc}.") from exc
    if heading.code not in _PAID_FROM:
        raise RequestInvalid(Saying("keys-not-paid-from", account=account))


def in_stock(sku: str) -> str:
    """Return the account that has the cost of keys; who pays from it has posted that before."""
    return f"1310.{sku}"


def take_in(
    source: Source, intake: Intake, vault: Vault, by: Asker, at_s: int,
    progress: Progress | None = None,
) -> Batch:  # fmt: skip
    """Take a file in, or go on with it; return its batch, staged and with its report.

    Call it outside of a transaction.

    Raises:
        Conflict: this file was taken in before; the sentence says as what.
        RequestInvalid: the file cannot be read, or what is said of it cannot be.
        NotFound: there is no such SKU.
        VaultShut: the vault's keys are missing.
    """
    check_intake(intake)
    file_print = vault.file_print(sha256_of(source))
    batch, key = money_transaction(lambda: _begin(file_print, intake, vault, by, at_s))
    for step in _steps(lines(source), batch.lines):
        _take_step(_Step(batch, step), key, vault, by, at_s)
        if progress:
            progress(step[-1].n)
    return money_transaction(lambda: _staged(batch.id))


def stock(batch_id: int, at_s: int, *, day: int, actor: str) -> Batch:
    """Put a staged batch into stock: from now on it is sold from, and the ledger has its cost.

    Call it in a transaction.

    Raises:
        Conflict: it is not staged (any more), or it has no key.
        PostingRefused: the ledger refuses, for instance a prepayment that does not suffice.
    """
    batch = get_batch(batch_id)
    if not batch.kept:
        raise Conflict(Saying("batch-no-key", batch=batch_id))
    cost = Money(batch.unit_cost.minor * batch.kept, batch.unit_cost.currency)
    journal_id = None
    if cost.minor and batch.paid_from != in_stock(batch.sku):
        name = f"card-batch-{batch_id}"
        posting = stock_bought(name, batch.sku, batch.paid_from, cost, day, actor)
        journal_id = post(posting, at_s).id
    stocked = rows(
        "UPDATE card_batch SET state = 'stocked', stocked_at_s = ?, stocked_by = ?, journal_id = ?"
        " WHERE id = ? AND state = 'staged' RETURNING id",
        (at_s, actor, journal_id, batch_id),
    )
    if not stocked:
        raise Conflict(Saying("batch-not-staged", batch=batch_id, state=str(batch.state)))
    return get_batch(batch_id)


def discard(batch_id: int) -> None:
    """Throw a batch away that was not stocked; its keys are gone, and may come in again.

    Call it outside of a transaction.

    Raises:
        Conflict: it is stocked, or was thrown away.
    """

    def work() -> None:
        get_batch(batch_id)
        if not rows(
            "UPDATE card_batch SET state = 'discarded' WHERE id = ?"
            " AND state IN ('importing', 'staged') RETURNING id",
            (batch_id,),
        ):
            raise Conflict(Saying("batch-stays", batch=batch_id))

    def delete() -> bool:
        return bool(
            rows(
                "DELETE FROM card_key WHERE id IN (SELECT id FROM card_key WHERE batch_id = ?"
                " LIMIT ?) RETURNING id",
                (batch_id, STEP),
            )
        )

    money_transaction(work)
    while posting_transaction(delete):
        pass


def stage(batch_id: int) -> Batch:
    """End the import of a batch, in the caller's transaction."""
    rows(
        "UPDATE card_batch SET state = 'staged' WHERE id = ? AND state = 'importing' RETURNING id",
        (batch_id,),
    )
    return get_batch(batch_id)


# --- one step ------------------------------------------------------------------------------------


class _Step(NamedTuple):
    batch: Batch
    lines: list[Line]


def _begin(
    file_print: bytes, intake: Intake, vault: Vault, by: Asker, at_s: int
) -> tuple[Batch, BatchKey]:
    before = batch_of_file(intake.sku, file_print)
    if before is None:
        return insert_batch(NewBatch(intake, "stock", file_print, by.actor, at_s), vault)
    if before.state is not BatchState.IMPORTING:
        raise Conflict(Saying("file-known", batch=before.id, kept=before.kept))
    if (before.unit_cost, before.paid_from) != (intake.unit_cost, intake.paid_from):
        raise Conflict(Saying("file-begun-otherwise", batch=before.id))
    return before, open_batch_key(before.id, vault)


def _steps(found: Iterator[Line], done: int) -> Iterator[list[Line]]:
    step: list[Line] = []
    for line in found:
        if line.n <= done:
            continue
        step.append(line)
        if len(step) == STEP:
            yield step
            step = []
    if step:
        yield step


def _take_step(step: _Step, key: BatchKey, vault: Vault, by: Asker, at_s: int) -> None:
    batch = step.batch
    numbered = [(line.n, line.card) for line in step.lines if line.card is not None]
    sealed = seal_cards(batch, numbered, key, vault)
    # Two of one step that are the same: the second one is told, not left to the database.
    seen: set[bytes] = set()
    first = [one for one in sealed if not (one.fp in seen or seen.add(one.fp))]  # type: ignore[func-returns-value]
    faults = [(line.n, line.fault) for line in step.lines if line.fault is not None]
    taken = {one.id for one in first}
    faults += [(one.id & 0xFFFFFF, Fault.TWICE) for one in sealed if one.id not in taken]

    def work() -> None:
        written = insert_keys(batch, first, at_s)
        left = [one for one in first if one.id not in written]
        found = faults + _why_left(batch, left)
        alert_of_bait([one.fp for one in first], by, at_s)
        _count(batch.id, step.lines, len(written), sorted(found))

    posting_transaction(work)


def _why_left(batch: Batch, left: list[SealedKey]) -> list[tuple[int, Fault]]:
    """Say of keys that are there already whether they stand in this file before."""
    if not left:
        return []
    marks = ", ".join("?" * len(left))
    ours = {
        bytes(fp)
        for (fp,) in rows(
            f"SELECT fp FROM card_key WHERE batch_id = ? AND sku = ? AND state <> 'void'"
            f" AND fp IN ({marks})",
            (batch.id, batch.sku, *(one.fp for one in left)),
        )
    }
    return [(one.id & 0xFFFFFF, Fault.TWICE if one.fp in ours else Fault.KNOWN) for one in left]


def _count(
    batch_id: int, step: list[Line], written: int, found: list[tuple[int, Fault]]
) -> None:  # fmt: skip
    before = get_batch(batch_id)
    report = Counter(before.report)
    report.update(str(fault) for _, fault in found)
    faults = (before.faults + [(n, str(fault)) for n, fault in found])[:FAULTS_KEPT]
    moved = rows(
        "UPDATE card_batch SET lines = ?, kept = kept + ?, report = ?, faults = ?"
        " WHERE id = ? AND lines < ? AND lines = ? AND state = 'importing' RETURNING id",
        (step[-1].n, written, json.dumps(report), json.dumps(faults), batch_id, step[0].n,
         before.lines),
    )  # fmt: skip
    if not moved:
        raise Conflict(Saying("batch-of-another", batch=batch_id))


def _staged(batch_id: int) -> Batch:
    batch = stage(batch_id)
    if not batch.lines:
        change("UPDATE card_batch SET state = 'discarded' WHERE id = ?", (batch_id,))
        raise RequestInvalid(Saying("file-no-key"))
    return batch
