"""All scanners of a unit: one inbox, one supervisor for each device that the settings name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from edge.devices.ports import Scanner, Tellable
from edge.devices.scanners.inbox import Inbox
from edge.devices.scanners.states import State
from edge.devices.scanners.supervise import Supervisor
from edge.errors import N_, NotFound, RequestInvalid

TROUBLE_S = 60.0
"""For so long a lamp tells of scans that were refused, or that nobody took."""
SLOW_S = 10.0
"""Opening takes less; a device that takes longer hangs."""


class ScannerSeen(NamedTuple):
    """A scanner as the lamps show it.

    Args:
        hangs: It does not come back from being opened.
        lost: Scans of it were refused or dropped a moment ago.
        last_s: Seconds since its newest scan; None before the first.
    """

    source: str
    state: State
    is_flapping: bool = False
    hangs: bool = False
    lost: bool = False
    last_s: int | None = None


class Scanners:
    """The scanners of a unit. ``start`` begins their work, ``stop`` ends it.

    Args:
        steady_s: Reads a steady counter of seconds.
        chance: Draws a number from 0 to 1.
    """

    def __init__(
        self, devices: Mapping[str, Scanner], steady_s: Callable[[], float],
        chance: Callable[[], float],
    ) -> None:  # fmt: skip
        self._steady_s = steady_s
        self._chance = chance
        self.inbox = Inbox(steady_s)
        self._supervisors: list[Supervisor] = []
        for source, scanner in devices.items():
            self.add(source, scanner)

    def add(self, source: str, scanner: Scanner) -> None:
        """Look after one more device; before ``start``."""

        def emit(generation: int, raw: bytes) -> None:
            self.inbox.offer(source, generation, raw)

        self._supervisors.append(Supervisor(source, scanner, emit, self._steady_s, self._chance))

    def start(self) -> None:
        """Start the threads."""
        for supervisor in self._supervisors:
            supervisor.start()

    def stop(self) -> None:
        """Stop the threads, and let go whoever waits for a scan."""
        self.inbox.close()
        for supervisor in self._supervisors:
            supervisor.tell_to_stop()
        for supervisor in self._supervisors:
            supervisor.stop()

    def tell(self, source: str, command: str) -> None:
        """Give a scanner one of the commands of its profile.

        Raises:
            NotFound: there is no such scanner.
            RequestInvalid: it has no such command, or is not ready.
        """
        for supervisor in self._supervisors:
            if supervisor.source == source:
                break
        else:
            raise NotFound(N_("There is no such scanner."))
        scanner = supervisor.scanner
        known = scanner.commands() if isinstance(scanner, Tellable) else {}
        if command not in known:
            raise RequestInvalid(N_("This scanner has no such command."), commands=", ".join(known))
        if supervisor.condition().state is not State.READY:
            raise RequestInvalid(N_("The scanner is not ready."))
        assert isinstance(scanner, Tellable)
        scanner.tell(known[command])

    def status(self) -> dict[str, Any]:
        """Return what ``GET /v1/status`` says of them."""
        sources: dict[str, dict[str, Any]] = {}
        for supervisor in self._supervisors:
            how = supervisor.condition()
            sources[supervisor.source] = {
                "state": str(how.state),
                "error": how.error,
                "generation": how.generation,
                "restarts": how.restarts,
            }
        for source, tally in list(self.inbox.tallies.items()):
            sources.setdefault(source, {"state": str(State.READY), "error": ""})
            sources[source] |= {
                "scans": tally.scans,
                "taken": tally.taken,
                "repeated": tally.repeated,
                "unreadable": tally.unreadable,
                "refused": tally.refused,
                "missed": tally.missed,
                "last_scan_s_ago": self._ago_s(tally.last_steady_s),
            }
        listed = [{"source": source, **how} for source, how in sources.items()]
        return {"watched": self.inbox.is_watched(), "sources": listed}

    def figures(self) -> dict[str, str]:
        """Return what the hub is told of each: its state, and by which profile it is driven."""
        told = {}
        for supervisor in self._supervisors:
            profile = getattr(supervisor.scanner, "profile", None)
            driven = f" {profile.id} {profile.sha256}" if profile else ""
            told[f"scanner_{supervisor.source}"] = f"{supervisor.condition().state}{driven}"
        return told

    def seen(self) -> list[ScannerSeen]:
        """Return the devices for the lamps, in the order of the settings."""
        now_s = self._steady_s()
        shown = []
        for supervisor in self._supervisors:
            how = supervisor.condition()
            tally = self.inbox.tallies.get(supervisor.source)
            trouble_s = tally.last_trouble_s if tally else None
            shown.append(
                ScannerSeen(
                    supervisor.source,
                    how.state,
                    how.is_flapping,
                    hangs=how.state is State.OPENING and now_s - how.since_s > SLOW_S,
                    lost=trouble_s is not None and now_s - trouble_s < TROUBLE_S,
                    last_s=self._ago_s(tally.last_steady_s) if tally else None,
                )
            )
        return shown

    def _ago_s(self, then_s: float | None) -> int | None:
        return None if then_s is None else max(0, int(self._steady_s() - then_s))
