"""The inside of the simulated printer: bytes in, answers out, paper on the way. No sockets.

What a real one does that matters to a till: it answers real-time requests on arrival and GS r in
turn; it prints nothing and answers no GS r while it is off line; it forgets its buffer when it
loses power. Its faults are switches.

Source of the status bytes: Epson's "ESC/POS Command Reference", DLE EOT, GS r, GS a.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from edge.devices.simulated.escpos_commands import Command, Commands
from edge.devices.simulated.escpos_paper import (
    BufferCleared,
    Event,
    Paper,
    Recovery,
    StatusKind,
    StatusRequest,
    UnknownCommand,
)
from edge.devices.simulated.escpos_reader import EscposReader
from edge.devices.simulated.paper_picture import draw_paper, find_font

BUFFER_BYTES = 4096
"""What a printer that buffers holds back: the size of many a real one's receive buffer."""
WAITING_BYTES_MAX = 1 << 20
"""What waits while the printer is off line; then it reads no more. A real one holds far less,
but would not answer DLE EOT behind a full buffer either."""
PAPER_BYTES_MAX = 4 << 20
"""A paper that never is cut is torn off after this."""
PAPERS_MAX = 500
"""Papers and, times ten, events that are kept; older ones are forgotten."""

# Neither an answer to DLE EOT (b & 0x93 == 0x12) nor to GS r (b & 0x90 == 0) nor of GS a.
_NONSENSE = b"\xff\xa5\xc3"
# Right for DLE EOT, and so no answer to GS r.
_WRONG_ACK = b"\x12"


@dataclass
class Faults:
    """What is wrong with the printer; any thread may switch anything at any time.

    A fault lasts until it is switched off. Setting a name that is no fault is an AttributeError.

    Args:
        paper_end: No paper. Like cover_open and error it takes the printer off line: what
            arrives waits, and is printed when all three are off again.
        paper_low: The roll is near its end; it prints.
        mute: It answers no status request; it prints.
        drop_after: It closes each connection after so many bytes, real-time commands not counted.
        stall_after: It stops reading each connection after so many bytes. A client that has
            more on its way than the network holds keeps it occupied even after it has gone.
        garbage: It answers status requests with nonsense.
        wrong_ack: It answers GS r with a byte that is no answer to GS r.
        slow_bytes_per_s: How fast it reads; None for as fast as it can.
    """

    _lock: threading.Lock = field(
        default_factory=threading.Lock, init=False, repr=False, compare=False
    )
    _listeners: list[Callable[[], None]] = field(
        default_factory=list, init=False, repr=False, compare=False
    )
    paper_end: bool = False
    paper_low: bool = False
    cover_open: bool = False
    error: bool = False
    mute: bool = False
    garbage: bool = False
    wrong_ack: bool = False
    drop_after: int | None = None
    stall_after: int | None = None
    slow_bytes_per_s: int | None = None

    def __setattr__(self, name: str, value: object) -> None:
        if name in {"_lock", "_listeners"}:
            object.__setattr__(self, name, value)
        else:
            self.change(**{name: value})

    @property
    def is_off_line(self) -> bool:
        """Whether nothing is printed."""
        return self.paper_end or self.cover_open or self.error

    def change(self, **values: object) -> None:
        """Switch several at once, so that nobody sees the one without the other."""
        known = {name for name in type(self).__dataclass_fields__ if not name.startswith("_")}
        for name in values.keys() - known:
            raise AttributeError(f"a simulated printer has no fault {name!r}")
        with self._lock:
            for name, value in values.items():
                object.__setattr__(self, name, value)
        for listener in tuple(self._listeners):
            listener()

    def now(self) -> Faults:
        """Return a copy that nobody changes any more."""
        with self._lock:
            return replace(self)

    def on_change(self, listener: Callable[[], None]) -> None:
        """Have this called after every change, in the thread that made it."""
        self._listeners.append(listener)


@dataclass(frozen=True)
class PrintedPaper:
    """One paper that came out.

    Args:
        number: 1 for the first that the printer ever cut.
        raw: The bytes that made it, without status requests: what a client sent as its body.
        is_open: It still hangs in the printer and may grow.
    """

    number: int
    raw: bytes
    paper: Paper
    is_open: bool = False

    @property
    def text(self) -> str:
        """What a person reads on it."""
        return self.paper.text

    @property
    def unknown_commands(self) -> tuple[UnknownCommand, ...]:
        """What the printer could not do; empty on a good paper."""
        return self.paper.unknown_commands

    def png(self) -> bytes:
        """Draw it; see ``draw_paper``."""
        return draw_paper(self.paper, find_font())


def real_time_status(n: int, faults: Faults) -> int:
    """Return the answer to DLE EOT n (1 to 4): always ``b & 0x93 == 0x12``."""
    return (
        0x12
        | {
            1: 0x08 * faults.is_off_line,
            2: 0x04 * faults.cover_open | 0x20 * faults.paper_end | 0x40 * faults.error,
            3: 0x08 * faults.error,  # the cutter
            4: 0x0C * (faults.paper_low or faults.paper_end) | 0x60 * faults.paper_end,
        }[n]
    )


def status_in_turn(n: int, faults: Faults) -> int:
    """Return the answer to GS r n: always ``b & 0x90 == 0``. The drawer (n = 2) is closed."""
    if n != 1:
        return 0
    return 0x03 * (faults.paper_low or faults.paper_end) | 0x0C * faults.paper_end


