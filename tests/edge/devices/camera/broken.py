"""Decoders that crash and hang, cameras that block, repeat themselves and talk nonsense.

Each runs inside of the processes of the real overseer, in place of the one thing that is broken:
``python -c "from tests.edge.devices.camera.broken import main; main('crash', '/tmp/x')"``.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np

from edge.devices.camera import overseer
from edge.devices.camera.overseer import Seams
from edge.devices.camera.stream import StreamFailed, Wanted
from edge.devices.camera.watch import RESCUES, Watcher
from edge.devices.pictures.model import Reading
from tests.edge.devices import pictures as p
from tests.edge.devices.pictures import Gray

STALE_S = 0.6
FIRST, SECOND = "the first code of all", "another code after that"
DARK = 40
"""Mean brightness of the frame that breaks a decoder."""


def frame_of(text: str, number: int) -> Gray:
    """A code before a camera with the noise of a sensor, which no two frames share."""
    return p.noisy(p.on_a_desk(p.a_qr(text, module_px=6), width=320, height=240), 2, number)


def _poison(number: int) -> Gray:
    return p.noisy(np.full((240, 320), DARK // 2, np.uint8), 2, number)


class Camera:
    """Shows the first code for a while, then what breaks a decoder, then the second one.

    Args:
        poisoned: How many frames of poison there are.
    """

    def __init__(self, poisoned: int = 1) -> None:
        self._poisoned = poisoned
        self._count = 0

    def frame(self) -> Gray:
        time.sleep(1 / 30)
        self._count += 1
        if self._count < 8:
            return frame_of(FIRST, self._count)
        if self._count < 8 + self._poisoned:
            return _poison(self._count)
        return frame_of(SECOND, self._count)


class Blocking(Camera):
    """Blocks for ever after five frames."""

    def frame(self) -> Gray:
        if self._count == 5:
            time.sleep(3600)
        return super().frame()


class Dead(Camera):
    """Opens, and never delivers a frame."""

    def frame(self) -> Gray:
        time.sleep(3600)
        return super().frame()


class Repeating(Camera):
    """Shows its third frame again and again, as a driver does whose device is gone."""

    def frame(self) -> Gray:
        time.sleep(1 / 60)
        self._count = min(self._count + 1, 3)
        return frame_of(FIRST, self._count)


class Nonsense(Camera):
    """Delivers everything but a picture."""

    def frame(self) -> Any:
        time.sleep(1 / 60)
        self._count += 1
        luck = np.random.default_rng(self._count)
        return [
            None, np.zeros((0, 0), np.uint8), luck.integers(0, 255, 5000, np.uint8),
            np.frombuffer(p.jpeg(frame_of(FIRST, 1))[:300], np.uint8), "no array",
            np.zeros((4, 4, 7), np.uint8), np.zeros((9, 9), np.float64),
        ][self._count % 7]  # fmt: skip


class Unplugged(Camera):
    """Raises what a stream raises that has ended for good."""

    def frame(self) -> Gray:
        if self._count == 5:
            raise StreamFailed("the plug was pulled")
        return super().frame()


def crash(gray: Gray, at_s: float) -> list[Reading]:
    """Segfault over a dark frame."""
    if gray.mean() < DARK:
        os.kill(os.getpid(), signal.SIGSEGV)
    return _WATCHER.look(gray, at_s)


def hang(gray: Gray, at_s: float) -> list[Reading]:
    """Never come back from a dark frame."""
    while gray.mean() < DARK:
        pass
    return _WATCHER.look(gray, at_s)


def sleep(gray: Gray, at_s: float) -> list[Reading]:
    """Wait for ever over a dark frame, without computing anything."""
    if gray.mean() < DARK:
        time.sleep(3600)
    return _WATCHER.look(gray, at_s)


def devour(gray: Gray, at_s: float) -> list[Reading]:
    """Ask for more memory than a decoder may have."""
    if gray.mean() < DARK:
        np.ones(4 << 30, np.uint8)
    return _WATCHER.look(gray, at_s)


_WATCHER = Watcher(("qr",), tuple(RESCUES))


def main(what: str, state: str) -> None:
    """Be an overseer with one thing broken.

    Args:
        state: A file whose length says how often the camera was opened before.
    """
    opened = Path(state)

    def once(broken: type[Camera]) -> Any:
        """The first time it is broken, the second time it works."""

        def open_stream(wanted: Wanted) -> Camera:
            with opened.open("a") as file:
                file.write("x")
            if opened.stat().st_size == 1:
                return broken()
            return Camera(poisoned=0)

        return open_stream

    def always(camera: Camera) -> Any:
        return lambda wanted: camera

    overseer.main({
        "crash": Seams(always(Camera()), crash),
        "crash-always": Seams(always(Camera(poisoned=10_000)), crash),
        "hang": Seams(always(Camera()), hang),
        "sleep": Seams(always(Camera()), sleep, stuck_s=1.0),
        "devour": Seams(always(Camera()), devour),
        "block": Seams(once(Blocking), stale_s=STALE_S),
        "dead": Seams(lambda wanted: Dead(), stale_s=0.3),
        "repeat": Seams(once(Repeating)),
        "nonsense": Seams(once(Nonsense), stale_s=STALE_S),
        "unplug": Seams(always(Unplugged())),
    }[what])  # fmt: skip
