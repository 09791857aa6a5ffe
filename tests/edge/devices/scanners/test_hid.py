"""A keyboard wedge, read as the kernel delivers it: recorded events through a FIFO."""

from __future__ import annotations

import itertools
import os
import string
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.devices.ports import ScannerLost
from edge.devices.profiles import load
from edge.devices.scanners.admit import Fault, read_text
from edge.devices.scanners.frame import TOO_LONG
from edge.devices.scanners.hid_device import HidScanner
from edge.devices.scanners.hid_keys import EVENT, KeyEvent, KeyReader, events
from tests.edge.devices.scanners.rig import TOKEN

# The top row of a US keyboard and the rest, as evtest prints them: KEY_1 is 2, KEY_Q is 16 …
ROWS = {2: "1234567890-=", 16: "qwertyuiop[]", 30: "asdfghjkl;'`", 43: "\\zxcvbnm,./", 57: " "}
SHIFTED = dict(zip('!@#$%^&*()_+{}:"~|<>?', "1234567890-=[];'`\\,./", strict=True))
KEY = {char: first + at for first, row in ROWS.items() for at, char in enumerate(row)}
LEFT_SHIFT, LEFT_CTRL, LEFT_ALT, ENTER, KP_ENTER, CAPS_LOCK = 42, 29, 56, 28, 96, 58
KEYPAD = dict(zip("7894561230", (71, 72, 73, 75, 76, 77, 79, 80, 81, 82), strict=True))


def event(kind: int, code: int, value: int) -> bytes:
    return struct.pack("llHHi", 1_700_000_000, 250, kind, code, value)


SYN, DROPPED = event(0, 0, 0), event(0, 3, 0)


def key(code: int, *, held: tuple[int, ...] = ()) -> bytes:
    """One key goes down and up, with the scan code before it as a real keyboard sends it."""
    down = b"".join(event(1, k, 1) + SYN for k in held)
    up = b"".join(event(1, k, 0) + SYN for k in held)
    press = event(4, 4, 0x70000 + code) + event(1, code, 1) + SYN
    release = event(4, 4, 0x70000 + code) + event(1, code, 0) + SYN
    return down + press + release + up


def typed(text: str) -> bytes:
    """What a scanner that is set to US keys sends for a text."""
    raw = b""
    for char in text:
        if char in SHIFTED:
            raw += key(KEY[SHIFTED[char]], held=(LEFT_SHIFT,))
        elif char.isupper():
            raw += key(KEY[char.lower()], held=(LEFT_SHIFT,))
        else:
            raw += key(KEY[char])
    return raw


def read(raw: bytes, reader: KeyReader | None = None) -> list[bytes]:
    reader = reader or KeyReader()
    return [code for one in events(bytearray(raw)) for code in reader.feed(one)]


PRINTABLE = string.ascii_letters + string.digits + string.punctuation + " "


@given(st.text(PRINTABLE, min_size=1, max_size=60))
def test_every_printable_character_is_read_as_it_was_typed(text: str) -> None:
    assert read(typed(text) + key(ENTER)) == [text.encode()]


@given(st.lists(st.integers(0, 9000)))
def test_however_the_kernel_cuts_the_events_the_same_is_read(places: list[int]) -> None:
    raw = typed("9012345 aB$") + key(KP_ENTER) + typed("second") + key(ENTER)
    held, reader, found = bytearray(), KeyReader(), []
    edges = sorted({0, len(raw), *(p % len(raw) for p in places)})
    for start, end in itertools.pairwise(edges):
        held += raw[start:end]
        found += [code for one in events(held) for code in reader.feed(one)]
    assert found == [b"9012345 aB$", b"second"]


def test_caps_lock_of_the_scanner_turns_letters_and_nothing_else() -> None:
    assert read(key(CAPS_LOCK) + typed("aB1!") + key(ENTER)) == [b"Ab1!"]


def test_digits_of_the_keypad_and_numbers_with_alt() -> None:
    pad = b"".join(key(KEYPAD[digit]) for digit in "9012345678")
    assert read(pad + key(ENTER)) == [b"9012345678"]
    alt = event(1, LEFT_ALT, 1) + b"".join(key(KEYPAD[d]) for d in "0065") + event(1, LEFT_ALT, 0)
    assert read(alt + typed("b") + key(ENTER)) == [b"Ab"]


