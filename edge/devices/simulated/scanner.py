"""A scanner on a pseudo-terminal: a program opens it like ``/dev/ttyUSB0``, and it can misbehave.

It is strict: what it is told has to be a command of its make, to the byte, or it stays silent and
notes it. It knows what the makers' manuals say, and nothing of what the unit does.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
import tty
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path


class Make(StrEnum):
    """Whose scanner it is."""

    PLAIN = "plain"
    """Sends codes and takes no commands."""
    GM65 = "gm65"
    NEWLAND = "newland"
    HONEYWELL = "honeywell"
    SSI = "ssi"


class Fault(StrEnum):
    """How it can misbehave; switched on until it is switched off."""

    MUTE = "mute"
    """It answers nothing."""
    WRONG_ANSWER = "wrong-answer"
    SLOW = "slow"
    """Ten bytes at a time with a pause that a code's own silence is longer than."""
    GARBLED = "garbled"
    """SSI: each packet goes out damaged the first time."""
    NO_END = "no-end"
    """It forgets what ends a code."""


GM65_ANSWER = bytes.fromhex("02000001003331")
RESENDS = 3
ACK_WAIT_S = 1.0
_END = {Make.GM65: b"\r", Make.NEWLAND: b"\r\n", Make.HONEYWELL: b"\r", Make.PLAIN: b"\r"}


