"""A disk that really is full: what is not recorded is not accepted, and room ends the trouble."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from edge.errors import StoreUnavailable
from edge.journal.audit import audit
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Rig, a_rig, a_unit, with_key

DISK_BYTES = 6 << 20


@pytest.fixture(name="small_disk")
def _small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with little room; skipped where nobody may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    options = f"size={DISK_BYTES},mode=700"
    mount = ["mount", "-t", "tmpfs", "-o", options, "tearoff-test", str(place)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, timeout=10, check=False)
    except OSError as exc:
        pytest.skip(f"mount cannot be run: {exc}")
    if done.returncode:
        pytest.skip(f"no small disk can be mounted: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True, timeout=10)


def fill(place: Path) -> Path:
    """Leave not one byte."""
    ballast = place / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 16, 1):
            try:
                while file.write(bytes(size)):
                    pass
            except OSError:
                continue
    return ballast


def redeem_on_and_on(rig: Rig, failures_wanted: int) -> list[bytes]:
    """Redeem until it has failed so often; return what was accepted in between."""
    accepted: list[bytes] = []
    failures = 0
    for number in range(20_000):
        try:
            accepted.append(rig.present(b.a_token(voucher_id=e.voucher(number))).hash)
        except StoreUnavailable as exc:
            assert exc.slug in {"disk-full", "store-unavailable"}  # noqa: PT017 - one of many
            failures += 1
            if failures == failures_wanted:
                return accepted
    raise AssertionError("twenty thousand redemptions do not fit here")


def test_a_full_disk_stops_acceptances_and_loses_none(small_disk: Path) -> None:
    limits = replace(b.a_policy().solo, count=10**6, sum_minor=10**12, per_10_min=10**6)
    with a_rig(small_disk / "unit") as rig:
        rig.take(e.a_policy_message(b.a_policy(version=2, solo=limits)))
        ballast = fill(small_disk)
        accepted = redeem_on_and_on(rig, failures_wanted=20)
        ballast.unlink()
        assert rig.refusal(b.a_token()) == "accepted"
        assert [r.hash for r in rig.acceptances()][:-1] == accepted
        rig.restart()
        assert (rig.core.journal.gap, audit(rig.store)[1]) == (None, [])


def test_a_unit_that_starts_on_a_full_disk_says_so(small_disk: Path) -> None:
    with a_rig(small_disk / "unit") as rig:
        rig.present(b.a_token())
        rig.close()
        ballast = fill(small_disk)
        with pytest.raises(StoreUnavailable):
            rig.open()
        ballast.unlink()
        rig.open()
        assert rig.refusal(b.a_token()) == "already-redeemed"


def test_whoever_scans_on_a_full_disk_is_told_in_words(small_disk: Path) -> None:
    limits = replace(b.a_policy().solo, count=10**6, sum_minor=10**12, per_10_min=10**6)
    with a_rig(small_disk / "unit") as rig:
        rig.take(e.a_policy_message(b.a_policy(version=2, solo=limits)))
    with a_unit(small_disk / "unit") as unit:
        pos, clerk = with_key(unit), unit.flask.test_client()
        with clerk.session_transaction() as session:
            session["clerk"] = "li"
        vouchers = (b.a_token(voucher_id=e.voucher(number)) for number in itertools.count())

        def until_it_is_full(ask: Callable[[str], TestResponse], accepted: str) -> TestResponse:
            """What is left of the WAL may still be written: ask until something is refused."""
            return next(r for r in map(ask, vouchers) if accepted not in r.text)

        def redeem(scan: str) -> TestResponse:
            headers = {"Idempotency-Key": scan[:200], "Accept-Language": "zh-CN"}
            return pos.post("/v1/redemptions", json={"scan": scan}, headers=headers)

        def show(scan: str) -> TestResponse:
            return clerk.post("/redeem", data={"scan": scan}, headers={"Accept-Language": "en"})

        ballast = fill(small_disk)
        problem = json.loads(until_it_is_full(redeem, '"accepted":true').data)
        assert (problem["type"], problem["status"]) == ("/problems/disk-full", 507)
        assert problem["title"] == "本终端磁盘已满"
        assert problem["detail"] == "请清理磁盘空间；此前的记录安全无损。"
        page = until_it_is_full(show, 'data-look="good"').text
        assert "<h1>The disk of this unit is full</h1>" in page
        assert "Free some space; what was recorded before is safe." in page
        ballast.unlink()
        assert redeem(next(vouchers)).status_code == 201
