"""A receipt printer at a TCP port or a serial line of this machine, with faults to switch on.

It ships with the product: the demo prints on it, and tests break it. One client at a time, as at
port 9100 of a real one; the next waits until the first has gone.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from edge.devices.simulated.escpos_paper import WIDTH_80_MM_DOTS, Event
from edge.devices.simulated.machine import Faults, Machine, PrintedPaper
from edge.devices.simulated.serial_plug import SerialPlug

READ_BYTES = 4096
SEND_WAIT_S = 2.0
"""A client that takes no answers for so long is taken for gone."""
THREAD_WAIT_S = 5.0
_CLIENTS_WAITING_MAX = 8
_LINGER_0_S = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # so that close() resets the connection


class SimulatedPrinter:
    """A printer at ``tcp://host:port``, or at a serial line. Any thread may call its methods.

    Args:
        port: 0 for any free one; ``address`` then says which.
        serial: It is at a serial line with its end at this path, and at no TCP port. Such a line
            cannot break: ``drop_after`` is ``stall_after`` there.
        width_dots: 384 for 58 mm paper, 576 for 80 mm.
        faults: What is wrong from the start.
        buffered: It prints only once GS r arrives or its buffer overflows, so that a
            ``power_cycle`` loses what a careless client takes for printed.

    Attributes:
        faults: Switch them while it runs.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        serial: Path | None = None,
        width_dots: int = WIDTH_80_MM_DOTS,
        faults: Faults | None = None,
        buffered: bool = False,
    ) -> None:
        self.faults = faults or Faults()
        self._host, self._port = host, port
        self._serial = serial
        # Guards everything below; notified whenever the machine or the connection has changed.
        self._changed = threading.Condition()
        self._machine = Machine(width_dots, self.faults, buffered=buffered)
        self._power_cycles = 0
        self._is_connected = False
        self._is_stopping = False
        self._thread: threading.Thread | None = None
        # A byte in at one end wakes the thread, which waits at the other.
        self._wake_read: socket.socket | None = None
        self._wake_write: socket.socket | None = None
        self.faults.on_change(self._wake)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port. The port is known once it was started, and stays the same."""
        return self._host, self._port

    @property
    def url(self) -> str:
        """``tcp://HOST:PORT`` or ``serial:PATH``, as the setting ``printer.to`` wants it."""
        if self._serial:
            return f"serial:{self._serial}"
        return f"tcp://{self._host}:{self._port}"

    def start(self) -> None:
        """Plug it into the network.

        Raises:
            OSError: the port or the path is taken.
        """
        assert self._thread is None, "it is plugged in"
        plug: socket.socket | SerialPlug
        if self._serial:
            plug = SerialPlug(self._serial)
        else:
            plug = socket.create_server(self.address, backlog=_CLIENTS_WAITING_MAX)
            plug.settimeout(0)
            self._port = plug.getsockname()[1]
        with self._changed:
            self._is_stopping = False
            self._wake_read, self._wake_write = socket.socketpair()
            self._wake_write.settimeout(0)
            self._thread = threading.Thread(
                target=self._run, args=(plug, self._wake_read), name="simulated-printer"
            )
        self._thread.daemon = True
        self._thread.start()

    def stop(self) -> None:
        """Unplug it: connections are refused until it is started again. Its papers stay."""
        thread = self._thread
        if thread is None:
            return
        with self._changed:
            self._is_stopping = True
        self._wake()
        thread.join(THREAD_WAIT_S)
        assert not thread.is_alive(), "the thread never waits longer than SEND_WAIT_S"
        with self._changed:
            for end in (self._wake_read, self._wake_write):
                assert end is not None
                end.close()
            self._thread = self._wake_read = self._wake_write = None

    def power_cycle(self) -> None:
        """Switch it off and on: the connection breaks, what was not on paper yet is lost.

        Returns once the connection is broken.
        """
        with self._changed:
            self._power_cycles += 1
            self._machine.power_cycle()
            self._wake()
            self._changed.wait_for(lambda: not self._is_connected, THREAD_WAIT_S)

    def papers(self) -> list[PrintedPaper]:
        """Return what was cut off, oldest first; at most the newest PAPERS_MAX."""
        with self._changed:
            return list(self._machine.papers)

    def open_paper(self) -> PrintedPaper:
        """Return what was printed after the last cut, with the number that it will have."""
        with self._changed:
            return self._machine.open_paper

    def events(self) -> list[Event]:
        """Return what happened, in the order in which it was obeyed: cuts, drawers, requests."""
        with self._changed:
            return list(self._machine.events)

    def wait_for_papers(self, count: int, timeout_s: float = 5.0) -> list[PrintedPaper]:
        """Return the papers once so many were cut off in all.

        Raises:
            TimeoutError: there are fewer after this time.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._machine.printed >= count, timeout_s):
                raise TimeoutError(f"{self._machine.printed} papers of {count}")
            return list(self._machine.papers)

    def _wake(self) -> None:
        with self._changed:
            if self._wake_write is not None:
                with contextlib.suppress(BlockingIOError):  # it is full of wakes
                    self._wake_write.send(b"!")

    def _run(self, plug: socket.socket | SerialPlug, wake: socket.socket) -> None:
        if isinstance(plug, SerialPlug):
            while not self._is_stopping:
                self._serve(plug, wake)
            plug.unplug()
        else:
            self._listen(plug, wake)

    def _listen(self, listener: socket.socket, wake: socket.socket) -> None:
        with listener:
            while not self._is_stopping:
                if _wait(wake, listener, select.POLLIN):
                    # A client that gave up while it waited is no longer there to accept.
                    with contextlib.suppress(BlockingIOError, ConnectionError):
                        self._serve(listener.accept()[0], wake)
                else:
                    with self._changed:
                        self._machine.go_on()
                        self._changed.notify_all()

    def _serve(self, connection: socket.socket | SerialPlug, wake: socket.socket) -> None:
        connection.settimeout(SEND_WAIT_S)
        with self._changed:
            cycle = self._power_cycles
            self._is_connected = True
            self._machine.connected()
        try:
            while not self._is_stopping and self._serve_once(connection, wake, cycle):
                pass
            if self._power_cycles != cycle:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0_S)
        except OSError:
            pass  # the client has gone, or takes no answers: the next one is served
        finally:
            connection.close()
            with self._changed:
                self._is_connected = False
                self._changed.notify_all()

    def _serve_once(
        self, connection: socket.socket | SerialPlug, wake: socket.socket, cycle: int
    ) -> bool:
        """Wait for one thing and do it; return whether the connection goes on."""
        faults = self.faults.now()
        with self._changed:
            if self._power_cycles != cycle:
                return False
            answers = self._machine.go_on()
            room = self._room(faults)
            self._changed.notify_all()
        connection.sendall(answers)
        if room is None:
            return False
        # Without room the client's data stay unread, and only its end is waited for.
        events = _wait(wake, connection, (select.POLLIN if room else 0) | select.POLLRDHUP)
        if not events or not room:
            return not events
        data = connection.recv(room)
        with self._changed:
            if self._power_cycles != cycle:
                return False
            answers = self._machine.receive(data) if data else self._machine.disconnected()
            self._changed.notify_all()
        connection.sendall(answers)
        if faults.slow_bytes_per_s:
            _wait(wake, None, 0, len(data) / faults.slow_bytes_per_s)
        return bool(data)

    def _room(self, faults: Faults) -> int | None:
        """Return how many bytes may be read now; None if the connection is to be dropped."""
        body_bytes, room = self._machine.body_bytes, READ_BYTES
        if faults.drop_after is not None and self._serial:
            room = max(0, faults.drop_after - body_bytes)
        elif faults.drop_after is not None:
            if body_bytes >= faults.drop_after:
                return None
            room = min(room, faults.drop_after - body_bytes)
        if faults.stall_after is not None:
            room = min(room, max(0, faults.stall_after - body_bytes))
        if faults.slow_bytes_per_s:
            # Twenty readings a second look steady enough.
            room = min(room, max(1, faults.slow_bytes_per_s // 20))
        return 0 if self._machine.is_full else room


def _wait(
    wake: socket.socket,
    other: socket.socket | SerialPlug | None,
    mask: int,
    wait_s: float | None = None,
) -> int:
    """Return what ``poll`` says of the other socket; 0 if it was woken or the time is over."""
    poll = select.poll()
    poll.register(wake, select.POLLIN)
    if other is not None:
        poll.register(other, mask)
    events = dict(poll.poll(None if wait_s is None else wait_s * 1000))
    if wake.fileno() in events:
        wake.recv(READ_BYTES)
        return 0
    return events.get(other.fileno(), 0) if other is not None else 0