class SimulatedScanner:
    """A scanner that a test, a demo or a person at a keyboard makes scan.

    Args:
        link: Where the device appears while it is plugged in.
        on_trigger: Whether it scans only after it was told to, as in host mode.
    """

    def __init__(self, link: Path, make: Make = Make.PLAIN, *, on_trigger: bool = False) -> None:
        self.link = link
        self.make = make
        self.faults: set[Fault] = set()
        self.told: list[bytes] = []
        """Commands that it has understood."""
        self.not_understood: list[bytes] = []
        self.looks = not on_trigger
        self._master: int | None = None
        self._slave: int | None = None
        self._heard = bytearray()
        self._acknowledged = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def plug_in(self) -> None:
        """Appear at the link."""
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self._heard.clear()
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(os.ttyname(self._slave))
        self._thread = threading.Thread(target=self._listen, args=(self._master,), daemon=True)
        self._thread.start()

    def unplug(self) -> None:
        """Vanish, in the middle of whatever is going on."""
        self.link.unlink(missing_ok=True)
        master, self._master = self._master, None
        if self._thread:
            self._thread.join()
        for end in (master, self._slave):
            if end is not None:
                with contextlib.suppress(OSError):
                    os.close(end)
        self._slave = None

    def scan(self, code: bytes) -> bool:
        """Read a code and send it; False if it was not looking, or nobody took it."""
        if not self.looks:
            return False
        if self.make is Make.SSI:
            return self._send_packet(code)
        self.send(code + (b"" if Fault.NO_END in self.faults else _END[self.make]))
        return True

    def send(self, raw: bytes) -> None:
        """Send bytes as they are."""
        step = 10 if Fault.SLOW in self.faults else len(raw) or 1
        for at in range(0, len(raw), step):
            self._write(raw[at : at + step])
            if Fault.SLOW in self.faults:
                time.sleep(0.01)

    def _write(self, raw: bytes) -> None:
        with self._lock:
            while raw and self._master is not None:
                _, ready, _ = select.select([], [self._master], [], 1.0)
                if not ready:
                    continue
                # Small enough that a pseudo-terminal nobody reads takes it or blocks only shortly.
                raw = raw[os.write(self._master, raw[:256]) :]

    # --- what it is told -------------------------------------------------------------------------

    def _listen(self, master: int) -> None:
        while self._master == master:
            ready, _, _ = select.select([master], [], [], 0.02)
            if not ready:
                continue
            try:
                self._heard += os.read(master, 1024)
            except OSError:  # nobody has it open
                time.sleep(0.02)
                continue
            self._understand()

    def _understand(self) -> None:
        read: dict[Make, Callable[[bytes], int]] = {
            Make.GM65: self._gm65, Make.NEWLAND: self._newland,
            Make.HONEYWELL: self._honeywell, Make.SSI: self._ssi,
        }  # fmt: skip
        while self._heard:
            used = read[self.make](bytes(self._heard)) if self.make in read else 0
            if used < 0:
                return  # more is to come
            if used == 0:
                self.not_understood.append(bytes(self._heard))
                used = len(self._heard)
            del self._heard[:used]

    def _answer(self, answer: bytes) -> None:
        if Fault.MUTE in self.faults:
            return
        if Fault.WRONG_ANSWER in self.faults:
            answer = bytes(byte ^ 0x55 for byte in answer)
        self._write(answer)

    def _gm65(self, heard: bytes) -> int:
        """Register write: 7E 00, type, length, address of two bytes, data, CRC; AB CD is no CRC."""
        if len(heard) < 6:
            return -1 if b"\x7e\x00".startswith(heard[:2]) else 0
        if heard[:2] != b"\x7e\x00" or heard[2] not in {7, 8, 9}:
            return 0
        end = 6 + heard[3] + 2
        if len(heard) < end:
            return -1
        body, given = heard[2 : end - 2], heard[end - 2 : end]
        if given not in {b"\xab\xcd", crc16(body)}:
            return 0
        self.told.append(heard[:end])
        if body[:4] == bytes.fromhex("08010002"):
            self.looks = bool(body[4] & 1)
        self._answer(GM65_ANSWER)
        return end

    def _newland(self, heard: bytes) -> int:
        """``~<SOH>0000`` and ``@`` or ``#``, a tag with data, ``;<ETX>``; answered with ACK."""
        if b";\x03" not in heard:
            return -1 if heard.startswith(b"~\x01") or b"~\x01".startswith(heard) else 0
        command = heard[: heard.index(b";\x03") + 2]
        if not command.startswith((b"~\x010000@", b"~\x010000#")) or len(command) < 12:
            return 0
        self.told.append(command)
        if command[7:13] == b"SCNTRG":
            self.looks = command[13:14] == b"1"
        self._answer(b"\x02\x010000" + command[6:-2] + b"\x06;\x03")
        return len(command)

    def _honeywell(self, heard: bytes) -> int:
        """``SYN T CR`` begins to look, ``SYN U CR`` stops; neither is answered."""
        if len(heard) < 3:
            return -1 if heard[:1] == b"\x16" else 0
        if heard[:3] not in {b"\x16T\r", b"\x16U\r"}:
            return 0
        self.told.append(heard[:3])
        self.looks = heard[1:2] == b"T"
        return 3

    def _ssi(self, heard: bytes) -> int:
        """Length, opcode, source 04, status, data, checksum."""
        if len(heard) < heard[0] + 2:
            return -1
        length = heard[0]
        body, given = heard[:length], heard[length : length + 2]
        if length < 4 or body[2] != 4 or given != ssi_checksum(body):
            return 0
        self.told.append(heard[: length + 2])
        if body[1] == 0xD0:
            self._acknowledged.set()
        elif body[1] in {0xE4, 0xE5}:
            self.looks = body[1] == 0xE4
            self._answer(bytes.fromhex("04d00000ff2c"))
        return length + 2

    def _send_packet(self, code: bytes) -> bool:
        data = b"\x1c" + code  # the symbology, then what it says
        for sent in range(1 + RESENDS):
            body = bytes([4 + len(data), 0xF3, 0x00, 0x01 if sent else 0x00]) + data
            raw = bytearray(body + ssi_checksum(body))
            if Fault.GARBLED in self.faults and not sent:
                raw[6] ^= 0x20
            self._acknowledged.clear()
            self.send(bytes(raw))
            if self._acknowledged.wait(ACK_WAIT_S):
                return True
        return False


def crc16(body: bytes) -> bytes:
    """Return CRC-16/XMODEM, as the GM65 checks its commands."""
    crc = 0
    for byte in body:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc.to_bytes(2, "big")


def ssi_checksum(body: bytes) -> bytes:
    """Return the two's complement of the sum."""
    return (0x10000 - sum(body) % 0x10000).to_bytes(3, "big")[-2:]
