"""The child that decodes: what it answers, what it may use, and what its death costs."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from edge.devices.pictures.decoder import PictureDecoder
from edge.devices.pictures.opening import PIXELS_MAX
from edge.errors import DecoderUnavailable, EdgeError, RequestInvalid
from tests import builders as b
from tests.edge.devices import pictures as p

TOKEN = b.a_token()
PICTURE = p.png(p.on_a_desk(p.a_qr(TOKEN, module_px=5)))
WHITE = p.png(np.full((48, 64), 255, np.uint8))
LARGE = p.jpeg(p.noisy(np.full((3000, 4000), 128, np.uint8), 60), quality=95)
"""More than a pipe holds."""


def python(code: str) -> list[str]:
    """The command of a child that runs this in place of ours."""
    return [sys.executable, "-c", code]


@pytest.fixture(name="decoder", scope="module")
def _decoder() -> Iterator[PictureDecoder]:
    """One child for all tests that leave it alive; starting it takes a second."""
    decoder = PictureDecoder()
    yield decoder
    decoder.stop()


@pytest.fixture(name="own")
def _own() -> Iterator[PictureDecoder]:
    """A child that the test may kill."""
    decoder = PictureDecoder()
    yield decoder
    decoder.stop()


def pid_of(decoder: PictureDecoder) -> int:
    child = decoder._child
    assert child is not None
    return child.pid


# --- answers -------------------------------------------------------------------------------------


def test_a_code_is_read_in_the_child(decoder: PictureDecoder) -> None:
    reading = decoder.read(PICTURE)
    assert reading is not None
    assert (reading.text, reading.format, reading.stage) == (TOKEN, "qr", "raw")


def test_a_picture_without_a_code_is_none(decoder: PictureDecoder) -> None:
    assert decoder.read(WHITE) is None
    assert decoder.read(LARGE, budget_s=0.1) is None


@pytest.mark.parametrize("payload", ["9" * 4096, b"\xff\xfe\x00\x1b", "码" * 300])
def test_any_payload_comes_through_the_pipe_as_text(
    decoder: PictureDecoder, payload: str | bytes
) -> None:
    reading = decoder.read(p.png(p.a_qr(payload, module_px=4, error="l")))
    assert reading is not None
    text = payload if isinstance(payload, str) else payload.decode("latin-1")
    assert reading.text == text


@pytest.mark.parametrize(
    "data", [b"", b"x", b"\x89PNG\r\n\x1a\n", PICTURE[: len(PICTURE) // 2], os.urandom(100_000)],
    ids=["nothing", "a letter", "a head", "half a file", "noise"],
)  # fmt: skip
def test_what_is_no_picture_is_said_and_costs_no_child(
    decoder: PictureDecoder, data: bytes
) -> None:
    decoder.read(WHITE)
    before = pid_of(decoder)
    with pytest.raises(RequestInvalid, match="not a picture") as caught:
        decoder.read(data)
    assert caught.value.slug == "request-invalid"
    assert pid_of(decoder) == before


def test_a_small_file_that_opens_to_a_gigabyte_is_no_picture(decoder: PictureDecoder) -> None:
    bomb = p.a_bomb(16_000, PIXELS_MAX // 16_000 + 1)
    assert len(bomb) < 200_000
    with pytest.raises(RequestInvalid, match="not a picture") as caught:
        decoder.read(bomb)
    assert caught.value.extra["picture"] == "too-large"
    assert decoder.read(PICTURE)


def test_what_the_libraries_complain_of_reaches_no_log(
    own: PictureDecoder, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = bytearray(PICTURE)
    broken[200:220] = bytes(20)
    with pytest.raises(RequestInvalid):
        own.read(bytes(broken))
    assert capfd.readouterr().err == ""


def test_one_child_serves_all_threads(decoder: PictureDecoder) -> None:
    decoder.read(WHITE)
    before = pid_of(decoder)
    found: list[str] = []

    def read() -> None:
        reading = decoder.read(PICTURE)
        found.append(reading.text if reading else "")

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found == [TOKEN] * 8
    assert pid_of(decoder) == before


# --- a child that dies or hangs ------------------------------------------------------------------


def refused(decoder: PictureDecoder, picture: bytes = PICTURE) -> EdgeError:
    """Read a picture that this decoder cannot read."""
    with pytest.raises(DecoderUnavailable) as caught:
        decoder.read(picture)
    return caught.value


def test_a_child_killed_between_two_pictures_is_started_anew(own: PictureDecoder) -> None:
    assert own.read(PICTURE)
    os.kill(pid_of(own), signal.SIGKILL)
    os.waitid(os.P_PID, pid_of(own), os.WEXITED | os.WNOWAIT)
    assert own.read(PICTURE)


def test_a_child_that_hangs_is_killed_and_the_next_picture_starts_another(
    own: PictureDecoder, caplog: pytest.LogCaptureFixture
) -> None:
    assert own.read(WHITE) is None
    stopped = pid_of(own)
    os.kill(stopped, signal.SIGSTOP)
    own._answer_s = 0.3
    assert refused(own, LARGE).slug == "decoder-unavailable"
    with pytest.raises(ProcessLookupError):
        os.kill(stopped, 0)
    own._answer_s = 20
    assert own.read(PICTURE)
    assert "started anew" in caplog.text


READ_ONE = (
    "import struct, sys; n = sum(struct.unpack('>II', sys.stdin.buffer.read(8)));"
    " sys.stdin.buffer.read(n); out = sys.stdout.buffer; "
)
BROKEN: dict[str, str] = {
    "ends at once": "pass",
    "ends without reading": "import sys; sys.stdin.close()",
    "crashes": "import os; os.abort()",
    "crashes over the picture": READ_ONE + "import os; os.kill(os.getpid(), 11)",
    "runs out of memory": READ_ONE + "raise MemoryError",
    "answers half": READ_ONE + "out.write(b'\\x00\\x00')",
    "answers less than it says": READ_ONE + "out.write(struct.pack('>II', 999, 0) + b'{}')",
    "answers no JSON": READ_ONE + "out.write(struct.pack('>II', 3, 0) + b'abc')",
    "answers no UTF-8": READ_ONE + "out.write(struct.pack('>II', 3, 0) + b'\\xff\\xfe\\xfd')",
    "hangs before the picture": "import time; time.sleep(60)",
    "hangs over the picture": READ_ONE + "import time; time.sleep(60)",
    "hangs in its answer": READ_ONE
    + "out.write(struct.pack('>II', 9, 0)); out.flush(); import time; time.sleep(60)",
    "answers something else": READ_ONE + "out.write(struct.pack('>II', 2, 0) + b'{}')",
    "answers a list": READ_ONE + "out.write(struct.pack('>II', 2, 0) + b'[]')",
    "promises four gigabytes": READ_ONE + "out.write(struct.pack('>II', 2**32 - 1, 0))",
}


@pytest.mark.parametrize("code", BROKEN.values(), ids=BROKEN)
def test_a_decoder_that_is_broken_is_an_error_in_words_and_in_time(code: str) -> None:
    decoder = PictureDecoder(python(code), answer_s=1)
    begun = time.monotonic()
    error = refused(decoder, LARGE)
    assert time.monotonic() - begun < 15
    assert (error.slug, error.detail) == (
        "decoder-unavailable", "The picture could not be read; try another.",
    )  # fmt: skip
    assert decoder._child is None, "it was not left behind"


def test_a_decoder_that_cannot_be_started_is_an_error_in_words() -> None:
    assert refused(PictureDecoder(["/nowhere/python"])).slug == "decoder-unavailable"


def test_without_the_camera_extra_the_error_says_how_to_install_it() -> None:
    without = (
        "import sys; sys.modules['cv2'] = None;"
        " from edge.devices.pictures.child import main; main()"
    )
    decoder = PictureDecoder(python(without))
    assert "tearoff[camera]" in refused(decoder).detail
    decoder.stop()


def test_the_child_ends_with_the_unit(own: PictureDecoder) -> None:
    """Its input ends when the unit is killed, whatever was going on."""
    own.read(WHITE)
    child = own._child
    assert child is not None
    assert child.stdin is not None
    child.stdin.close()
    assert child.wait(20) == 0


def test_stopping_twice_or_before_the_first_picture_does_nothing() -> None:
    decoder = PictureDecoder()
    decoder.stop()
    decoder.stop()
