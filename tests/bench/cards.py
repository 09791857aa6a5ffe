"""What the vault costs: a million keys taken in, many who want few, and all locked anew.

python -m tests.bench.cards                  SQLite: 1,000,000 keys, then 2,000 claims of 500
python -m tests.bench.cards --keys 100000    fewer
python -m tests.bench.cards --postgres       the same on PostgreSQL
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from central.foundation.db.engine import (
    money_transaction,
    open_database,
    posting_transaction,
    reading,
    rows,
)
from central.supply.cards.intake.read_file import Layout, from_path
from central.supply.cards.intake.take import stock, take_in
from central.supply.cards.reserve import hand_over, reserve
from central.supply.cards.stock import findings, stocks
from central.supply.cards.store import NewBatch, insert_batch
from central.supply.cards.vault.keys import Vault, make_next_lock
from central.supply.cards.vault.rotate import lock_all_anew, waiting
from tests import builders as b
from tests.central.builders import TODAY, close_hub
from tests.central.postgres import PostgresServer
from tests.central.supply.cards.builders import LI, SKU, a_vault, add_sku, an_intake, secret

PROCESSES, CLAIMS, FREE = 4, 2000, 500
TWICE_EVERY, KNOWN = 100, 50_000
"""Each hundredth line of the large file repeats the one before; so many go into a second file."""
BATCHES = 10_000
"""Ten million keys in batches of a thousand: a lock locks data keys, and a batch has one."""


def a_large_file(directory: Path, count: int, name: str = "keys.csv", first: int = 0) -> Path:
    """Write a file of so many pairs, some of them twice, without holding it in memory."""
    file = directory / name
    with file.open("w") as out:
        for line in range(first, first + count):
            n = line - 1 if line % TWICE_EVERY == TWICE_EVERY - 1 else line
            out.write(f"88{n:010},A{n:07}-ZQXJ-{n * 7919 % 10**7:07}\n")
    return file


def take_many(vault: Vault, directory: Path, count: int) -> None:
    """Take a large file in, and tell how long and how much memory that took."""
    file = a_large_file(directory, count)
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    batch = take_in(from_path(file, Layout.NUMBER_SECRET), an_intake(), vault, LI, b.NOW_S)
    took_s = time.perf_counter() - began
    grown_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib) / 1024
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    twice = count // TWICE_EVERY
    assert (batch.kept, batch.report) == (count - twice, {"twice": twice})
    tell("of them twice in the file, found", f"{twice}")
    tell("take in", f"{took_s:.1f} s, {count / took_s:.0f} keys/s")
    tell("memory", f"peak {peak_mib:.0f} MiB, {grown_mib:.0f} MiB more than before")
    timed("put into stock", lambda: money_transaction(
        lambda: stock(batch.id, b.NOW_S, day=TODAY, actor="bench")
    ))  # fmt: skip
    timed("count the stock", lambda: stocks(b.NOW_S))
    timed("prove the stock", lambda: reading(findings))
    timed("reserve one of them", lambda: money_transaction(
        lambda: reserve(SKU, ["U"], b.NOW_S + 900, b.NOW_S)
    ))  # fmt: skip
    again = a_large_file(directory, KNOWN, "again.csv", count - KNOWN // 2)
    began = time.perf_counter()
    second = take_in(from_path(again, Layout.NUMBER_SECRET), an_intake(), vault, LI, b.NOW_S)
    took_s = time.perf_counter() - began
    known = second.report["known"] + second.report["twice"]
    assert (second.kept, known) == (KNOWN - known, KNOWN // 2 + KNOWN // 2 // TWICE_EVERY), second
    tell("a file whose first half is known", f"{known} left out, {KNOWN / took_s:.0f} keys/s")


def lock_many(vault: Vault, directory: Path) -> None:
    """Lock every data key anew, and tell how long a key more would take."""
    for begin in range(0, BATCHES, 500):
        posting_transaction(lambda first=begin: [  # type: ignore[misc]
            insert_batch(NewBatch(an_intake(), "stock", f"{n}".encode(), "bench", b.NOW_S), vault)
            for n in range(first, first + 500)
        ])  # fmt: skip
    make_next_lock(directory / "keys")
    began = time.perf_counter()
    done = lock_all_anew(vault, lambda _done, _left: None)
    took_s = time.perf_counter() - began
    assert done >= BATCHES
    assert waiting(vault.newest_lock()) == 0
    tell(f"lock {done} batches anew", f"{took_s:.1f} s, {done / took_s:.0f}/s, each by itself")


def claim_many(dsn: str, file: Path, vault: Vault) -> None:
    """Let processes fight for few keys; fail if one key has two buyers."""
    add_sku("FEW")
    few = file.parent / "few.txt"
    few.write_text("\n".join(secret(n) for n in range(FREE)))
    source = from_path(few, Layout.SECRET)
    batch = take_in(source, an_intake("FEW"), vault, LI, b.NOW_S)
    money_transaction(lambda: stock(batch.id, b.NOW_S, day=TODAY, actor="bench"))
    close_hub()
    began = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        share = CLAIMS // PROCESSES
        asked = [(dsn, file, first, share) for first in range(0, CLAIMS, share)]
        found = [one for part in pool.starmap(claim, asked) for one in part]
    took_s = time.perf_counter() - began
    open_database(dsn, file)
    served = sum(is_served for is_served, _ in found)
    waits_ms = sorted(ms for _, ms in found)
    [(keys, units)] = rows("SELECT count(DISTINCT key_id), count(DISTINCT unit)"
                           " FROM card_handover")  # fmt: skip
    assert (served, keys, units) == (FREE, FREE, FREE), (served, keys, units)
    assert reading(findings) == []
    tell(
        f"{CLAIMS} claims of {FREE} keys, {PROCESSES} processes",
        f"0 doubles, 0 oversold, {CLAIMS / took_s:.0f}/s; p50 {waits_ms[CLAIMS // 2]:.1f} ms,"
        f" p99 {waits_ms[CLAIMS * 99 // 100]:.0f} ms, max {waits_ms[-1]:.0f} ms",
    )


def claim(dsn: str, file: Path, first: int, count: int) -> list[tuple[bool, float]]:
    """Claim a key for each of some units; run in a process of its own."""
    open_database(dsn, file)
    found = []
    for n in range(first, first + count):
        began = time.perf_counter()
        found.append((_claimed(f"F{n}"), (time.perf_counter() - began) * 1000))
    close_hub()
    return found


def _claimed(unit: str) -> bool:
    def work() -> bool:
        kept = reserve("FEW", [unit], b.NOW_S + 900, b.NOW_S)
        return isinstance(kept, list) and hand_over(unit, b.NOW_S) is not None

    return money_transaction(work)


def timed(name: str, work: object) -> None:
    """Tell how long something takes."""
    began = time.perf_counter()
    work()  # type: ignore[operator]
    tell(name, f"{(time.perf_counter() - began) * 1000:.1f} ms")


def tell(name: str, figure: str) -> None:
    """Print one figure."""
    print(f"{name:44} {figure}", flush=True)


@contextmanager
def a_database(directory: Path, *, postgres: bool) -> Iterator[str]:
    """Open a fresh database; give its address, empty for SQLite."""
    if not postgres:
        open_database("", directory / "hub.db")
        yield ""
        close_hub()
        return
    server = PostgresServer()
    try:
        dsn = server.dsn(server.create())
        open_database(dsn, directory / "hub.db")
        yield dsn
        close_hub()
    finally:
        server.stop()


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--postgres", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        with a_database(directory, postgres=chosen.postgres) as dsn:
            vault = a_vault(directory)
            add_sku()
            take_many(vault, directory, chosen.keys)
            lock_many(vault, directory)
            claim_many(dsn, directory / "hub.db", vault)
    return 0


if __name__ == "__main__":
    sys.exit(main())