def automatic_status(faults: Faults) -> bytes:
    """Return the four bytes of GS a; of the first ``b & 0x93 == 0x10``."""
    first = 0x10 | 0x08 * faults.is_off_line | 0x20 * faults.cover_open
    return bytes([first, 0x08 * faults.error, status_in_turn(1, faults), 0])


class Machine:
    """A printer without its plugs. Not for several threads.

    Args:
        buffered: It prints only once GS r arrives or BUFFER_BYTES overflow, so that there is
            something to lose when it is switched off.

    Attributes:
        papers: What was cut off; ``printed`` counts them all.
        events: Everything that happened, in the order in which it was obeyed.
        body_bytes: What this connection has brought, real-time commands not counted.
    """

    def __init__(self, width_dots: int, faults: Faults, *, buffered: bool) -> None:
        self.papers: deque[PrintedPaper] = deque(maxlen=PAPERS_MAX)
        self.printed = 0
        self.events: deque[Event] = deque(maxlen=10 * PAPERS_MAX)
        self.body_bytes = 0
        self._faults = faults
        self._is_buffered = buffered
        self._reader = EscposReader(width_dots)
        self._raw = bytearray()
        self._commands = Commands()
        self._real_time_bytes = self._fed_bytes = 0
        self._waiting: deque[Command] = deque()
        self._waiting_bytes = self._waiting_requests = 0
        self._automatic = b""
        self._sends_automatic = False

    @property
    def is_full(self) -> bool:
        """Whether no more can be received before something was printed."""
        return self._waiting_bytes >= WAITING_BYTES_MAX

    @property
    def open_paper(self) -> PrintedPaper:
        """What hangs out of the printer, with the number that it will have."""
        rest = self._reader.open_paper
        return PrintedPaper(self.printed + 1, bytes(self._raw), rest, is_open=True)

    def connected(self) -> None:
        """Somebody else begins to send: what the last one left unfinished is not continued."""
        self._commands = Commands()
        self._real_time_bytes = self._fed_bytes = self.body_bytes = 0
        self._sends_automatic = False

    def disconnected(self) -> bytes:
        """The client has ended; a command that it did not finish is reported."""
        begun = self._commands.end()
        if begun:
            self._wait_for_print(begun)
        return self.go_on()

    def receive(self, data: bytes) -> bytes:
        """Take bytes and return the answers to them."""
        answers = b""
        for command in self._commands.feed(data):
            if command.is_real_time:
                self._real_time_bytes += len(command.raw)
                answers += self._obey(command)
            else:
                self._wait_for_print(command)
                answers += self.go_on()
        self._fed_bytes += len(data)
        begun = self._commands.begun_at_once
        self.body_bytes = self._fed_bytes - self._real_time_bytes - begun
        return answers

    def go_on(self) -> bytes:
        """Print what may be printed now and return the answers; call it when a fault changed."""
        answers = self._changed_status()
        while self._waiting and self._may_print():
            command = self._waiting.popleft()
            self._waiting_bytes -= len(command.raw)
            self._waiting_requests -= command.name == "GS r"
            answers += self._obey(command)
        return answers

    def power_cycle(self) -> None:
        """Lose what was received and is not on paper, and every setting."""
        self._drop_waiting()
        self._reader.forget()
        self.connected()

    def _wait_for_print(self, command: Command) -> None:
        self._waiting.append(command)
        self._waiting_bytes += len(command.raw)
        self._waiting_requests += command.name == "GS r"

    def _drop_waiting(self) -> None:
        self._waiting.clear()
        self._waiting_bytes = self._waiting_requests = 0

    def _may_print(self) -> bool:
        if self._faults.is_off_line:
            return False
        is_overflowing = self._waiting_bytes > BUFFER_BYTES
        return not self._is_buffered or is_overflowing or self._waiting_requests > 0

    def _obey(self, command: Command) -> bytes:
        answers = b""
        events = self._reader.take(command)
        if not command.is_real_time and command.name not in {"GS r", "GS a", "NUL"}:
            self._raw += command.raw
        for event in events:
            self.events.append(event)
            if isinstance(event, StatusRequest):
                answers += self._answer(event)
            elif isinstance(event, BufferCleared) or event == Recovery(2):
                self._drop_waiting()
        if len(self._raw) > PAPER_BYTES_MAX:
            self._reader.tear_off()
        for paper in self._reader.papers:
            self.printed += 1
            self.papers.append(PrintedPaper(self.printed, bytes(self._raw), paper))
            self._raw.clear()
        self._reader.papers.clear()
        return answers

    def _answer(self, request: StatusRequest) -> bytes:
        faults = self._faults.now()
        if request.kind is StatusKind.AUTOMATIC:
            self._sends_automatic, self._automatic = request.n != 0, b""
            return self._changed_status()
        if faults.mute:
            return b""
        if faults.garbage:
            return _NONSENSE
        if request.kind is StatusKind.REAL_TIME:
            return bytes([real_time_status(request.n, faults)])
        return _WRONG_ACK if faults.wrong_ack else bytes([status_in_turn(request.n, faults)])

    def _changed_status(self) -> bytes:
        if not self._sends_automatic:
            return b""
        faults = self._faults.now()
        status = automatic_status(faults)
        if faults.mute or status == self._automatic:
            return b""
        self._automatic = status
        return _NONSENSE if faults.garbage else status
