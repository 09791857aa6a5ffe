"""Proves the ledger from its entries, whatever the schema's triggers have said before.

One pass over all journals in the order of their numbers. Whatever does not hold is named: which
journal, account, day or close, and what is wrong with it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from central.foundation.db.engine import HUB, is_sqlite, rows
from central.foundation.language.said import Saying
from central.money.ledger.chain import GENESIS, Head, SealedEntry, journal_hash
from central.money.ledger.chart import heading_of
from central.money.ledger.closes import closed_through, closes
from central.money.ledger.seal import HEAD, Sealed, newest_seal

JOURNALS_PER_STEP = 2000

Progress = Callable[[int, int], None]
"""Told how many journals are done, of how many."""


class Proof(NamedTuple):
    """What an audit came to.

    Args:
        unsealed: Journals that wait for their seal; on SQLite there are none in a sound ledger.
        newest: The newest seal: kept elsewhere, it proves that nothing before it was altered.
        findings: What does not hold, one sentence each; nothing if the ledger is sound.
    """

    journals: int
    entries: int
    unsealed: int
    newest: Sealed
    findings: list[str]


def audit() -> list[str]:
    """Return what does not hold, one sentence each; nothing if the ledger is sound."""
    return prove().findings


def silent(_done: int, _all: int) -> None:
    """Tell nobody how far it is."""


def prove(progress: Progress = silent) -> Proof:
    """Prove everything there is; call it in ``reading`` where others write meanwhile."""
    proof = _Pass(progress)
    proof.walk()
    return Proof(
        proof.journals, proof.entries, len(proof.unsealed), newest_seal(), proof.findings()
    )


def size() -> tuple[int, int]:
    """Return how many journals and entries there are."""
    [(journals,)] = rows("SELECT count(*) FROM journal")
    [(entries,)] = rows("SELECT count(*) FROM entry")
    return int(journals), int(entries)


# --- the pass ------------------------------------------------------------------------------------


_Entry = tuple[int, int, int, int, int]
"""Number, account, layer, side and amount."""
_SIDES = frozenset({1, -1})


class _Account(NamedTuple):
    id: int
    code: str
    currency: str
    sign: int
    d: int
    c: int
    pd: int
    pc: int
    hot: bool
    rolled: int


_NOBODY = _Account(0, "?", "?", 1, 0, 0, 0, 0, hot=False, rolled=0)
_NO_JOURNAL = Head(0, "", b"", "", "", "", None, None, 99991231, 0, "", "")


class _Pass:
    """What is gathered on the way. All of it but open holds grows with accounts, not entries."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._accounts = {row[0]: _Account(*row) for row in rows(
            "SELECT id, code, currency, sign, d, c, pd, pc, hot, rolled FROM account"
        )}  # fmt: skip
        self._closes = closes()
        self._close_days = [close.day for close in self._closes]
        self._sealed_at_close = [close.sealed_id for close in self._closes]
        self._gone = _seals_of_nothing()
        self._chain = GENESIS
        self._newest_seal = newest_seal().journal_id
        self._holds: dict[int, dict[int, int]] = {}
        self._totals: dict[int, list[int]] = {id_: [0] * 6 for id_ in self._accounts}
        """Of each account: d, c, what is held on either side, and d, c of the tail of a hot one."""
        self._by_close: dict[tuple[int, int], list[int]] = {}
        """Of each account and close: what moved on the days since the close before."""
        self._bins: dict[int, int] = {}
        self._named: list[str] = []
        self.journals = self.entries = 0
        self.unsealed: list[int] = []

    def walk(self) -> None:
        """Go over all journals."""
        [(total, newest)] = rows("SELECT count(*), coalesce(max(id), 0) FROM journal")
        after = min(0, int(rows("SELECT coalesce(min(id), 0) FROM journal")[0][0])) - 1
        while True:
            sealed = _heads_after(after)
            through = sealed[-1][0].id if sealed else None
            entries = _entries_between(after, through)
            for head, prev, seal in sealed:
                self._gone_before(head.id)
                self._journal(head, entries.pop(head.id, []), prev, seal)
            self._orphans(entries)
            self._progress(self.journals, total)
            if through is None:
                break
            after = through
        self._gone_before(max(newest, self._newest_seal) + 1)

    # One journal.

    def _journal(
        self, head: Head, entries: list[_Entry], prev: bytes | None, seal: bytes | None
    ) -> None:
        self.journals += 1
        if type(head.effective) is not int:
            self._named.append(Saying("audit-no-day", journal=head.id))
            head = head._replace(effective=0)
        if len(entries) < 2:
            self._named.append(Saying("audit-few-entries", journal=head.id))
        contents, held = self._add_up(head, entries)
        self._link(head, contents, prev, seal)
        self._resolve(head, held)
        self._closed(head)

    def _add_up(
        self, head: Head, entries: list[_Entry]
    ) -> tuple[list[SealedEntry], dict[int, int]]:
        """Count a journal's entries; return what its seal covers, and what it sets aside.

        This is where an audit spends its time: plain tuples, and no call an entry.
        """
        self.entries += len(entries)
        contents: list[SealedEntry] = []
        sums: dict[tuple[int, str], int] = {}
        held: dict[int, int] = {}
        number = self._bin(head.effective) if self._close_days else None
        for entry_id, account_id, layer, side, amount in entries:
            account = self._accounts.get(account_id, _NOBODY)
            contents.append((account.code, account.currency, layer, side, amount))
            if type(amount) is not int or side not in _SIDES or account is _NOBODY:
                self._named.append(_nonsense(entry_id, account))
                continue
            change = side * amount
            key = (layer, account.currency)
            sums[key] = sums.get(key, 0) + change
            totals = self._totals[account_id]
            column = 0 if side == 1 else 1
            if layer == 1:
                totals[column] += amount
                if account.hot and entry_id > account.rolled:
                    totals[4 + column] += amount
                if number is not None:
                    self._by_close.setdefault((account_id, number), [0, 0])[column] += amount
                continue
            held[account_id] = held.get(account_id, 0) + change
            if head.phase == "pending":
                totals[2 + column] += amount
            else:
                totals[3 - column] -= amount
        for (layer, currency), total in sums.items():
            if total:
                self._named.append(
                    Saying(
                        "audit-unbalanced",
                        journal=head.id,
                        currency=currency,
                        layer=layer,
                        total=total,
                    )
                )
        return contents, held

    def _bin(self, day: int) -> int:
        """Return which close covers a day; the number of closes for one that is still open."""
        found = self._bins.get(day)
        if found is None:
            found = self._bins[day] = bisect_left(self._close_days, day)
        return found

    def _link(
        self, head: Head, contents: list[SealedEntry], prev: bytes | None, seal: bytes | None
    ) -> None:
        if prev is None or seal is None:
            self.unsealed.append(head.id)
            return
        if journal_hash(prev, head, contents) != seal:
            self._named.append(Saying("audit-not-as-sealed", journal=head.id))
        self._follow(head.id, prev, seal)

    def _follow(self, journal_id: int, prev: bytes, seal: bytes) -> None:
        if prev != self._chain:
            self._named.append(Saying("audit-chain-broken", journal=journal_id))
        self._chain = seal

    def _gone_before(self, journal_id: int) -> None:
        while self._gone and self._gone[0][0] < journal_id:
            gone, prev, seal = self._gone.pop(0)
            self._named.append(Saying("audit-gone", journal=gone))
            self._follow(gone, prev, seal)

    def _resolve(self, head: Head, held: dict[int, int]) -> None:
        if head.phase == "pending":
            self._holds[head.id] = held
        elif head.pending_id is not None:
            hold = self._holds.pop(head.pending_id, None)
            if hold is None:
                self._named.append(Saying("audit-no-hold", journal=head.id))
            elif hold != {account: -minor for account, minor in held.items()}:
                self._named.append(Saying("audit-other-hold", journal=head.id))
        elif held:
            self._named.append(Saying("audit-wrong-layer", journal=head.id))

    def _closed(self, head: Head) -> None:
        number = self._bin(head.effective) if self._close_days else 0
        if number < len(self._closes) and head.id > self._sealed_at_close[number]:
            day = self._close_days[number]
            self._named.append(Saying("audit-after-close", journal=head.id, day=day))

    def _orphans(self, entries: dict[int, list[_Entry]]) -> None:
        for journal_id, lost in entries.items():
            self._add_up(_NO_JOURNAL._replace(id=journal_id), lost)
            self._named += [Saying("audit-orphan", entry=entry_id) for entry_id, *_ in lost]

    # What can be said at the end.

    def findings(self) -> list[str]:
        """Return everything that does not hold."""
        return [
            *self._named,
            *self._account_findings(),
            *self._seal_findings(),
            *_reversal_findings(),
            *self._close_findings(),
        ]

    def _account_findings(self) -> Iterator[str]:
        for account in self._accounts.values():
            d, c, pd, pc, tail_d, tail_c = self._totals[account.id]
            if (account.d, account.c) != (d - tail_d, c - tail_c):
                yield Saying(
                    "audit-account-says", account=account.code,
                    there=f"{account.d}/{account.c}", wanted=f"{d - tail_d}/{c - tail_c}",
                )  # fmt: skip
            if (account.pd, account.pc) != (pd, pc):
                yield Saying(
                    "audit-account-holds", account=account.code,
                    there=f"{account.pd}/{account.pc}", wanted=f"{pd}/{pc}",
                )  # fmt: skip
            yield from _heading_findings(account, d, c, pd, pc)

    def _seal_findings(self) -> Iterator[str]:
        waits = not is_sqlite(HUB.obj)
        for journal_id in self.unsealed:
            if not waits or journal_id < self._newest_seal:
                yield Saying("audit-not-sealed", journal=journal_id)
        anchors = [
            (Saying("audit-the-close", day=close.day), close.sealed_id, close.sealed_hash)
            for close in self._closes
        ] + [
            (Saying("audit-the-run", at_s=at_s), int(sealed_id), bytes(sealed_hash))
            for at_s, sealed_id, sealed_hash in rows(
                "SELECT at_s, sealed_id, sealed_hash FROM audit_run ORDER BY id"
            )
        ]
        for name, sealed_id, sealed_hash in anchors:
            yield from anchor_findings(name, sealed_id, sealed_hash)

    def _close_findings(self) -> Iterator[str]:
        if self._closes and closed_through() < self._close_days[-1]:
            yield Saying("audit-reopened", day=self._close_days[-1])
        snapshots = {
            (account_id, day): (int(d), int(c))
            for account_id, day, d, c in rows("SELECT account_id, day, d, c FROM balance_snap")
        }
        for account in self._accounts.values():
            d = c = 0
            for number, close in enumerate(self._closes):
                moved_d, moved_c = self._by_close.get((account.id, number), (0, 0))
                d, c = d + moved_d, c + moved_c
                told = snapshots.pop((account.id, close.day), None)
                if told is None and (moved_d or moved_c):
                    yield Saying("audit-no-snapshot", account=account.code, day=close.day)
                elif told is not None and told != (d, c):
                    yield Saying(
                        "audit-snapshot-says", account=account.code, day=close.day,
                        there=f"{told[0]}/{told[1]}", wanted=f"{d}/{c}",
                    )  # fmt: skip
        for account_id, day in snapshots:
            yield Saying("audit-snapshot-of-nothing", account=account_id, day=day)


