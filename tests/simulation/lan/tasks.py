"""Several people at several tills at the same moment: each is a thread, and one runs at a time.

Who waits says until when; the next one is whoever waits no longer. So a seed stays the same run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulation.lan.node import LanNode
    from tests.simulation.lan.wires import Wires


class Task:
    """Something that somebody does, and when it goes on."""

    def __init__(self, at_s: float, do: Callable[[], None]) -> None:
        self.wake_at_s = at_s
        self.node: LanNode | None = None
        self.heard = 0
        self.is_done = False
        self.error: BaseException | None = None
        self.go = threading.Semaphore(0)
        self.thread = threading.Thread(target=self._run, args=(do,), daemon=True)
        self._back: threading.Semaphore | None = None

    def resume(self, back: threading.Semaphore) -> None:
        """Go on until it waits again, or is done."""
        if self._back is None:
            self._back = back
            self.thread.start()
        else:
            self.go.release()
        back.acquire()

    def sleep(self) -> None:
        """Let the others go on; called by itself."""
        assert self._back is not None, "it was resumed"
        self._back.release()
        self.go.acquire()

    def _run(self, do: Callable[[], None]) -> None:
        assert self._back is not None, "it was resumed"
        try:
            do()
        except BaseException as exc:  # noqa: BLE001 - handed on to whoever runs them
            self.error = exc
        self.is_done = True
        self._back.release()


class Tasks:
    """Runs tasks side by side in the world's time.

    Attributes:
        current: The task that runs at this moment; None while there are none.
    """

    def __init__(self, wires: Wires) -> None:
        self._wires = wires
        self.current: Task | None = None

    def run(self, tasks: list[Task]) -> None:
        """Run all of them to their end."""
        back = threading.Semaphore(0)
        while waiting := [task for task in tasks if not task.is_done]:
            for task in waiting:
                if task.node is not None and task.node.heard != task.heard:
                    task.wake_at_s = min(task.wake_at_s, self._wires.now_s())
            first = min(waiting, key=lambda task: task.wake_at_s)
            event_at_s = self._wires.next_at_s()
            if event_at_s is not None and event_at_s < first.wake_at_s:
                self._wires.one_event()
                continue
            self._wires.set_time(first.wake_at_s)
            self.current, first.node = first, None
            try:
                first.resume(back)
            finally:
                self.current = None
            if first.error is not None:
                raise first.error

    def sleep(self, seconds: float, node: LanNode | None = None) -> None:
        """Let the task that runs wait so long, or until something reaches its till."""
        task = self.current
        assert task is not None, "called within a task"
        task.wake_at_s = self._wires.now_s() + seconds
        task.node, task.heard = node, node.heard if node else 0
        task.sleep()
