"""Packets of Zebra's Simple Serial Interface: what a scanner sends, and what it is answered. Pure.

A packet is length, opcode, source, status, data and a checksum of two bytes; the length counts
all but the checksum, which is the two's complement of the sum of all bytes before it. The scanner
sends a packet again until it is acknowledged, so a code that came twice for want of an
acknowledgement counts once.

Source: Zebra, Simple Serial Interface Programmer's Guide, 72E-40451.
"""

from __future__ import annotations

from edge.devices.scanners.frame import RAW_BYTES_MAX, TOO_LONG

DECODE_DATA = 0xF3
ACK, NAK = 0xD0, 0xD1
HOST = 0x04
RESENT, CONTINUES = 0x01, 0x02
"""Bits of the status: this packet was sent before; more of this message follows."""
CHECKSUM_IS_WRONG = 0x01
"""Reason of a NAK: send it again."""
_HEAD_BYTES = 4
_CHECKSUM_BYTES = 2


def packet(opcode: int, data: bytes = b"", *, source: int = HOST, status: int = 0) -> bytes:
    """Return a packet as it goes over the wire."""
    body = bytes([_HEAD_BYTES + len(data), opcode, source, status]) + data
    return body + checksum(body)


def checksum(body: bytes) -> bytes:
    """Return the two bytes that make the sum zero."""
    return (-sum(body) & 0xFFFF).to_bytes(2, "big")


class SsiReader:
    """Puts packets together and answers them. Holds at most one message and one packet."""

    idle_s = 0.3
    """A packet of 257 bytes at 9600 baud has no gap of this length; what is older is a rest."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._message = bytearray()
        self._last = b""

    @property
    def is_waiting(self) -> bool:
        """Whether part of a packet, or of a message of several, is held."""
        return bool(self._held or self._message)

    def feed(self, chunk: bytes) -> tuple[list[bytes], bytes]:
        """Return the codes that these bytes complete, and what is to be answered."""
        self._held += chunk
        codes: list[bytes] = []
        answer = b""
        while self._held:
            length = self._held[0]
            if length < _HEAD_BYTES:  # no packet begins so: noise
                del self._held[0]
                continue
            end = length + _CHECKSUM_BYTES
            if len(self._held) < end:
                break
            whole = bytes(self._held[:end])
            if checksum(whole[:length]) != whole[length:]:
                # Where the next packet begins cannot be known; the scanner sends this one again.
                self._held.clear()
                return codes, answer + packet(NAK, bytes([CHECKSUM_IS_WRONG]))
            del self._held[:end]
            found, said = self._take(whole[1], whole[3], whole[_HEAD_BYTES:length])
            codes += found
            answer += said
        return codes, answer

    def silence(self) -> tuple[list[bytes], bytes]:
        """Drop what did not come to its end; ask for a packet again of which a part came."""
        again = packet(NAK, bytes([CHECKSUM_IS_WRONG])) if self._held else b""
        self._held.clear()
        self._message.clear()  # the next code must not be taken for the rest of this one
        return [], again

    def _take(self, opcode: int, status: int, data: bytes) -> tuple[list[bytes], bytes]:
        if opcode in {ACK, NAK}:
            return [], b""
        if opcode != DECODE_DATA or not data:
            return [], packet(ACK)
        if status & RESENT and data == self._last:
            return [], packet(ACK)
        self._last = data
        # The first byte says which symbology it is; in what follows there is none.
        self._message += data if self._message else data[1:]
        if len(self._message) > RAW_BYTES_MAX:
            self._message = bytearray(TOO_LONG)
        if status & CONTINUES:
            return [], packet(ACK)
        code = bytes(self._message)
        self._message.clear()
        return [code] if code else [], packet(ACK)
