"""What is left, read by somebody who shares no code with us: contract, SQLite and COSE alone.

Nothing of ``edge`` or ``central`` is imported here on purpose. What it knows is in
docs/reference/contract.md.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import cbor2
from pycose.keys.curves import Ed25519
from pycose.keys.okp import OKPKey
from pycose.messages.sign1message import Sign1Message

REDEMPTION, REFUSAL, VOID, EPOCH = 1, 2, 3, 4
MODES = {1: "online", 2: "grant", 3: "lease", 4: "lan", 5: "degraded", 6: "solo", None: None}


# --- vouchers ------------------------------------------------------------------------------------


def token_bytes(text: str) -> bytes | None:
    """Return payload and signature of a token's 218 digits; None if they are no token's."""
    digits = text.strip()
    if len(digits) != 218 or not digits.isascii() or not digits.isdecimal() or digits[0] != "9":
        return None
    number = int(digits[1:])
    return number.to_bytes(90, "big") if number < 2**720 else None


def is_signed_by(text: str, issuer: str, public_key: bytes) -> bool:
    """Say whether a token is a COSE_Sign1 of this key, whose headers are implied."""
    token = token_bytes(text)
    if token is None:
        return False
    wrapped = bytes.fromhex("d28443a10127a0581a") + token[:26] + b"\x58\x40" + token[26:]
    message: Any = Sign1Message.decode(wrapped)
    message.key = OKPKey(crv=Ed25519, x=public_key, optional_params={})
    message.external_aad = b"VX1" + issuer.encode()
    return bool(message.verify_signature())


def voucher_id_of(text: str) -> str:
    """Return the voucher id that a token's payload says, in hex."""
    token = token_bytes(text[:218])
    assert token is not None
    return token[2:8].hex()


# --- journals ------------------------------------------------------------------------------------


class Row(NamedTuple):
    """One entry of a unit's journal.

    Args:
        said: The entry as CBOR says it; keys are those of the contract, section 6.
        papers: How many print jobs there are of it.
    """

    epoch: int
    seq: int
    hash: bytes
    raw: bytes
    said: dict[int, Any]
    papers: int

    @property
    def kind(self) -> int:
        """1 redemption, 2 refusal, 3 void, 4 epoch."""
        return int(self.said[6])


def journal_of(directory: Path) -> list[Row]:
    """Return the journal of a unit that does not run, having walked its chain."""
    with database(directory / "unit.db") as unit:
        found = unit.execute(
            "SELECT epoch, seq, hash, entry, (SELECT count(*) FROM print_job"
            " WHERE print_job.epoch = journal.epoch AND print_job.seq = journal.seq)"
            " FROM journal ORDER BY epoch, seq"
        ).fetchall()
    rows: list[Row] = []
    for epoch, seq, digest, raw, papers in found:
        said = cbor2.loads(raw)
        assert hashlib.sha256(b"VXJ1" + raw).digest() == digest
        assert (said[3], said[4]) == (epoch, seq) == (1, len(rows) + 1)
        assert said[5] == (rows[-1].hash if rows else bytes(32))
        rows.append(Row(epoch, seq, digest, raw, said, papers))
    return rows


# --- databases -----------------------------------------------------------------------------------


@contextmanager
def database(file: Path) -> Iterator[sqlite3.Connection]:
    """Open a copy of an SQLite file with Python's own library; the file stays as it was found."""
    with tempfile.TemporaryDirectory() as place:
        for name in (file.name, file.name + "-wal"):
            if file.with_name(name).exists():
                shutil.copy(file.with_name(name), place)
        with closing(sqlite3.connect(Path(place) / file.name)) as connection:
            yield connection
