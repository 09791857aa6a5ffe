"""Reads pictures in a child process: native decoders have had memory bugs, and OpenCV is large.

The child is started with the first picture and again after it died or did not answer. One
picture at a time; the caller waits.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from edge.devices.pictures.model import Reading
from edge.devices.pictures.wire import packed, receive
from edge.errors import N_, DecoderUnavailable, RequestInvalid

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "edge.devices.pictures.child")
ANSWER_S = 15.0
"""The first answer includes starting Python and loading OpenCV, about a second."""
CLERK_FORMATS = ("qr", "code128")
CLERK_BUDGET_S = 2.0
"""A clerk waits for the answer; nearly every code is read within a tenth of this."""


class Answer(NamedTuple):
    """What came of one picture.

    Args:
        ms: Milliseconds from the bytes of the file to the answer, in the child.
    """

    reading: Reading | None
    ms: float


class PictureDecoder:
    """A child process that decodes. Safe to call from many threads.

    Args:
        command: Starts the child.
        answer_s: A child that has not answered by then is killed.
    """

    def __init__(self, command: Sequence[str] = COMMAND, answer_s: float = ANSWER_S) -> None:
        self._command = command
        self._answer_s = answer_s
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self.is_installed = True
        """False once the child has said that its libraries are missing."""

    def read(
        self, picture: bytes, formats: Collection[str] = CLERK_FORMATS,
        budget_s: float = CLERK_BUDGET_S,
    ) -> Reading | None:  # fmt: skip
        """Return the code in a picture file, None if there is none; see ``answer``."""
        return self.answer(picture, formats, budget_s).reading

    def answer(self, picture: bytes, formats: Collection[str], budget_s: float) -> Answer:
        """Return the code in a picture file, if there is one, and how long that took.

        Args:
            formats: Some of ``model.FORMATS``.
            budget_s: No further way of looking is begun after so many seconds of the processor.

        Raises:
            RequestInvalid: it is no picture, or one that is too large; ``extra["picture"]`` is
                ``not-a-picture``, ``incomplete`` or ``too-large``.
            DecoderUnavailable: the camera extra is missing, or the decoder died of the picture.
        """
        asked = {"do": "picture", "formats": list(formats), "budget_s": budget_s}
        with self._lock:
            try:
                answer = self._ask(packed(asked, picture))
                if "reading" not in answer and "error" not in answer:
                    raise ValueError("the decoder's answer is not one")
            except (OSError, EOFError, ValueError) as exc:
                self.stop()
                log.warning("the picture decoder was started anew: %s", exc)
                raise DecoderUnavailable(N_("The picture could not be read; try another.")) from exc
        if "error" in answer:
            self.is_installed = answer["error"] != "camera-extra-missing"
            raise _refusal(answer)
        found = answer["reading"]
        return Answer(Reading(**found) if found else None, answer["ms"])

    def stop(self) -> None:
        """End the child; the next picture starts another."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            for pipe in (self._child.stdin, self._child.stdout):
                if pipe:
                    try:
                        pipe.close()
                    except OSError:  # what was not yet sent cannot be sent any more
                        log.debug("the child's pipe was broken")
            self._child = None

    def _ask(self, request: bytes) -> dict[str, Any]:
        child = self._child
        if child is None or child.poll() is not None:
            self.stop()
            child = self._child = subprocess.Popen(  # noqa: S603 - nobody else names the command
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        assert child.stdin is not None, "asked for with PIPE"
        assert child.stdout is not None, "asked for with PIPE"
        # A child may hang before, in the middle of and after everything below.
        deadline = threading.Timer(self._answer_s, child.kill)
        deadline.start()
        try:
            child.stdin.write(request)
            child.stdin.flush()
            answer = receive(child.stdout)
        finally:
            deadline.cancel()
        if answer is None:
            raise EOFError("the decoder died")
        return answer[0]


def _refusal(answer: dict[str, Any]) -> Exception:
    if answer["error"] == "camera-extra-missing":
        return DecoderUnavailable(N_("Install the camera extra: pip install 'tearoff[camera]'."))
    return RequestInvalid(
        N_("This is not a picture that can be opened."),
        picture=answer["error"], says=answer.get("says", ""),
    )  # fmt: skip
