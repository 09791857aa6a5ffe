"""What one seed is made of: how many of everything, and how often each thing goes wrong.

A swarm: every seed leaves some faults out altogether, for a fault that is always there hides what
only happens without it.
"""

from __future__ import annotations

import random
from typing import NamedTuple

LAN_UNITS_MAX = 8


class Mix(NamedTuple):
    """The shares of one seed. A share is a chance from 0 to 1 at each occasion.

    Args:
        units: Tills of one store group; ``vouchers`` how many are sold at the beginning.
        steps: Things that happen before everything heals.
        loss: A message is lost; ``late`` it arrives after its sender has given up; ``replay`` one
            that was seen before comes again; ``meanwhile`` others act while one waits for the hub.
        partition: A direction between a unit and the hub breaks, for a while.
        write_fault: A write of a unit is about to fail, or to be its last.
        step_wall: Somebody sets a wall clock, up to a day off; ``no_rtc`` a machine without power
            has no idea what time it is; ``drift_ppm`` how far a quartz may be off.
        day: Time passes by hours and days, not only by seconds.
        lease: The hub lends to units, and recalls. grant: Customers verify by their phones.
        part: Tills and headquarters give parts of acceptances back.
        lan: The units of the store know of one another; ``lan_loss`` of their datagrams.
    """

    units: int
    vouchers: int
    steps: int
    loss: float
    late: float
    replay: float
    meanwhile: float
    partition: float
    write_fault: float
    kill: float
    step_wall: float
    no_rtc: float
    drift_ppm: int
    day: float
    dynamic: float
    stored: float
    steer: float
    rotate: float
    revoke_unit: float
    restore_hub: float
    second_hub: float
    roll_back: float
    clone: float
    lose_anchor: float
    online: float
    lease: float
    grant: float
    part: float
    lan: float
    lan_loss: float


def mix_of(seed: int) -> Mix:
    """Return the mix of a seed."""
    return draw(random.Random(seed), further_of(seed))


def further_of(seed: int) -> random.Random:
    """Return what draws all that the first worlds did not have."""
    return random.Random(f"further {seed}")


def draw(luck: random.Random, further: random.Random) -> Mix:
    """Draw the mix of a seed.

    Args:
        further: Of what the first worlds did not have. Where all of that is left out, a seed is
            the world that it was before.
    """

    def sometimes(most: float, share: float = 0.5, of: random.Random = luck) -> float:
        is_on, height = of.random() < share, of.random()
        return round(most * height, 4) if is_on else 0.0

    units = luck.choices((1, 2, 3, 4, 6, 12), (20, 34, 24, 14, 6, 2))[0]
    return Mix(
        units=units,
        vouchers=luck.randint(3, 9),
        steps=luck.randint(30, 110),
        loss=sometimes(0.3),
        late=sometimes(0.2),
        replay=sometimes(0.5),
        meanwhile=sometimes(0.4),
        partition=sometimes(0.1),
        write_fault=sometimes(0.25),
        kill=sometimes(0.12),
        step_wall=sometimes(0.1, 0.3),
        no_rtc=sometimes(0.5, 0.3),
        drift_ppm=luck.choice((0, 0, 20, 80)),
        day=sometimes(0.2, 0.4),
        dynamic=sometimes(0.8),
        stored=sometimes(0.6),
        steer=sometimes(0.15, 0.6),
        rotate=sometimes(0.06, 0.3),
        revoke_unit=sometimes(0.04, 0.15),
        restore_hub=sometimes(0.05, 0.25),
        second_hub=sometimes(0.08, 0.08),
        roll_back=sometimes(0.05, 0.25),
        clone=sometimes(0.05, 0.15),
        lose_anchor=sometimes(0.04, 0.15),
        online=luck.choice((0.0, 0.5, 1.0)),
        lease=sometimes(1.0, 0.3, further),
        grant=sometimes(1.0, 0.3, further),
        part=sometimes(1.0, 0.3, further),
        lan=sometimes(1.0, 0.3, further) * (2 <= units <= LAN_UNITS_MAX),
        lan_loss=further.choice((0.0, 0.02, 0.2)),
    )
