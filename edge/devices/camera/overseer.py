"""The program that keeps a capturing and a watching process alive, and tells what they read.

It loads the libraries once and then only forks: a decoder that crashed on a picture is replaced
within milliseconds, and the camera stays open meanwhile. It has one thread and looks at no pixel,
so that nothing a picture does can reach it. It ends when its stdin does: with the unit.
"""

from __future__ import annotations

import ctypes
import os
import resource
import selectors
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from edge.devices.camera.shelf import Shelf
from edge.devices.camera.stream import Stream, Wanted
from edge.devices.pictures.model import Reading
from edge.devices.pictures.wire import HEAD_BYTES, lengths, packed, receive

HANG_S = 0.8
"""The slowest look, zbar at 1280×720 on a small board, takes a fifth of it."""
STUCK_S = 4.0
STALE_S = 3.0
REPEATS_MAX = 30
BEAT_S = 1.0
LOOK_S = 0.05
REOPENED_MAX = 3
"""So often without a fresh frame in between; then the unit starts a new overseer after a while."""
DEATHS_MAX, DEATHS_S = 20, 10.0
ADDRESS_SPACE_MORE_BYTES = 600 << 20
_PR_SET_PDEATHSIG = 1


class Seams(NamedTuple):
    """What a test may put in place of the real thing, inside of the processes.

    Args:
        open_stream: Opens the source of frames; None for a camera or file.
        look: Reads a frame at a time, as ``Watcher.look``; None for a Watcher.
        stuck_s: A look that waits for something, without computing, is given up after this long.
        stale_s: A camera that has shown nothing new for this long is opened again.
    """

    open_stream: Callable[[Wanted], Stream] | None = None
    look: Callable[[Any, float], list[Reading]] | None = None
    stale_s: float = STALE_S
    stuck_s: float = STUCK_S


class Child:
    """A forked process and the pipe on which it tells things."""

    def __init__(self, name: str, work: Callable[[Callable[[dict[str, Any]], None]], None]) -> None:
        self.name = name
        self._heard = b""
        self._ended: str | None = None
        self.pipe, write_fd = os.pipe()
        os.set_blocking(self.pipe, False)
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.pipe)
            _in_the_child(work, write_fd)
        os.close(write_fd)

    def messages(self) -> list[dict[str, Any]]:
        """Return what it has told since the last call; half a message waits for its rest."""
        while True:
            try:
                chunk = os.read(self.pipe, 65536)
            except BlockingIOError:
                break
            if not chunk:
                break
            self._heard += chunk
        told = []
        while len(self._heard) >= HEAD_BYTES:
            text, body = lengths(self._heard[:HEAD_BYTES])
            whole = HEAD_BYTES + text + body
            if len(self._heard) < whole:
                break
            told.append(_parsed(self._heard[:whole]))
            self._heard = self._heard[whole:]
        return told

    def how_it_ended(self) -> str | None:
        """Return how it ended, None while it runs."""
        if self._ended is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                code = os.waitstatus_to_exitcode(status)
                self._ended = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return self._ended

    def cpu_s(self) -> float:
        """Return how many seconds of the processor it has used."""
        try:
            after_name = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> None:
        """Kill it and wait, unless it has ended."""
        if self.how_it_ended() is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self._ended = "killed"

    def close(self) -> None:
        """Forget its pipe."""
        os.close(self.pipe)


