"""The cash drawer: it opens with the original of an acceptance, and with nothing else."""

from __future__ import annotations

import pytest

from edge.contract.ids import Epoch, Seq
from edge.devices.simulated.escpos_paper import Drawer
from edge.devices.simulated.printer import SimulatedPrinter
from edge.receipt.document import OpenDrawer, Pair, Title
from edge.receipt.spool import Job, JobState
from edge.redemption.papers import Papers
from edge.redemption.print_receipts import ReceiptPrinter
from edge.redemption.void import Part
from edge.web.words import translate
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Rig, TillPrinter, a_printer_profile, yuan


def papers_of(rig: Rig, *, opens_drawer: bool = True) -> Papers:
    core = rig.core
    return Papers(core.journal, core.bundles, core.key_papers, translate, opens_drawer=opens_drawer)


def a_job(seq: Seq, copy: int = 0) -> Job:
    return Job(1, Epoch(1), seq, 0, copy, JobState.SENDING, 1, "")


@pytest.mark.parametrize(
    ("opens_drawer", "copy", "is_void", "opened"),
    [(True, 0, False, True), (True, 1, False, False), (True, 0, True, False),
     (False, 0, False, False)],
)  # fmt: skip
def test_the_drawer_opens_with_the_original_of_an_acceptance_alone(
    rig: Rig, opens_drawer: bool, copy: int, is_void: bool, opened: bool
) -> None:
    entry = rig.present(b.a_token()).entry
    if is_void:
        entry = rig.core.voider.void(entry.epoch, entry.seq, "li").entry
    document = papers_of(rig, opens_drawer=opens_drawer).document(a_job(entry.seq, copy))
    assert document is not None
    # Not "in": named tuples without fields are all equal.
    assert any(isinstance(part, OpenDrawer) for part in document) == opened


def test_the_paper_of_a_part_says_that_it_is_one(rig: Rig) -> None:
    accepted = rig.present(b.a_token(**e.a_gift_card()), wish=yuan(3000)).entry
    part = Part(yuan(1000), "k")
    taken = rig.core.voider.void(accepted.epoch, accepted.seq, "li", part).entry
    document = papers_of(rig).document(a_job(taken.seq))
    assert document is not None
    assert any(isinstance(one, Title) and "REFUND" in one.text for one in document)
    assert not any(isinstance(one, Title) and "VOID" in one.text for one in document)
    assert any(isinstance(one, Pair) and one.value == "¥10.00" for one in document)


def test_of_a_receipt_that_comes_again_the_drawer_opens_only_once(rig: Rig) -> None:
    with SimulatedPrinter() as simulated:
        printer = TillPrinter(simulated, a_printer_profile())
        receipts = ReceiptPrinter(rig.core.spool, papers_of(rig), printer)
        rig.present(b.a_token())
        simulated.faults.wrong_ack = True
        receipts.print_next()
        simulated.faults.wrong_ack = False
        receipts.print_next()
        assert len(simulated.papers()) == 2
        pulses = [event for event in simulated.events() if isinstance(event, Drawer)]
        assert len(pulses) == 1
