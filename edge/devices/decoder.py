"""Reads pictures in a child process: native decoders have had memory bugs, and OpenCV is large.

The child is started with the first picture and again after it died or did not answer. One
picture at a time; the caller waits.
"""

from __future__ import annotations

import json
import logging
import resource
import struct
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import IO, Any

from edge.devices.decode_picture import NotAPicture, Reading, read_picture
from edge.errors import N_, DecoderUnavailable, RequestInvalid

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "edge.devices.decoder")
ANSWER_S = 10.0
"""The first answer includes starting Python and loading OpenCV, about a second."""
ADDRESS_SPACE_BYTES = 2 << 30
_LENGTH = struct.Struct(">I")


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

    def read(self, picture: bytes) -> Reading | None:
        """Return the code in a picture file, None if there is none.

        Raises:
            RequestInvalid: it is no picture, or one that is too large.
            DecoderUnavailable: the camera extra is missing, or the decoder died of the picture.
        """
        with self._lock:
            try:
                answer = self._ask(picture)
            except (OSError, EOFError, ValueError) as exc:
                self.stop()
                log.warning("the picture decoder was started anew: %s", exc)
                raise DecoderUnavailable(N_("The picture could not be read; try another.")) from exc
        if "error" in answer:
            if answer["error"] == "not-a-picture":
                raise RequestInvalid(N_("This is not a picture that can be opened."))
            raise DecoderUnavailable(N_("Install the camera extra: pip install 'tearoff[camera]'."))
        return Reading(**answer["reading"]) if answer["reading"] else None

    def stop(self) -> None:
        """End the child; the next picture starts another."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            for pipe in (self._child.stdin, self._child.stdout):
                if pipe:
                    pipe.close()
            self._child = None

    def _ask(self, picture: bytes) -> dict[str, Any]:
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
            child.stdin.write(_LENGTH.pack(len(picture)) + picture)
            child.stdin.flush()
            (length,) = _LENGTH.unpack(_exactly(child.stdout, _LENGTH.size))
            answer: dict[str, Any] = json.loads(_exactly(child.stdout, length))
        finally:
            deadline.cancel()
        return answer


def _exactly(stream: IO[bytes], count: int) -> bytes:
    data = stream.read(count)
    if len(data) != count:
        raise EOFError("the decoder died")
    return data


def main() -> None:
    """The child: pictures in at stdin, answers out at stdout, until stdin ends."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))
    while head := sys.stdin.buffer.read(_LENGTH.size):
        picture = _exactly(sys.stdin.buffer, _LENGTH.unpack(head)[0])
        try:
            reading = read_picture(picture)
            answer: dict[str, object] = {"reading": reading and reading._asdict()}
        except NotAPicture:
            answer = {"error": "not-a-picture"}
        except ImportError:
            answer = {"error": "camera-extra-missing"}
        body = json.dumps(answer).encode()
        sys.stdout.buffer.write(_LENGTH.pack(len(body)) + body)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
