"""Handles: ten digits that stand for a voucher's index, differently in each epoch.

The permutation is FF1 (NIST SP 800-38G, algorithm 7 and 8) with radix 10 and an empty tweak, so
that any FF1 library reads a short code. It cannot be counted through, and two epochs' handles of
one voucher cannot be linked without the key.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

HANDLE_DIGITS = 10

_ROUNDS = 10
_HALF = HANDLE_DIGITS // 2
_MODULUS = 10**_HALF
# B and d of SP 800-38G for radix 10 and halves of five digits: three bytes hold 10**5, and
# 4 * ceil(3 / 4) + 4 = 8 bytes of key stream are reduced modulo 10**5.
_B, _D = 3, 8

# The quasigroup of H. M. Damm (2004): totally anti-symmetric, so it finds every single wrong
# digit and every swap of neighbours.
_DAMM = (
    "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
    "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
)  # fmt: skip


def damm_digit(digits: str) -> str:
    """Return the check digit of a decimal string; ``damm_digit("572") == "4"``."""
    interim = 0
    for digit in digits:
        interim = int(_DAMM[interim][int(digit)])
    return str(interim)


def handle_of(index: int, key: bytes) -> str:
    """Return the handle of an index (0 to 10**10 - 1) under an AES key, ten digits."""
    return ff1_encrypt(f"{index:010d}", key)


def index_of(handle: str, key: bytes) -> int:
    """Return the index behind a handle. Any ten digits have one: the caller looks it up."""
    return int(ff1_decrypt(handle, key))


def ff1_encrypt(digits: str, key: bytes, tweak: bytes = b"") -> str:
    """Encrypt ten decimal digits with FF1 (SP 800-38G, algorithm 7)."""
    a, b = int(digits[:_HALF]), int(digits[_HALF:])
    prf = _Prf(key, tweak)
    for i in range(_ROUNDS):
        a, b = b, (a + prf(i, b)) % _MODULUS
    return f"{a:05d}{b:05d}"


def ff1_decrypt(digits: str, key: bytes, tweak: bytes = b"") -> str:
    """Decrypt ten decimal digits with FF1 (SP 800-38G, algorithm 8)."""
    a, b = int(digits[:_HALF]), int(digits[_HALF:])
    prf = _Prf(key, tweak)
    for i in reversed(range(_ROUNDS)):
        a, b = (b - prf(i, a)) % _MODULUS, a
    return f"{a:05d}{b:05d}"


class _Prf:
    """The round function of FF1: AES-CBC-MAC over a fixed block P and the round's block Q."""

    def __init__(self, key: bytes, tweak: bytes) -> None:
        self._aes = algorithms.AES(key)
        self._p = (
            bytes([1, 2, 1])
            + (10).to_bytes(3, "big")  # radix
            + bytes([_ROUNDS, _HALF])
            + HANDLE_DIGITS.to_bytes(4, "big")
            + len(tweak).to_bytes(4, "big")
        )
        self._q = tweak + bytes((-len(tweak) - _B - 1) % 16)

    def __call__(self, i: int, half: int) -> int:
        mac = Cipher(self._aes, modes.CBC(bytes(16))).encryptor()
        blocks = self._p + self._q + bytes([i]) + half.to_bytes(_B, "big")
        return int.from_bytes(mac.update(blocks)[-16:][:_D], "big")
