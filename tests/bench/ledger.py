"""P7 and P11: what an order costs at the ledger, alone, among many, and in books that grow.

python -m tests.bench.ledger                        the table alone
python -m tests.bench.ledger --entries 10000000     how cost grows, as far as that

A raw order writes the same rows – order, journal, six entries, six balances – into tables without
rules, checks, foreign keys or seal, by the shortest way there is. What the ledger takes over that
is what its promises cost.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from central.foundation.db.engine import (
    HUB,
    change,
    money_transaction,
    open_database,
    posting_transaction,
)
from central.foundation.db.engine import (
    rows as ask,
)
from central.money.ledger import rules, store
from central.money.ledger.audit import prove
from central.money.ledger.close import close_day, close_month
from central.money.ledger.posting import Posting
from central.money.ledger.seal import seal_new
from central.money.ledger.statement import statement, trial_balance
from edge.contract.money import Money
from tests.bench.rounds import in_turns
from tests.central.builders import close_hub
from tests.central.postgres import PostgresServer, PostgresUnavailable

MEMORY = Path("/dev/shm")
FIRST_DAY = 20260401
AGENTS = 50
"""Wallets a level: enough that two orders seldom meet in one."""
PRICE = 9_999
SHARES = (("A", 499), ("B", 300), ("C", 200))
COST = 7_000
ENTRIES = 6

Row = tuple[str, str, str, str]


def rows(directory: Path, *, quick: bool) -> list[Row]:
    """Measure everything; return name, figure, goal and note of each."""
    return [
        *_alone(directory, quick=quick),
        *_many(directory, quick=quick),
        *_postgres(quick=quick),
        *_growth(directory, 100_000 if quick else 1_000_000),
    ]


# --- the order -----------------------------------------------------------------------------------


def an_order(number: int, day: int = FIRST_DAY) -> Posting:
    """An order for somebody else: price, cost, three agents above one another, what is left."""
    earned = tuple(rules.Commission(f"{level}{number % AGENTS}", minor) for level, minor in SHARES)
    order = rules.Completed(
        f"O{number}", Money(PRICE, "CNY"), (rules.Cost("2210.south", COST),), earned,
        is_agency=True,
    )  # fmt: skip
    return rules.order_completed(order, day, "bench")


def complete(number: int, day: int = FIRST_DAY) -> None:
    """The use case: the order is claimed, and everybody has earned his share, or nothing."""
    found = ask(
        "UPDATE bench_order SET state = 'done' WHERE number = ? AND state = 'paid'"
        " RETURNING number",
        (number,),
    )
    assert len(found) == 1, "an order is completed once"
    store.post(an_order(number, day), 0)


def furnish(orders: int) -> None:
    """Paid orders, and the money for them."""
    change("CREATE TABLE bench_order (number BIGINT PRIMARY KEY, state TEXT NOT NULL)")
    change(
        "INSERT INTO bench_order WITH RECURSIVE n (number) AS"
        " (SELECT 0 UNION ALL SELECT number + 1 FROM n WHERE number + 1 < ?)"
        " SELECT number, 'paid' FROM n",
        (orders,),
    )
    paid = rules.paid("web", "T", "all", Money(PRICE * orders, "CNY"), FIRST_DAY, "bench")
    money_transaction(lambda: store.post(paid, 0))
    for number in range(AGENTS):  # so that every wallet is open
        # They begin behind all others, which count from 0.
        money_transaction(lambda number=number: complete(orders - 1 - number))  # type: ignore[misc]


@contextmanager
def a_hub(directory: Path, orders: int) -> Iterator[Path]:
    """A hub on SQLite with orders that are paid."""
    with tempfile.TemporaryDirectory(dir=directory) as own:
        file = Path(own) / "hub.db"
        open_database("", file)
        HUB.connect(reuse_if_open=True)
        furnish(orders + AGENTS)
        yield file
        close_hub()


def raw_legs(number: int) -> list[tuple[int, int, int, int, int]]:
    """The entries of an order: journal, account, layer, side, amount."""
    return [
        (number, place * AGENTS + number % AGENTS, 1, -1 if place else 1, amount)
        for place, amount in enumerate((PRICE, COST, 499, 300, 200, 2_000))
    ]


class RawOrders:
    """The same rows, in tables of the same columns and indexes; nothing keeps them right."""

    def __init__(self, orders: int) -> None:
        made = {
            name: sql
            for name, sql in ask("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
            if name in {"account", "journal", "entry"} or name.startswith(("journal_", "entry_"))
        }
        for name, sql in made.items():
            if sql.startswith("CREATE TABLE"):
                columns = [
                    f"{column} {kind} {'PRIMARY KEY' if is_key else ''}"
                    for _, column, kind, _, _, is_key in ask(f"PRAGMA table_info({name})")
                ]
                change(f"CREATE TABLE raw_{name} ({', '.join(columns)})")
            elif sql.startswith(("CREATE INDEX", "CREATE UNIQUE INDEX")):
                change(sql.replace(name, f"raw_{name}", 1).replace(" ON ", " ON raw_", 1))
        change("CREATE UNIQUE INDEX raw_journal_idem ON raw_journal (idem)")
        change("CREATE TABLE raw_order (number BIGINT PRIMARY KEY, state TEXT NOT NULL)")
        run, many = HUB.connection().execute, HUB.connection().executemany
        run("BEGIN")
        many("INSERT INTO raw_order VALUES (?, 'paid')", [(n,) for n in range(orders)])
        many(
            "INSERT INTO raw_account (id, code, d, c) VALUES (?, ?, 0, 0)",
            [(n, f"account {n}") for n in range(6 * AGENTS)],
        )
        run("COMMIT")

    def complete(self, number: int) -> None:
        """Write one, on the connection of this thread."""
        run, many, legs = HUB.connection().execute, HUB.connection().executemany, raw_legs(number)
        run("BEGIN IMMEDIATE")
        run("UPDATE raw_order SET state = 'done' WHERE number = ? AND state = 'paid'", (number,))
        many(
            "INSERT INTO raw_entry (journal_id, account_id, layer, side, amount)"
            " VALUES (?, ?, ?, ?, ?)",
            legs,
        )
        run(
            "INSERT INTO raw_journal (id, idem, req_hash, kind, ref, phase, effective, at_s,"
            " actor, memo) VALUES (?, ?, ?, 'order-completed', ?, 'posted', ?, 0, 'bench', '')",
            (number, f"oc:O{number}", bytes(32), f"O{number}", FIRST_DAY),
        )
        many(
            "UPDATE raw_account SET c = c + ? WHERE id = ?",
            [(amount, account) for _, account, _, _, amount in legs],
        )
        run("COMMIT")


def _alone(directory: Path, *, quick: bool) -> Iterator[Row]:
    rounds, per_round = (6, 40) if quick else (20, 60)
    places = [(directory, "each with its flush", "≥ 0.5")]
    if MEMORY.is_dir():
        places.append((MEMORY, "in memory, no flush", "–"))
    for place, what, goal in places:
        with a_hub(place, (rounds + 1) * per_round):
            raw, numbers, raw_numbers = (
                RawOrders((rounds + 1) * per_round), itertools.count(), itertools.count(),
            )  # fmt: skip
            found = in_turns(
                lambda: money_transaction(lambda: complete(next(numbers))),  # noqa: B023
                lambda: raw.complete(next(raw_numbers)),  # noqa: B023
                rounds=rounds, per_round=per_round,
            )  # fmt: skip
        yield (
            f"P7 raw order / order with all rules on, SQLite, {what}",
            f"{1 / found.ratio:.2f}",
            goal,
            f"{found.b_us:.0f} µs / {found.a_us:.0f} µs; four parts, six entries, sealed",
        )


# --- many at once --------------------------------------------------------------------------------


class Load(NamedTuple):
    """What came of many clients; latencies in milliseconds."""

    per_s: float
    p50: float
    p99: float
    longest: float
    slowest_share: float
    """What the client that got least got, over the mean."""

    @property
    def note(self) -> str:
        """For the table."""
        return (
            f"p50 {self.p50:.1f}, p99 {self.p99:.1f}, longest {self.longest:.0f} ms;"
            f" the slowest client got {self.slowest_share:.0%} of the mean"
        )


def under_load(
    clients: int,
    seconds: float,
    one: Callable[[int], None],
    numbers: Iterator[int],
) -> Load:
    """Let threads complete orders for some time."""
    lock = threading.Lock()
    until = time.perf_counter() + seconds
    latencies: list[list[float]] = [[] for _ in range(clients)]

    def client(mine: list[float]) -> None:
        HUB.connect(reuse_if_open=True)  # as the thread of a server has it
        while time.perf_counter() < until:
            with lock:
                number = next(numbers)
            began = time.perf_counter()
            one(number)
            mine.append((time.perf_counter() - began) * 1000)
        if not HUB.is_closed():
            HUB.close()

    threads = [threading.Thread(target=client, args=(mine,)) for mine in latencies]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    every = sorted(itertools.chain.from_iterable(latencies))
    least = min(map(len, latencies)) / (len(every) / clients)
    return Load(
        len(every) / took, every[len(every) // 2], every[int(len(every) * 0.99)], every[-1], least
    )


def _in_groups(number: int) -> None:
    """Complete an order as the hub does."""
    money_transaction(lambda: complete(number))


def _one_by_one(number: int) -> None:
    """Commit alone, and wait for the one writer in SQLite's busy handler."""
    with HUB.atomic("IMMEDIATE"):
        complete(number)