class Overseer:
    """Watches over the two until the camera is lost or stdin ends.

    Args:
        asked: ``wanted`` (a Wanted), ``formats``, ``rescues``, ``with_zbar``.
        tell: Takes a message for the unit: ``opened``, ``reading``, ``restarted``, ``beat``,
            and as the last one ``lost``.
    """

    def __init__(
        self, asked: dict[str, Any], tell: Callable[[dict[str, Any]], None], seams: Seams
    ) -> None:
        self._asked = asked
        self._wanted = Wanted(**asked["wanted"])
        self._tell = tell
        self._seams = seams
        self._shelf = Shelf()
        self._lost = ""
        self._reopened = 0
        self._deaths: list[float] = []
        self._beat_s = 0.0
        self._look_began_s = self._look_cpu_s = 0.0

    def run(self) -> None:
        """Do the work."""
        self._watcher = Child("watcher", self._watch)
        self._open()
        selector = selectors.DefaultSelector()
        selector.register(sys.stdin.fileno(), selectors.EVENT_READ, "stdin")
        try:
            while not self._lost:
                fds = {self._watcher.pipe, self._capturer.pipe}
                for fd in fds:
                    selector.register(fd, selectors.EVENT_READ)
                ready = [key.data for key, _ in selector.select(LOOK_S)]
                for fd in fds:
                    selector.unregister(fd)
                if "stdin" in ready:
                    return  # the unit says nothing after its question: it has gone
                self._hear()
                self._look_after_watcher()
                self._look_after_capturer()
                self._beat()
            self._tell({"lost": self._lost})
        finally:
            for child in (self._watcher, self._capturer):
                child.end()

    # --- what the two do -------------------------------------------------------------------------

    def _watch(self, tell: Callable[[dict[str, Any]], None]) -> None:
        from edge.devices.camera.watch import Watcher  # noqa: PLC0415

        asked, shelf = self._asked, self._shelf
        look = self._seams.look
        if look is None:
            watcher = Watcher(asked["formats"], asked["rescues"], with_zbar=asked["with_zbar"])
            look = watcher.look
        poller = selectors.DefaultSelector()
        poller.register(shelf.wake_fd, selectors.EVENT_READ)
        while True:
            poller.select(1.0)
            frame = shelf.take()
            if frame is None:
                continue
            shelf.look_began_s.set(time.monotonic())
            readings = look(frame.gray, frame.at_s)
            shelf.look_began_s.set(0.0)
            shelf.looks.set(shelf.looks.get() + 1)
            for reading in readings:
                tell({"reading": reading._asdict(), "at_s": frame.at_s, "frame": frame.number})

    def _capture(self, tell: Callable[[dict[str, Any]], None]) -> None:
        from edge.devices.camera.capture import capture  # noqa: PLC0415
        from edge.devices.camera.stream import open_stream  # noqa: PLC0415

        capture(self._seams.open_stream or open_stream, self._wanted, self._shelf, tell)

    # --- what is done about them -----------------------------------------------------------------

    def _open(self) -> None:
        self._shelf.repeats.set(0)
        self._opened_s = time.monotonic()
        self._shelf.fresh_s.set(self._opened_s)
        self._capturer = Child("capture", self._capture)

    def _hear(self) -> None:
        for message in self._watcher.messages():
            self._tell(message)
        for message in self._capturer.messages():
            self._heard_of_capture(message)

    def _heard_of_capture(self, message: dict[str, Any]) -> None:
        if "opened" in message:
            self._tell(message)
        elif "ended" in message:
            # The last frames are still to be looked at; on a busy machine that may take a while.
            until_s = time.monotonic() + self._seams.stuck_s
            while (
                self._is_behind()
                and self._watcher.how_it_ended() is None
                and time.monotonic() < until_s
            ):
                time.sleep(LOOK_S / 5)
            for last in self._watcher.messages():
                self._tell(last)
            self._lost = str(message["ended"])
        else:
            self._lost = str(message["failed"])

    def _is_behind(self) -> bool:
        shelf = self._shelf
        return shelf.newest.get() != shelf.taken.get() or shelf.look_began_s.get() != 0

    def _look_after_watcher(self) -> None:
        ended = self._watcher.how_it_ended()
        if ended is None and self._watcher_hangs():
            self._watcher.end()
            ended = "it hung"
        if ended is None:
            return
        now_s = time.monotonic()
        self._deaths = [*(t for t in self._deaths if t > now_s - DEATHS_S), now_s]
        if len(self._deaths) > DEATHS_MAX:
            self._lost = f"the decoder fails on every picture: {ended}"
            return
        for message in self._watcher.messages():  # what it told before it died is true
            self._tell(message)
        self._watcher.close()
        self._shelf.look_began_s.set(0.0)
        self._watcher = Child("watcher", self._watch)
        self._tell({"restarted": "watcher", "why": ended})

    def _watcher_hangs(self) -> bool:
        """Say whether it has computed too long over one frame, or slept much too long.

        On a busy machine a look may wait for the processor for a second, and that is no hang.
        """
        began_s = self._shelf.look_began_s.get()
        if began_s != self._look_began_s:
            self._look_began_s, self._look_cpu_s = began_s, self._watcher.cpu_s()
        if not began_s:
            return False
        since_s = time.monotonic() - began_s
        if since_s <= HANG_S:
            return False
        computed_s = self._watcher.cpu_s() - self._look_cpu_s
        return computed_s > HANG_S / 2 or since_s > self._seams.stuck_s

    def _look_after_capturer(self) -> None:
        shelf = self._shelf
        why = self._capturer.how_it_ended()
        if why is None:
            if time.monotonic() - shelf.fresh_s.get() > self._seams.stale_s:
                why = f"no new frame for {self._seams.stale_s:g} s"
            elif self._wanted.is_camera and shelf.repeats.get() >= REPEATS_MAX:
                why = "the same frame again and again"
            else:
                if shelf.fresh_s.get() - self._opened_s > self._seams.stale_s:
                    self._reopened = 0
                return
            self._capturer.end()
        for message in self._capturer.messages():
            self._heard_of_capture(message)
        self._capturer.close()
        if self._lost:
            return
        self._reopened += 1
        if self._reopened > REOPENED_MAX:
            self._lost = why
            return
        self._tell({"restarted": "capture", "why": why})
        self._open()

    def _beat(self) -> None:
        now_s = time.monotonic()
        if now_s - self._beat_s >= BEAT_S:
            self._beat_s = now_s
            shelf = self._shelf
            self._tell({"beat": {
                "frames": int(shelf.newest.get()), "looks": int(shelf.looks.get()),
                "garbage": int(shelf.garbage.get()),
            }})  # fmt: skip


