"""Vouchers as files: a PNG to show or print, and what the holder's phone must know."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, BinaryIO

import segno

from central.errors import RequestInvalid
from central.stores.keys.keyring import Keyring
from central.stores.vouchers.issue import Batch, Issued
from edge.contract.handle import handle_of
from edge.contract.ids import voucher_id_text
from edge.contract.keys import (
    KEY_EPOCH_S,
    CodeAlgorithm,
    epoch_key,
    group_key,
    handle_key,
    key_epoch_at,
    voucher_seed,
)

HOLDER_EPOCHS = 4
"""Key epochs of seven days that a holder's file covers from now on."""
MODULE_PX = 6


def qr_png(text: str, path: Path) -> None:
    """Write a QR code: numeric mode, error correction M, a quiet zone of four modules.

    M and not Q: a denser symbol reads worse from a screen than a less protected one.
    """
    with _for_owner(path) as file:
        segno.make(text, error="m", boost_error=False).save(
            file, kind="png", scale=MODULE_PX, border=4
        )


def make_directory(directory: Path) -> None:
    """Make the directory that vouchers are written to, before any are sold.

    Raises:
        RequestInvalid: it cannot be written.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise RequestInvalid(f"{directory} cannot be written: {exc.strerror}") from exc
    if not os.access(directory, os.W_OK | os.X_OK):
        raise RequestInvalid(f"{directory} cannot be written.")


def write_files(batch: Batch, keyring: Keyring, directory: Path, at_s: int) -> Path:
    """Write one PNG a voucher and ``vouchers.json``; return the directory.

    Whoever has these files can spend the vouchers, so only their owner can read them.

    Raises:
        RequestInvalid: the directory cannot be written.
    """
    make_directory(directory)
    try:
        rows = [_row(voucher, keyring, directory, at_s) for voucher in batch.vouchers]
        content = json.dumps({"batch": batch.id, "vouchers": rows}, indent=1)
        with _for_owner(directory / "vouchers.json") as file:
            file.write(content.encode())
    except OSError as exc:
        raise RequestInvalid(f"{directory} cannot be written: {exc.strerror}") from exc
    return directory


def _for_owner(path: Path) -> BinaryIO:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    os.fchmod(handle, 0o600)  # it may have been there before
    return os.fdopen(handle, "wb")


def _row(voucher: Issued, keyring: Keyring, directory: Path, at_s: int) -> dict[str, Any]:
    claims = voucher.claims
    name = voucher_id_text(claims.voucher_id)
    png = directory / f"{name}.png"
    qr_png(voucher.text, png)
    row: dict[str, Any] = {
        "id_hex": name,
        "text": voucher.text,
        "png": png.name,
        "kind": claims.kind.name.lower().replace("_", "-"),
        "product": claims.product,
        "value": claims.value,
        "dynamic_required": claims.dynamic_required,
    }
    if claims.dynamic_required:
        row["holder"] = holder_secrets(voucher, keyring, at_s)
    return row


def holder_secrets(voucher: Issued, keyring: Keyring, at_s: int) -> list[dict[str, Any]]:
    """Return what the holder's phone needs to make rotating codes: one row per key epoch."""
    claims = voucher.claims
    group = group_key(keyring.master, claims.scope)
    first = key_epoch_at(at_s)
    rows = []
    for epoch in range(first, first + HOLDER_EPOCHS):
        key = epoch_key(group, epoch)
        rows.append(
            {
                "from_s": epoch * KEY_EPOCH_S,
                "seed_hex": voucher_seed(key, claims.voucher_id, CodeAlgorithm.SHA256).hex(),
                "handle": handle_of(claims.status_index, handle_key(key)),
                "algorithm": CodeAlgorithm.SHA256.name,
            }
        )
    return rows
