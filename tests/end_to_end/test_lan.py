"""Tills of one store as processes of their own, on a network that loses; the hub far away."""

from __future__ import annotations

import itertools
import random
import shutil
import time
from pathlib import Path

import pytest

from central.foundation.db.engine import rows as hub_rows
from central.stores.corrections.give_back import Wanted, give_back
from edge.app import Unit
from edge.contract.ids import EntryRef, VoucherId
from edge.core import Parts, steady_s, wall_s
from tests.central.books import assert_sound, balances
from tests.central.builders import CURRENCY
from tests.demo.processes import wait_until
from tests.edge.peers.store import GOOD_FOR_EVER, a_text
from tests.end_to_end.lan import LanTill, Outcome, a_lan, free_udp_port, present_twice
from tests.end_to_end.shop import a_shop, a_unit_config, sell_texts
from tests.end_to_end.stranger import journal_of

LUNCH_MINOR = 8800
TRIALS = 12
"""Of each kind; ``python -m tests.end_to_end.lan`` makes as many as one likes."""


@pytest.mark.parametrize(("count", "loss"), [(2, 0.0), (3, 0.2)])
def test_the_same_voucher_at_two_tills_is_accepted_once(
    tmp_path: Path, count: int, loss: float
) -> None:
    outcome, chance = Outcome(), random.Random(count)
    with a_lan(tmp_path, count, loss) as tills:
        for number in range(TRIALS):
            present_twice(tills, a_text(number, **GOOD_FOR_EVER), chance, outcome)
    assert outcome.double == 0
    assert outcome.modes["lan"] > 0, outcome.modes
    assert set(outcome.refusals) <= {"redeemed-elsewhere"}


def test_what_a_destroyed_till_has_accepted_reaches_the_hub_through_another(
    tmp_path: Path,
) -> None:
    """It never had a network; its neighbour has. Then it is gone, with its disk."""
    with a_shop(tmp_path / "hub", lambda: int(time.time())) as shop:
        parts = Parts(wall_s, steady_s)
        texts = sell_texts(6, **GOOD_FOR_EVER)
        places = [tmp_path / "K1", tmp_path / "K2"]
        for place in places:
            shop.enrol(place, parts)
        for place in places:  # both know of one another before the first sale
            unit = Unit(a_unit_config(place, hub=shop.url), parts)
            assert unit.sync_now() == {"pull": True, "push": True}
            unit.stop()
        ports = [free_udp_port(), free_udp_port()]
        static = " ".join(f"127.0.0.1:{port}" for port in ports)
        hubs = ["http://127.0.0.1:9", shop.url]
        doomed, neighbour = (
            LanTill(
                place,
                {"peers.port": port, "peers.static": static, "hub.url": hub,
                 "hub.sync_every_s": 1, "hub.timeout_s": 2},
            )
            for place, port, hub in zip(places, ports, hubs, strict=True)
        )  # fmt: skip
        try:
            doomed.process.start()
            neighbour.process.start()
            wait_until("they find one another", lambda: doomed.sees_all() and neighbour.sees_all())
            told = [doomed.redeem(text, text[:200]) for text in texts]
            assert {answer["mode"] for answer in told} == {"lan"}
            tail = journal_of(places[0])[-1]
            wait_until("the neighbour has them", lambda: neighbour.peers()[0]["seq"] == tail.seq)
            doomed.process.kill()
            journal = [row[:3] for row in journal_of(places[0])]
            shutil.rmtree(places[0])

            def at_hub() -> list[tuple[int, int, bytes]]:
                return hub_rows(
                    "SELECT epoch, seq, hash FROM redemption_entry WHERE unit_id = 'S0412-K1'"
                    " ORDER BY epoch, seq"
                )

            wait_until("the hub has them", lambda: len(at_hub()) == len(journal))
            assert [tuple(row) for row in at_hub()] == [tuple(row) for row in journal]
            assert neighbour.redeem(texts[0], "again")["reason"] == "redeemed-elsewhere"
            # What headquarters gives back of the other till's entry is good at this one.
            taken, entry = VoucherId(int(told[0]["voucher_id"], 16)), told[0]["entry"]
            ref = EntryRef(entry["unit"], entry["epoch"], entry["seq"])
            wanted = Wanted(ref, taken, 1, "the lunch was cold")
            give_back(wanted, by="anna", currency=CURRENCY, at_s=int(time.time()))
            tries = itertools.count()
            wait_until(
                "the neighbour has heard of it",
                lambda: neighbour.redeem(texts[0], f"once more {next(tries)}").get("accepted"),
            )
            assert neighbour.redeem(texts[0], "and again")["reason"] == "already-redeemed"
            owed = -len(texts) * LUNCH_MINOR
            wait_until("all of it is owed again", lambda: balances()["2310.S0412"] == owed)
        finally:
            doomed.process.kill()
            neighbour.process.kill()
        brought = hub_rows("SELECT relayer_id, last_seq FROM relayed_run ORDER BY last_seq DESC")
        assert tuple(brought[0]) == ("S0412-K2", tail.seq)
        assert_sound()
