"""Proves the ledger from its entries, whatever the schema's triggers have said before."""

from __future__ import annotations

from central.foundation.db.engine import rows


def audit() -> list[str]:
    """Return what does not hold, one sentence each; nothing if the ledger is sound."""
    findings = [
        f"journal {journal_id} does not balance in {currency} on layer {layer}: {total}"
        for journal_id, layer, currency, total in rows(
            "SELECT journal_id, layer, currency, sum(side * amount) FROM entry"
            " JOIN account ON account.id = account_id"
            " GROUP BY journal_id, layer, currency HAVING sum(side * amount) <> 0"
        )
    ]
    findings += [
        f"entry {entry_id} belongs to no journal"
        for (entry_id,) in rows(
            "SELECT entry.id FROM entry LEFT JOIN journal ON journal.id = journal_id"
            " WHERE journal.id IS NULL"
        )
    ]
    findings += [
        f"account {code} says {d}/{c}, its entries say {entries_d}/{entries_c}"
        for code, d, c, entries_d, entries_c in rows(
            "SELECT code, account.d, account.c, e.d, e.c FROM account JOIN ("
            " SELECT a.id, coalesce(sum(CASE WHEN side = 1 THEN amount ELSE 0 END), 0) AS d,"
            " coalesce(sum(CASE WHEN side = -1 THEN amount ELSE 0 END), 0) AS c"
            " FROM account a LEFT JOIN entry ON account_id = a.id AND layer = 1 GROUP BY a.id"
            ") AS e ON e.id = account.id WHERE account.d <> e.d OR account.c <> e.c"
        )
    ]
    findings += [
        f"account {code} holds {pd}/{pc}, its open holds say {entries_pd}/{entries_pc}"
        for code, pd, pc, entries_pd, entries_pc in rows(
            "SELECT code, account.pd, account.pc, e.pd, e.pc FROM account JOIN ("
            " SELECT a.id,"
            " coalesce(sum(CASE WHEN phase = 'pending' AND side = 1 THEN amount"
            " WHEN phase <> 'pending' AND side = -1 THEN -amount ELSE 0 END), 0) AS pd,"
            " coalesce(sum(CASE WHEN phase = 'pending' AND side = -1 THEN amount"
            " WHEN phase <> 'pending' AND side = 1 THEN -amount ELSE 0 END), 0) AS pc"
            " FROM account a LEFT JOIN entry ON account_id = a.id AND layer = 2"
            " LEFT JOIN journal ON journal.id = journal_id GROUP BY a.id"
            ") AS e ON e.id = account.id WHERE account.pd <> e.pd OR account.pc <> e.pc"
        )
    ]
    return findings


def size() -> tuple[int, int]:
    """Return how many journals and entries there are."""
    [(journals,)] = rows("SELECT count(*) FROM journal")
    [(entries,)] = rows("SELECT count(*) FROM entry")
    return int(journals), int(entries)
