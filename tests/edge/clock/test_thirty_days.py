"""Thirty days of a unit whose clock cannot be trusted: nothing twice, and nobody sent away lightly.

Simulated time, real redeemer, real SQLite. The unit has no battery and begins in 1970, or has one
that somebody sets wrong by ten minutes; its quartz drifts by 100 ppm; now and then the power goes,
and every few days there is a network for a moment.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from edge.contract.keys import key_epoch_at
from edge.contract.policy import Mode, SoloLimits
from edge.contract.voucher_token import DAY_S
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Clock, Rig

DAYS = 30
CUSTOMERS_A_DAY = 5
PPM = 100


class World:
    """What is really so: the true time, the unit in it, and who has been there."""

    def __init__(self, directory: Path, seed: int, *, battery: bool) -> None:
        self.dice = random.Random(seed)
        self.battery = battery
        self.drift = 1 + self.dice.choice((-1, 1)) * PPM / 1e6
        self.true_s = float(b.NOW_S)
        self.clock = Clock(self.true_s if battery else 20.0)
        weeks = range(key_epoch_at(b.NOW_S) - 1, key_epoch_at(b.NOW_S + DAYS * DAY_S) + 2)
        limits = SoloLimits(count=10**6, sum_minor=10**12, per_10_min=10**6, hours=24 * 60)
        floors = {Mode.SOLO: (50000, 50000, 50000, 50000)}
        word = [m for m in e.first_word() if m[0] not in {"epoch-keys", "policy"}]
        word += [
            e.an_epoch_keys_message(epochs=list(weeks)),
            e.a_policy_message(b.a_policy(solo=limits, floors=floors)),
        ]
        self.rig = Rig(directory, word=word, clock=self.clock)
        self.used: list[tuple[int, str]] = []
        self.told: list[str] = []
        self.customers = 0

    def pass_s(self, seconds: float) -> None:
        self.true_s += seconds
        self.clock.pass_s(seconds * self.drift)

    def a_customer_comes(self) -> None:
        """With a voucher that nobody has used, and a phone that is right within seconds."""
        self.customers += 1
        card = {"voucher_id": e.voucher(self.customers), "dynamic_required": True}
        text = e.a_dynamic_text(int(self.true_s + self.dice.gauss(0, 2)), **card)
        reason = self.rig.refusal(text)
        self.told.append(reason)
        if reason == "accepted":
            self.used.append((self.customers, text))

    def a_cheat_comes(self) -> None:
        """With a voucher that was used here, and a new code for it or the old one."""
        if not self.used:
            return
        number, text = self.dice.choice(self.used)
        if self.dice.random() < 0.5:
            card = {"voucher_id": e.voucher(number), "dynamic_required": True}
            text = e.a_dynamic_text(int(self.true_s), **card)
        assert self.rig.refusal(text) != "accepted"

    def the_power_goes(self) -> None:
        off_s = self.dice.choice((5.0, 90.0, 400.0, 5 * 3600.0))
        self.rig.close()
        self.true_s += off_s
        self.clock.start_again(off_s=off_s, battery=self.battery)
        if self.battery:
            wrong_s = self.dice.choice((-600, 0, 0, 600))
            self.clock.step_wall_s(self.true_s + wrong_s - self.clock.wall_s())
        self.rig.open()

    def the_network_is_there(self) -> None:
        self.rig.core.journal.clock.learn_from_hub(
            int(self.true_s), self.rig.core.journal.clock.steady_s()
        )
        self.rig.take(hub_time_s=int(self.true_s))


@pytest.mark.parametrize("battery", [False, True], ids=["begins in 1970", "set wrong"])
def test_nothing_is_taken_twice_and_only_the_clock_sends_a_genuine_customer_away(
    tmp_path: Path, *, battery: bool
) -> None:
    world = World(tmp_path / "unit", seed=7, battery=battery)
    try:
        for day in range(DAYS):
            for _ in range(CUSTOMERS_A_DAY):
                world.pass_s(world.dice.expovariate(CUSTOMERS_A_DAY / DAY_S))
                world.a_customer_comes()
                for _ in range(world.dice.choice((0, 0, 0, 6))):  # lunch: a queue
                    world.pass_s(40)
                    world.a_customer_comes()
                if world.dice.random() < 0.2:
                    world.a_cheat_comes()
            if world.dice.random() < 0.25:
                world.the_power_goes()
            if day % 9 == 3:
                world.the_network_is_there()
    finally:
        world.rig.close()
    assert set(world.told) <= {"accepted", "clock-uncertain"}
    assert world.told.count("accepted") > len(world.told) // 4
    assert "clock-uncertain" in world.told