def test_a_group_separator_is_seen_and_refused_later() -> None:
    [code] = read(typed("0104") + key(KEY["]"], held=(LEFT_CTRL,)) + typed("10") + key(ENTER))
    assert code == b"0104\x1d10"
    assert read_text(code) is Fault.CONTROL


def test_when_events_were_dropped_the_rest_of_the_code_is_not_taken_for_one() -> None:
    reader = KeyReader()
    raw = typed("90123") + DROPPED + event(1, KEY["4"], 1) + SYN + typed("56789") + key(ENTER)
    assert read(raw, reader) == []
    assert read(typed("whole") + key(ENTER), reader) == [b"whole"]


def test_when_events_were_dropped_a_pause_ends_the_rest_too() -> None:
    reader = KeyReader()
    read(typed("90123") + DROPPED + SYN + typed("45"), reader)
    assert reader.is_waiting
    assert reader.silence() == []
    assert read(typed("whole") + key(ENTER), reader) == [b"whole"]


def test_a_key_that_hangs_costs_bounded_memory() -> None:
    reader = KeyReader()
    for _ in range(20_000):
        assert reader.feed(KeyEvent(1, KEY["9"], 1)) == []
        reader.feed(KeyEvent(1, KEY["9"], 2))
    assert len(reader._typed) <= len(TOO_LONG) + 1
    assert reader.feed(KeyEvent(1, ENTER, 1)) == [TOO_LONG]


@given(st.binary(max_size=EVENT.size * 40))
def test_any_bytes_at_all_raise_nothing(raw: bytes) -> None:
    reader = KeyReader()
    found = read(raw, reader) + reader.silence()
    assert all(isinstance(code, bytes) for code in found)


# --- the device ----------------------------------------------------------------------------------


@pytest.fixture(name="fifo")
def _fifo(tmp_path: Path) -> Path:
    path = tmp_path / "event7"
    os.mkfifo(path)
    return path


@pytest.fixture(name="device")
def _device(fifo: Path) -> Iterator[tuple[HidScanner, int]]:
    """A wedge that plays what is written into a FIFO."""
    scanner = HidScanner(str(fifo), load("scanner", "hid-us"), grab=False)
    scanner.open()
    player = os.open(fifo, os.O_WRONLY)
    yield scanner, player
    scanner.close()
    os.close(player)


def test_a_recorded_scan_is_read_from_the_device(device: tuple[HidScanner, int]) -> None:
    scanner, player = device
    recorded = typed(TOKEN.decode()) + key(ENTER)
    os.set_blocking(player, False)
    found: list[bytes] = []
    while recorded:
        recorded = recorded[os.write(player, recorded[: EVENT.size * 50 + 7]) :]
        found += scanner.read(0)
    while not found:
        found += scanner.read(1.0)
    assert found == [TOKEN]


def test_a_scan_without_enter_ends_with_a_pause(device: tuple[HidScanner, int]) -> None:
    scanner, player = device
    os.write(player, typed("812345"))
    assert scanner.read(10.0) == [b"812345"]


def test_a_wedge_that_is_unplugged_raises_what_a_supervisor_knows(fifo: Path) -> None:
    scanner = HidScanner(str(fifo), load("scanner", "hid-us"), grab=False)
    scanner.open()
    player = os.open(fifo, os.O_WRONLY)
    os.write(player, typed("8123"))
    os.close(player)
    with pytest.raises((ScannerLost, OSError)):
        scanner.read(10.0)
    scanner.close()


def test_what_is_no_input_device_cannot_be_grabbed(fifo: Path) -> None:
    scanner = HidScanner(str(fifo), load("scanner", "hid-us"))
    with pytest.raises(ScannerLost):
        scanner.open()
    scanner.close()


def test_a_device_that_is_not_there_is_absent(tmp_path: Path) -> None:
    scanner = HidScanner(str(tmp_path / "event9"), load("scanner", "hid-us"))
    assert scanner.attached() is None
    with pytest.raises(ScannerLost, match="no such device"):
        scanner.open()
