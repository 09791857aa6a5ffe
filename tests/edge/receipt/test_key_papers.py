"""Papers with card keys: sealed until they are out, then nowhere; no second one by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.contract.ids import Epoch, Seq
from edge.devices.simulated.printer import SimulatedPrinter
from edge.receipt.key_papers import KeyPaper, KeyPapers
from edge.receipt.spool import ENDS, KEY_PAPERS_MAX, TRANSITIONS, Event, Job, JobState
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Rig, TillPrinter, a_printer_profile, a_rig

KEY = "ABCD-EFGH-2345"
KEY_PAPER = KeyPaper("卡密 Card key", (f"密钥 {KEY}", "有效期 2027-01-01"))
REQUEST = b"r" * 16


@pytest.fixture(name="printer")
def _printer() -> Iterator[SimulatedPrinter]:
    with SimulatedPrinter() as printer:
        yield printer


@pytest.fixture(name="till")
def _till(tmp_path: Path, printer: SimulatedPrinter) -> Iterator[Rig]:
    """A unit whose receipt is out already."""
    with a_rig(tmp_path / "unit", printer=TillPrinter(printer, a_printer_profile())) as rig:
        rig.present(b.a_token())
        assert rig.core.receipts.print_next()
        yield rig


def owe(rig: Rig, request: bytes = REQUEST) -> Job:
    job = rig.core.key_papers.add(Epoch(1), Seq(2), request, KEY_PAPER)
    assert job is not None
    return job


def files_hold(rig: Rig, text: str) -> bool:
    return any(text.encode() in path.read_bytes() for path in rig.directory.rglob("unit.db*"))


def key_papers(printer: SimulatedPrinter) -> list[str]:
    texts = [paper.text for paper in [*printer.papers(), printer.open_paper()]]
    return [text for text in texts if KEY in text]


def test_a_key_paper_is_printed_once_and_is_nowhere_then(
    till: Rig, printer: SimulatedPrinter
) -> None:
    job = owe(till)
    assert (job.key_paper, job.copy, job.state) == (1, 0, JobState.QUEUED)
    assert till.core.key_papers.read(job) == KEY_PAPER
    done = till.core.receipts.print_next()
    assert done is not None
    assert done.state is JobState.PRINTED
    [text] = key_papers(printer)
    assert "有效期 2027-01-01" in text
    assert "S0412-K1/1/2" in text
    assert "COPY" not in text
    assert till.core.spool.body(job) is None
    assert till.core.key_papers.read(job) is None


def test_what_a_key_paper_says_is_never_on_the_disk_as_it_is(till: Rig) -> None:
    owe(till)
    assert not files_hold(till, KEY)
    assert KEY not in repr(KEY_PAPER)


def test_only_this_unit_opens_a_key_paper_and_only_as_itself(till: Rig) -> None:
    job = owe(till)
    assert KeyPapers(till.core.spool, b"k" * 32).read(job) is None
    assert till.core.key_papers.read(job._replace(key_paper=2)) is None


@pytest.mark.parametrize("fault", [{"wrong_ack": True}, {"stall_after": 150}, {"drop_after": 150}])
def test_a_key_paper_that_may_be_out_waits_for_a_person(
    till: Rig, printer: SimulatedPrinter, fault: dict[str, Any]
) -> None:
    job = owe(till)
    printer.faults.change(**fault)
    till.core.receipts.print_next()
    printer.faults.change(**{name: None if value > 1 else False for name, value in fault.items()})
    for _ in range(3):
        assert till.core.receipts.print_next() is None, "not by itself"
    [held] = till.core.spool.held()
    assert (held.id, held.state) == (job.id, JobState.NEEDS_OPERATOR)
    assert till.core.key_papers.read(held) == KEY_PAPER, "it may still be needed"
    till.core.spool.decide(held.id, Event.COPIED)
    assert till.core.key_papers.read(held) is None
    till.core.receipts.print_next()
    assert "COPY 1" in key_papers(printer)[-1]
    assert till.core.spool.owed() == 0


def test_a_key_paper_that_is_given_up_is_wiped(till: Rig, printer: SimulatedPrinter) -> None:
    job = owe(till)
    printer.faults.wrong_ack = True
    till.core.receipts.print_next()
    till.core.receipts.print_next()
    till.core.spool.decide(job.id, Event.ABANDONED)
    assert till.core.spool.body(job) is None


def test_a_unit_killed_while_a_key_paper_is_sent_does_not_send_it_again(
    till: Rig, printer: SimulatedPrinter
) -> None:
    owe(till)
    assert till.core.spool.take()
    till.restart()
    till.core.spool.recover()
    assert till.core.receipts.print_next() is None
    assert key_papers(printer) == []
    assert len(till.core.spool.held()) == 1


def test_other_papers_go_on_while_a_key_paper_waits_for_a_person(
    till: Rig, printer: SimulatedPrinter
) -> None:
    owe(till)
    assert till.core.spool.take()
    till.core.spool.recover()
    till.present(b.a_token(voucher_id=e.voucher(7)))
    done = till.core.receipts.print_next()
    assert done is not None
    assert (done.key_paper, done.state) == (0, JobState.PRINTED)


def test_a_key_paper_that_cannot_be_opened_is_for_a_person_and_holds_nobody_up(
    till: Rig, printer: SimulatedPrinter
) -> None:
    job = owe(till)
    with till.store.transaction():
        till.store.execute("UPDATE print_job SET body = zeroblob(40) WHERE id = ?", (job.id,))
    done = till.core.receipts.print_next()
    assert done is not None
    assert done.state is JobState.NEEDS_OPERATOR
    assert till.core.receipts.print_next() is None


def test_the_same_request_is_the_same_slip(till: Rig, printer: SimulatedPrinter) -> None:
    first = owe(till)
    till.core.receipts.print_next()
    again = owe(till)
    assert (again.id, again.key_paper, again.state) == (first.id, 1, JobState.PRINTED)
    assert till.core.receipts.print_next() is None
    assert len(key_papers(printer)) == 1
    assert owe(till, b"s" * 16).key_paper == 2


def test_an_entry_has_so_many_key_papers_and_no_more(till: Rig) -> None:
    for number in range(KEY_PAPERS_MAX):
        assert owe(till, number.to_bytes(16)).key_paper == number + 1
    assert till.core.key_papers.add(Epoch(1), Seq(2), b"x" * 16, KEY_PAPER) is None


@pytest.mark.parametrize(("state", "event"), list(TRANSITIONS), ids=str)
def test_what_a_key_paper_says_is_kept_until_an_end_and_wiped_there(
    till: Rig, state: JobState, event: Event
) -> None:
    job = owe(till)
    with till.store.transaction():
        till.store.execute("UPDATE print_job SET state = ? WHERE id = ?", (str(state), job.id))
    after = till.core.spool.report(job._replace(state=state), event)
    assert (till.core.spool.body(job) is None) == (after.state in ENDS)
