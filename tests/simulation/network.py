"""Between the units and the hub: messages are lost, late, doubled, and go one way only."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from edge.contract.signed import MessageInvalid
from edge.errors import HubRefused, HubUnreachable
from tests.simulation.disk import Crash
from tests.simulation.hub.memory import HubSays
from tests.simulation.hub.thin_hub import ThinHub
from tests.simulation.machine import Machine
from tests.simulation.mix import Mix

SEEN_MAX = 40


class Request(NamedTuple):
    """A signed question on its way."""

    name: str
    path: str
    body: bytes
    created_s: int


class SimulatedNetwork:
    """All wires at once.

    Args:
        hub: Returns the hub that a request reaches; None while there is none.
        pass_s: Lets time pass. ``meanwhile`` lets others act while this machine waits.

    Attributes:
        cut_up: Machines whose questions do not arrive; ``cut_down`` whose answers do not.
        held_lock: Machines that asked while they held their database: nobody may.
    """

    def __init__(
        self, mix: Mix, luck: random.Random, hub: Callable[[Machine], ThinHub | None],
        now_s: Callable[[], float], pass_s: Callable[[float], None],
        meanwhile: Callable[[Machine], None],
    ) -> None:  # fmt: skip
        self._mix, self._luck = mix, luck
        self._hub, self._now_s, self._pass_s, self._meanwhile = hub, now_s, pass_s, meanwhile
        self.cut_up: set[str] = set()
        self.cut_down: set[str] = set()
        self.held_lock: set[str] = set()
        self.is_healed = False
        self._seen: deque[Request] = deque(maxlen=SEEN_MAX)
        self._late: deque[Request] = deque(maxlen=SEEN_MAX)
        self._answers: deque[tuple[str, bytes]] = deque(maxlen=SEEN_MAX)

    def ask(self, machine: Machine, path: str, body: bytes, timeout_s: float) -> bytes:
        """Carry a question to the hub and the answer back, or not.

        Raises:
            HubUnreachable, HubRefused: as ``HubClient.post``. Crash: the unit died as it waited.
        """
        if machine.store.is_held():
            self.held_lock.add(machine.name)
        request = Request(machine.name, path, body, machine.clock.now().at_s)
        life = machine.life
        self._wait(machine, life)
        if machine.name in self.cut_up or self._happens(self._mix.loss):
            if self._happens(self._mix.late):
                self._late.append(request)
            self._pass_s(timeout_s)
            self._wait(machine, life)
            raise HubUnreachable("lost on the way there")
        hub = self._hub(machine)
        if hub is None:
            raise HubUnreachable("nobody listens")
        self._seen.append(request)
        answer = self._answer(hub, request)
        self._wait(machine, life)
        if machine.name in self.cut_down or self._happens(self._mix.loss):
            self._pass_s(timeout_s)
            self._look(machine, life)
            raise HubUnreachable("lost on the way back")
        if self._answers and self._happens(self._mix.replay / 4):
            same = [old for asked, old in self._answers if asked == path]
            if same:
                return self._luck.choice(same)
        self._answers.append((path, answer))
        self._pass_s(self._luck.choice((0.02, 0.05, 0.2)))
        self._look(machine, life)
        return answer

    def deliver_stray(self, hub: ThinHub) -> str:
        """Deliver a question that is late or that somebody has kept; nobody gets the answer."""
        strays = [q for q in (self._late, self._seen) if q]
        if not strays:
            return "nothing strays"
        queue = self._luck.choice(strays)
        at = self._luck.randrange(len(queue))
        request = queue[at]
        if queue is self._late:
            del queue[at]
        try:
            self._answer(hub, request)
        except HubRefused as exc:
            return f"a stray {request.path[-6:]} of {request.name}: {exc.extra['hub']}"
        return f"a stray {request.path[-6:]} of {request.name}"

    def heal(self) -> None:
        """Carry everything, at once, once."""
        self.is_healed = True
        self.cut_up.clear()
        self.cut_down.clear()

    def _answer(self, hub: ThinHub, request: Request) -> bytes:
        try:
            return hub.post(request.path, request.body, request.created_s, int(self._now_s()))
        except HubSays as exc:
            raise HubRefused("", hub=exc.slug, retry_after_s=None) from exc
        except MessageInvalid as exc:
            raise HubRefused("", hub=exc.slug, retry_after_s=None) from exc

    def _wait(self, machine: Machine, life: int) -> None:
        if not self.is_healed:
            self._meanwhile(machine)
        self._look(machine, life)

    @staticmethod
    def _look(machine: Machine, life: int) -> None:
        """Who has died while he waited goes no further."""
        if machine.life != life or not machine.is_up:
            raise Crash

    def _happens(self, share: float) -> bool:
        return not self.is_healed and self._luck.random() < share