_IN_TURN = threading.Lock()


def _in_turn(number: int) -> None:
    """Commit alone, when it is one's turn: the best that a commit for each can do."""
    with _IN_TURN, HUB.atomic("IMMEDIATE"):
        complete(number)


def _raw_in_turn(raw: RawOrders) -> Callable[[int], None]:
    """Write raw orders, a commit for each, when it is one's turn."""

    def one(number: int) -> None:
        with _IN_TURN:
            raw.complete(number)

    return one


class _SlowFlushes(apsw.VFS):
    """A disk whose flush takes 5 ms longer, as that of a cheap SSD or of a network."""

    NAME, SLOWER_S = "slow flushes", 0.005

    def __init__(self) -> None:
        super().__init__(self.NAME, "unix", makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        return _SlowFile("unix", name, flags)


class _SlowFile(apsw.VFSFile):
    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        super().xSync(flags)
        time.sleep(_SlowFlushes.SLOWER_S)


def _many(directory: Path, *, quick: bool) -> Iterator[Row]:
    seconds = 2.0 if quick else 5.0
    orders = 200_000
    for clients in (16, 64):
        with a_hub(directory, orders):
            raw, loads, numbers = RawOrders(orders), list[tuple[Load, Load]](), itertools.count()
            raw_numbers = itertools.count()
            for _ in range(2 if quick else 5):  # in turns, so that both see the same machine
                of_raw = under_load(clients, seconds / 2, _raw_in_turn(raw), raw_numbers)
                loads.append((under_load(clients, seconds / 2, _in_groups, numbers), of_raw))
            grouped = max((ours for ours, _ in loads), key=lambda load: load.per_s)
            ratio = statistics.median(ours.per_s / theirs.per_s for ours, theirs in loads)
            assert prove().findings == []
        with a_hub(directory, orders):
            alone = under_load(clients, seconds, _one_by_one, itertools.count())
        yield (
            f"P7 orders/s with group commit, {clients} clients",
            f"{grouped.per_s:,.0f}",
            "≥ 2,000",
            grouped.note,
        )
        yield (
            f"P7 orders/s with group commit / raw orders/s, {clients} clients",
            f"{ratio:.2f}",
            "–",
            f"raw, a commit each, in turn: {_median([theirs for _, theirs in loads]):,.0f}/s",
        )
        yield (
            f"P11 group commit / commit per order, {clients} clients",
            f"{grouped.per_s / alone.per_s:.1f}",
            "–",
            f"commit per order {alone.per_s:,.0f}/s: {alone.note}",
        )
    slow = _SlowFlushes()
    with a_hub(directory, orders):
        grouped = under_load(16, seconds, _in_groups, itertools.count())
    with a_hub(directory, orders):
        alone = under_load(16, seconds, _in_turn, itertools.count())
    slow.unregister()
    yield (
        "P11 group commit / commit per order, 16 clients, a flush takes 5 ms longer",
        f"{grouped.per_s / alone.per_s:.1f}",
        "≥ 6",
        f"{grouped.per_s:,.0f}/s: {grouped.note}; in turn {alone.per_s:,.0f}/s: {alone.note}",
    )
    with a_hub(directory, orders):
        ratios, numbers = [], itertools.count()
        for _ in range(6 if quick else 12):
            single = under_load(1, seconds / 8, _one_by_one, numbers)
            ratios.append(under_load(1, seconds / 8, _in_groups, numbers).per_s / single.per_s)
    yield (
        "P11 group commit / commit per order, one client",
        f"{statistics.median(ratios):.2f}",
        "≥ 0.95",
        "nobody waits for a group to fill",
    )


# --- PostgreSQL ----------------------------------------------------------------------------------


class Client(NamedTuple):
    """What one process is told."""

    dsn: str
    way: str
    first: int
    orders: int


def _client(told: Client, start: Barrier, answers: Queue[tuple[float, list[float]]]) -> None:
    """Complete orders as one process of many; answer with CPU seconds and latencies."""
    open_database(told.dsn, Path("/nonexistent"))
    HUB.connect(reuse_if_open=True)
    if told.way == "raw":
        one: Callable[[int], None] = _raw_order
    else:
        transaction = posting_transaction if told.way == "beside" else money_transaction

        def one(number: int) -> None:
            transaction(lambda: complete(number))

    latencies = []
    start.wait(60)
    cpu = time.process_time()
    for number in range(told.first, told.first + told.orders):
        began = time.perf_counter()
        one(number)
        latencies.append((time.perf_counter() - began) * 1000)
    answers.put((time.process_time() - cpu, latencies))
    close_hub()


def _processes(dsn: str, way: str, clients: int, count: int, first: int) -> Load:
    spawn = multiprocessing.get_context("spawn")
    start, answers = spawn.Barrier(clients + 1), spawn.Queue()
    processes = [
        spawn.Process(
            target=_client, args=(Client(dsn, way, first + n * count, count), start, answers)
        )
        for n in range(clients)
    ]
    for process in processes:
        process.start()
    start.wait(60)
    began = time.perf_counter()
    told = [answers.get(timeout=300) for _ in processes]
    took = time.perf_counter() - began
    for process in processes:
        process.join(60)
    every = sorted(itertools.chain.from_iterable(latencies for _, latencies in told))
    return Load(
        len(every) / took, every[len(every) // 2], every[int(len(every) * 0.99)], every[-1], 1.0
    )


def _furnish_raw(orders: int) -> None:
    """Make the tables of raw orders: the columns and indexes of ours, and nothing else of them."""
    for name in ("account", "journal", "entry"):
        columns = ", ".join(
            f"{column} {kind}"
            + (" GENERATED ALWAYS AS IDENTITY" if (name, column) == ("entry", "id") else "")
            for column, kind in ask(
                "SELECT column_name, data_type FROM information_schema.columns"
                " WHERE table_name = ? ORDER BY ordinal_position",
                (name,),
            )
        )
        change(f"CREATE TABLE raw_{name} ({columns})")
        for (index,) in ask("SELECT indexdef FROM pg_indexes WHERE tablename = ?", (name,)):
            made = index.replace(f" ON public.{name} ", f" ON raw_{name} ", 1)
            change(made.replace(" INDEX ", " INDEX raw_", 1))
    change("CREATE TABLE raw_order (number BIGINT PRIMARY KEY, state TEXT NOT NULL)")
    change(
        "INSERT INTO raw_order SELECT number, 'paid' FROM generate_series(0, ? - 1) AS number",
        (orders,),
    )
    change(
        "INSERT INTO raw_account (id, code, d, c)"
        " SELECT n, 'account ' || n, 0, 0 FROM generate_series(0, ? - 1) AS n",
        (6 * AGENTS,),
    )


def _raw_order(number: int) -> None:
    """Write the rows of an order; no two of these wait for one another but for the disk."""
    legs = raw_legs(number)
    with HUB.atomic("READ COMMITTED"):
        cursor = HUB.cursor()
        cursor.execute(
            "UPDATE raw_order SET state = 'done' WHERE number = %s AND state = 'paid'", (number,)
        )
        cursor.executemany(
            "INSERT INTO raw_entry (journal_id, account_id, layer, side, amount)"
            " VALUES (%s, %s, %s, %s, %s)",
            legs,
        )
        cursor.execute(
            "INSERT INTO raw_journal (id, idem, req_hash, kind, ref, phase, effective, at_s,"
            " actor, memo) VALUES (%s, %s, %s, 'order-completed', %s, 'posted', %s, 0, 'bench',"
            " '')",
            (number, f"oc:O{number}", bytes(32), f"O{number}", FIRST_DAY),
        )
        cursor.executemany(
            "UPDATE raw_account SET c = c + %s WHERE id = %s",
            [(amount, account) for _, account, _, _, amount in legs],
        )


def _postgres(*, quick: bool) -> Iterator[Row]:
    clients, count, turns = 8, (40 if quick else 120), (2 if quick else 5)
    try:
        server = PostgresServer(Path("/var/tmp"), durable=True)
    except PostgresUnavailable as exc:
        yield ("PostgreSQL", "not measured", "–", str(exc))
        return
    loads: dict[str, list[Load]] = {"beside": [], "cold": [], "queued": [], "raw": []}
    try:
        places = {}
        for way in loads:
            places[way] = server.dsn(server.create())
            open_database(places[way], Path("/nonexistent"))
            HUB.connect(reuse_if_open=True)
            furnish(turns * clients * count + AGENTS)
            if way == "cold":
                # Every account keeps its total in its row, and orders queue up for some of them.
                change("UPDATE account SET hot = FALSE")
            if way == "raw":
                _furnish_raw(turns * clients * count)
            change("ANALYZE")
            close_hub()
        for turn in range(turns):
            for way, done in loads.items():
                first = turn * clients * count
                told = "beside" if way == "cold" else way
                done.append(_processes(places[way], told, clients, count, first))
        for way in ("beside", "queued"):
            open_database(places[way], Path("/nonexistent"))
            seal_new()
            assert prove().findings == []
            close_hub()
    finally:
        server.stop()
    for way, what in (
        ("beside", "beside one another, hot accounts rolled up"),
        ("cold", "beside one another, every total in its row"),
        ("queued", "one after the other"),
    ):
        pairs = zip(loads[way], loads["raw"], strict=True)
        yield (
            f"P7 orders/s / raw orders/s, PostgreSQL, {clients} clients: {what}",
            f"{statistics.median(ours.per_s / raw.per_s for ours, raw in pairs):.2f}",
            "–",
            f"{_median(loads[way]):,.0f}/s; raw {_median(loads['raw']):,.0f}/s, no hot account",
        )
    base = loads["queued"]
    for way, what in (
        ("beside", "beside one another, hot accounts rolled up"),
        ("cold", "beside one another, every total in its row"),
    ):
        ratio = statistics.median(a.per_s / b.per_s for a, b in zip(loads[way], base, strict=True))
        best = max(loads[way], key=lambda load: load.per_s)
        yield (
            f"PostgreSQL, {clients} clients: {what} / one after the other",
            f"{ratio:.2f}",
            "> 1" if way != "cold" else "–",
            f"{_median(loads[way]):,.0f}/s; p50 {best.p50:.1f}, p99 {best.p99:.1f} ms",
        )


def _median(loads: list[Load]) -> float:
    return statistics.median(load.per_s for load in loads)


# --- books that grow -----------------------------------------------------------------------------


class Sight(NamedTuple):
    """What things take in books of a size, microseconds; the audit in seconds."""

    entries: int
    post_us: float
    balance_us: float
    statement_us: float
    trial_us: float
    audit_s: float


def _growth(directory: Path, most: int) -> Iterator[Row]:
    seen = [*growth(MEMORY if MEMORY.is_dir() else directory, most)]
    first, last = seen[0], seen[-1]
    yield (
        "audit of 100,000 entries",
        f"{last.audit_s / last.entries * 100_000:.2f} s",
        "< 1 s",
        f"{last.entries:,} entries in {last.audit_s:.1f} s of one processor",
    )
    sizes = f"{last.entries:,} entries / {first.entries:,}"
    for what, a, b in (
        ("an order", last.post_us, first.post_us),
        ("the balance of the account of every order", last.balance_us, first.balance_us),
        ("its statement of one closed day", last.statement_us, first.statement_us),
        ("the trial balance of a closed day", last.trial_us, first.trial_us),
    ):
        yield (f"{what}: {sizes}", f"{a / b:.2f}", "≤ 1.5", f"{a:,.0f} µs / {b:,.0f} µs")


def growth(directory: Path, most: int) -> Iterator[Sight]:
    """Fill the books, a day every 2,000 orders, and look at 10,000 entries and each tenfold."""
    per_day, looked = 2_000, 10_000
    with a_hub(directory, most // ENTRIES + 1_000_000 // ENTRIES):
        day, previous = FIRST_DAY, FIRST_DAY
        for begin in itertools.count(0, per_day):
            _fill(range(begin, begin + per_day), day)
            previous, day = day, _next_day(day)
            [(entries,)] = ask("SELECT max(id) FROM entry")
            if entries >= looked:
                yield _look(int(entries), previous, day, begin + per_day)
                looked *= 10
            if looked > most:
                return


def _fill(numbers: range, day: int) -> None:
    for begin in range(numbers.start, numbers.stop, 500):

        def some(begin: int = begin) -> None:
            for number in range(begin, begin + 500):
                store.post(an_order(number + 10**9, day), 0)

        paid = rules.paid("web", f"T{begin}", "some", Money(PRICE * 500, "CNY"), day, "bench")
        money_transaction(lambda paid=paid: store.post(paid, 0))  # type: ignore[misc]
        money_transaction(some)


def _next_day(day: int) -> int:
    """Close a day, or its month with its last day; return the next one."""
    following = rules.day_after(day)
    if following // 100 == day // 100:
        close_day(day, 0, today=following, actor="bench")
    else:
        close_month(day // 100, 0, today=following, actor="bench")
    return following


def _look(entries: int, closed: int, today: int, next_number: int) -> Sight:
    numbers = itertools.count(next_number + 2 * 10**9)

    def post() -> None:
        posting = an_order(next(numbers), today)
        money_transaction(lambda: store.post(posting, 0))

    money_transaction(lambda: store.post(
        rules.paid("web", f"L{entries}", "look", Money(PRICE * 200, "CNY"), today, "bench"), 0
    ))  # fmt: skip
    # Of the processor: it waits for nobody, and what others do meanwhile is not its cost.
    began = time.process_time()
    proof = prove()
    audit_s = time.process_time() - began
    assert proof.findings == []
    return Sight(
        entries,
        _median_us(post, 150),
        _median_us(lambda: store.balance("2010", closed), 50),
        _median_us(lambda: statement("2210.south", closed, closed), 5),
        _median_us(lambda: trial_balance(closed), 20),
        audit_s,
    )


def _median_us(work: Callable[[], object], count: int) -> float:
    times = []
    for _ in range(count):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e6


def main() -> None:
    """Print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--entries", type=int, help="only how cost grows, as far as so many")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path(__file__).parent, prefix=".bench-") as folder:
        directory = Path(folder)
        measured = (
            _growth(directory, options.entries)
            if options.entries
            else iter(rows(directory, quick=options.quick))
        )
        for name, figure, goal, note in measured:
            sys.stdout.write(f"{name:76} {figure:>10}   goal {goal:28} {note}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