def anchor_findings(name: str, sealed_id: int, sealed_hash: bytes) -> Iterator[str]:
    """Say what is wrong with a seal that was noted elsewhere.

    Args:
        name: Where it was noted: ``the close of 20260411``.
    """
    if sealed_id == 0:
        return
    found = rows("SELECT hash FROM seal WHERE journal_id = ?", (sealed_id,))
    if not found:
        yield Saying("audit-anchor-gone", anchor=name, journal=sealed_id)
    elif bytes(found[0][0]) != sealed_hash:
        yield Saying("audit-anchor-other", anchor=name, journal=sealed_id)


def _heading_findings(account: _Account, d: int, c: int, pd: int, pc: int) -> Iterator[str]:
    try:
        heading = heading_of(account.code)
    except ValueError as exc:
        yield Saying("audit-bad-account", account=account.code, what=str(exc))
        return
    if account.sign != heading.type.sign:
        yield Saying("audit-wrong-side", account=account.code)
    left = account.sign * (d - c) - (pc if account.sign == 1 else pd)
    if heading.floor is not None and left < heading.floor:
        yield Saying("audit-below-floor", account=account.code, left=left)


def _reversal_findings() -> Iterator[str]:
    for (journal_id,) in rows(
        "SELECT DISTINCT j.id FROM journal j JOIN entry e"
        " ON e.journal_id IN (j.id, j.reverses_id) AND e.layer = 1"
        " WHERE j.reverses_id IS NOT NULL"
        " GROUP BY j.id, e.account_id HAVING sum(e.side * e.amount) <> 0"
    ):
        yield Saying("audit-no-mirror", journal=journal_id)


