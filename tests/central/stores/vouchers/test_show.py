"""Vouchers as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from central.errors import RequestInvalid
from central.stores.vouchers import show
from central.stores.vouchers.issue import Batch
from edge.contract.dynamic_code import STEP_S, code_at_step, matching_step
from edge.contract.handle import index_of
from edge.contract.keys import (
    KEY_EPOCH_S,
    CodeAlgorithm,
    epoch_key,
    group_key,
    handle_key,
    key_epoch_at,
)
from tests import builders as b
from tests.central.builders import KEYRING, Database, an_order, furnish, sell


@pytest.fixture
def out(sqlite_database: Database, tmp_path: Path) -> Path:
    furnish()
    return tmp_path / "vouchers"


def written(out: Path, **bent: Any) -> tuple[Batch, dict[str, Any]]:
    batch = Batch("B1", tuple(sell(an_order(**bent))))
    show.write_files(batch, KEYRING, out, b.NOW_S)
    return batch, json.loads((out / "vouchers.json").read_text())


def test_a_picture_reads_as_its_token(out: Path) -> None:
    batch, found = written(out, vouchers=3)
    for voucher, row in zip(batch.vouchers, found["vouchers"], strict=True):
        with Image.open(out / row["png"]) as picture:
            [read] = zxingcpp.read_barcodes(picture)
        assert read.text == voucher.text == row["text"]
        assert (read.symbology_identifier, read.ec_level) == ("]Q1", "M")


def test_a_picture_is_of_version_6_with_its_quiet_zone(out: Path) -> None:
    _, found = written(out)
    with Image.open(out / found["vouchers"][0]["png"]) as picture:
        assert picture.size == ((41 + 2 * 4) * show.MODULE_PX,) * 2


def test_only_their_owner_can_read_the_files(out: Path) -> None:
    written(out, vouchers=2)
    assert out.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in out.iterdir()} == {0o600}


def test_files_that_others_could_read_are_closed(out: Path) -> None:
    out.mkdir(mode=0o755)
    (out / "vouchers.json").write_text("old")
    (out / "vouchers.json").chmod(0o644)
    written(out)
    assert {path.stat().st_mode & 0o777 for path in out.iterdir()} == {0o600}


def test_a_place_that_cannot_be_written_is_told(out: Path) -> None:
    out.write_text("a file, no directory")
    with pytest.raises(RequestInvalid, match="cannot be written"):
        written(out)


def test_a_static_voucher_tells_no_secrets(out: Path) -> None:
    _, found = written(out)
    assert "holder" not in found["vouchers"][0]


def test_the_holder_of_a_dynamic_voucher_gets_four_epochs_of_codes(out: Path) -> None:
    batch, found = written(out, dynamic_required=True)
    [voucher] = batch.vouchers
    rows = found["vouchers"][0]["holder"]
    now = key_epoch_at(b.NOW_S)
    assert [row["from_s"] for row in rows] == [(now + n) * KEY_EPOCH_S for n in range(4)]
    for row in rows:
        seed, at_s = bytes.fromhex(row["seed_hex"]), row["from_s"] + 12345
        code = code_at_step(seed, at_s // STEP_S, 8, CodeAlgorithm[row["algorithm"]])
        assert matching_step(seed, code, at_s, algorithm=CodeAlgorithm.SHA256) == at_s // STEP_S
        key = epoch_key(group_key(KEYRING.master, b.GROUP), row["from_s"] // KEY_EPOCH_S)
        assert index_of(row["handle"], handle_key(key)) == voucher.claims.status_index