def main(seams: Seams | None = None) -> None:
    """Read what is asked for from stdin, and tell on stdout what is seen."""
    received = receive(sys.stdin.buffer)
    if received is None:
        return
    out = sys.stdout.buffer

    def tell(message: dict[str, Any]) -> None:
        out.write(packed(message))
        out.flush()

    try:
        _load()
        Overseer(received[0], tell, seams or Seams()).run()
    except ImportError as exc:
        tell({"lost": f"the camera extra is missing ({exc.name}): pip install 'tearoff[camera]'"})
    except BrokenPipeError:
        sys.stderr.close()  # the unit has gone; whatever is still in the buffer has no reader


def _load() -> None:
    from edge.devices.pictures import engines  # noqa: PLC0415
    from edge.devices.pictures.opening import hush, prepare  # noqa: PLC0415

    hush()
    prepare()
    import zxingcpp  # noqa: F401, PLC0415

    engines.zbar_is_there()


def _in_the_child(work: Callable[[Callable[[dict[str, Any]], None]], None], write_fd: int) -> None:
    """Do the work of a forked process, and leave by no way that its parent has prepared."""
    code = 1
    try:
        # Whatever kills the overseer must not leave a camera open.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        os.close(sys.stdin.fileno())
        most = _address_space_bytes() + ADDRESS_SPACE_MORE_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        work(lambda message: _write_whole(write_fd, packed(message)))
        code = 0
    except BaseException as exc:  # noqa: BLE001 - it must not go on as a second overseer
        sys.stderr.write(f"camera: {type(exc).__name__}: {exc}\n"[:300])
        sys.stderr.flush()
    finally:
        os._exit(code)


def _address_space_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _write_whole(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


def _parsed(data: bytes) -> dict[str, Any]:
    import io  # noqa: PLC0415

    received = receive(io.BytesIO(data))
    assert received is not None, "the message is whole"
    return received[0]


if __name__ == "__main__":
    main()