def _seals_of_nothing() -> list[tuple[int, bytes, bytes]]:
    return [
        (int(journal_id), bytes(prev), bytes(seal))
        for journal_id, prev, seal in rows(
            "SELECT journal_id, prev, hash FROM seal"
            " WHERE NOT EXISTS (SELECT 1 FROM journal WHERE id = journal_id) ORDER BY journal_id"
        )
    ]


def _heads_after(after: int) -> list[tuple[Head, bytes | None, bytes | None]]:
    columns = ", ".join(f"journal.{name}" for name in HEAD.split(", "))
    found = rows(
        f"SELECT seal.prev, seal.hash, {columns} FROM journal"
        " LEFT JOIN seal ON seal.journal_id = journal.id"
        " WHERE journal.id > ? ORDER BY journal.id LIMIT ?",
        (after, JOURNALS_PER_STEP),
    )
    return [(_head(head), _bytes(prev), _bytes(seal)) for prev, seal, *head in found]


def _head(row: list[Any]) -> Head:
    head = Head(*row)
    return head._replace(req_hash=_bytes(head.req_hash) or b"")


def _bytes(value: Any) -> bytes | None:
    if isinstance(value, str | int | float):
        return str(value).encode()  # SQLite keeps what it is given
    return None if value is None else bytes(value)


def _entries_between(after: int, through: int | None) -> dict[int, list[_Entry]]:
    """Return entries by the number of their journal; without ``through``, to the very end."""
    bound = "" if through is None else "AND journal_id <= ?"
    found: dict[int, list[_Entry]] = {}
    for entry_id, account_id, layer, side, amount, journal_id in rows(
        "SELECT id, account_id, layer, side, amount, journal_id FROM entry"
        f" WHERE journal_id > ? {bound} ORDER BY journal_id, id",
        (after,) if through is None else (after, through),
    ):
        entry = (entry_id, account_id, layer, side, amount)
        found.setdefault(journal_id, []).append(entry)
    return found


def _nonsense(entry_id: int, account: _Account) -> str:
    if account is _NOBODY:
        return Saying("audit-no-account", entry=entry_id)
    return Saying("audit-no-amount", entry=entry_id)
