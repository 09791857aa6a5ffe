"""Bundle files and journal files at the unit: what is taken, what is not, and what it says."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.bundles.identity import UnitKeys
from edge.carried.enrol import ask, read_first
from edge.carried.give_journal import give_journal
from edge.carried.take_bundles import take_bundles
from edge.contract import keys
from edge.contract.bundle_file import BundleFile, JournalFile, key_check, read_request_text
from edge.contract.enrolment import EnrolRequest
from edge.contract.ids import Epoch, Seq, UnitId
from edge.contract.journal_entry import GENESIS
from edge.contract.sync_message import Ack, Push, UnitState
from edge.errors import FileRefused, StoreUnavailable, UnitStopped
from edge.receipt.document import Pair
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Rig, a_rig, a_unit, with_key

HUB_SEAL = keys.hub_seal_key(b"m" * 32)
SEAL_PUBLIC = HUB_SEAL.public_key().public_bytes_raw()


def a_file(*more: e.SignedMessage, key: str = "bundle", **bent: Any) -> bytes:
    """The first word of the hub as a file, made a minute after NOW_S."""
    trust = e.a_trust_message(b.a_trust_list(version=2, hub_seal_key=SEAL_PUBLIC))
    word = [m for m in e.first_word() if m[0] != "trust-list"]
    values: dict[str, Any] = {
        "issuer": b.ISSUER,
        "unit": b.UNIT,
        "made_at_s": b.NOW_S + 60,
        "state": UnitState.ACTIVE,
        "ack": None,
        "cursor": b"c9",
        "bundles": (("enrolment", e.an_enrolment_message()), trust, *word, *more),
    }
    return BundleFile(**{**values, **bent}).sign(b.a_sign_key(key))


def take(rig: Rig, data: bytes) -> Any:
    return take_bundles(data, rig.core.bundles, rig.core.journal)


def fault_of(rig: Rig, data: bytes) -> str:
    before = rig.core.bundles.word
    with pytest.raises(FileRefused) as refused:
        take(rig, data)
    assert rig.core.bundles.word is before, "nothing of it was taken"
    return str(refused.value.extra["fault"])


@pytest.fixture(name="bare")
def _bare(tmp_path: Path) -> Iterator[Rig]:
    """An enrolled unit that has heard nothing yet."""
    with a_rig(tmp_path / "bare", word=None) as rig:
        yield rig


# --- in ------------------------------------------------------------------------------------------


def test_a_file_is_as_good_as_a_pull(bare: Rig) -> None:
    taken = take(bare, a_file())
    assert {"trust-list", "epoch-keys", "policy", "catalogue"} <= set(taken.kinds)
    bare.clock.pass_s(60)
    assert bare.refusal(b.a_token()) == "accepted"
    word = bare.core.bundles.word
    assert word is not None
    assert (word.pulled_at_s, word.cursor) == (b.NOW_S + 60, b"c9")
    assert bare.core.journal.clock.now().earliest_s >= b.NOW_S + 60, "it has certainly passed"


def test_the_same_file_again_changes_nothing(bare: Rig) -> None:
    take(bare, a_file())
    bare.restart()
    shards = bare.core.bundles.word
    take(bare, a_file())
    assert bare.core.bundles.word is not None
    assert shards is not None
    assert bare.core.bundles.word.cursor == shards.cursor
    assert bare.core.bundles.word.policy == shards.policy


@pytest.mark.parametrize(
    ("bent", "fault"),
    [
        ({"issuer": "other.example"}, "other-issuer"),
        ({"unit": UnitId("S9999-K9")}, "other-unit"),
        ({"made_at_s": b.NOW_S - 1}, "older"),
        ({"key": "somebody"}, "not-signed"),
    ],
)
def test_a_file_that_is_not_for_this_unit_now_is_refused_by_name(
    rig: Rig, bent: dict[str, Any], fault: str
) -> None:
    assert fault_of(rig, a_file(**bent)) == fault


def test_a_damaged_file_is_refused_as_a_whole(rig: Rig) -> None:
    data = a_file()
    assert fault_of(rig, data[:-20]) == "cut-off"
    assert fault_of(rig, data[:-1] + bytes([data[-1] ^ 1])) == "altered"
    assert fault_of(rig, b"not at all") == "not-a-file"
    _, unsealed = e.an_epoch_keys_message(seal_key="another")
    assert fault_of(rig, a_file(("epoch-keys", unsealed))) == "altered", "one message is foreign"


def test_an_older_file_is_never_taken_after_a_newer_one(bare: Rig) -> None:
    take(bare, a_file(made_at_s=b.NOW_S + 1000))
    assert fault_of(bare, a_file(made_at_s=b.NOW_S + 999)) == "older"


def test_the_acknowledgement_in_a_file_is_the_pushs(bare: Rig) -> None:
    take(bare, a_file())
    bare.clock.pass_s(60)
    bare.present(b.a_token())
    tail = bare.core.journal.tail
    assert bare.core.journal.risk.acceptances == 1
    ack = Ack(tail.epoch, tail.seq, tail.hash)
    take(bare, a_file(ack=ack, made_at_s=b.NOW_S + 61))
    assert bare.core.journal.unpushed() == 0
    assert bare.core.journal.risk.acceptances == 0, "somebody else knows of it now"
    # The hub is restored from before: everything goes out once more.
    take(bare, a_file(ack=None, made_at_s=b.NOW_S + 62))
    assert bare.core.journal.unpushed() == tail.seq


def test_a_file_that_knows_more_of_the_journal_than_there_is_opens_an_epoch(rig: Rig) -> None:
    ahead = Ack(Epoch(1), Seq(99), b"\x01" * 32)
    take(rig, a_file(ack=ahead))
    assert rig.core.journal.tail.epoch == 2
    assert rig.core.journal.gap is not None
    assert rig.core.journal.gap.known_seq == 99


def test_a_revocation_comes_by_file_too(rig: Rig) -> None:
    take(rig, a_file(state=UnitState.REVOKED, bundles=()))
    with pytest.raises(UnitStopped):
        rig.present(b.a_token())


# --- out -----------------------------------------------------------------------------------------


def journal_of(rig: Rig) -> JournalFile:
    given = give_journal(rig.core.journal, rig.core.bundles, e.KEYS, {"journal_seq": 1})
    return JournalFile.open(given.data, HUB_SEAL, lambda _unit: e.KEYS.sign.public_key())


def test_the_journal_goes_out_whole_and_stays_unsent(bare: Rig) -> None:
    take(bare, a_file())
    for number in range(3):
        bare.present(b.a_token(voucher_id=e.voucher(number)))
    bare.core.journal.hub_is_ahead(Ack(Epoch(1), Seq(50), b"\x02" * 32))
    file = journal_of(bare)
    pushes = [Push.decode(push) for push in file.pushes]
    assert [(p.epoch, p.first_seq, len(p.entries)) for p in pushes] == [(1, 1, 4), (2, 1, 1)]
    assert bare.core.journal.unpushed() == 5, "nothing counts as sent before it is acknowledged"
    assert journal_of(bare).pushes == file.pushes


def test_what_was_acknowledged_does_not_go_out_again(bare: Rig) -> None:
    take(bare, a_file())
    tail = bare.core.journal.tail
    bare.core.journal.acknowledge(Ack(tail.epoch, tail.seq, tail.hash))
    assert journal_of(bare).pushes == ()


def test_without_the_hubs_key_nothing_goes_out(rig: Rig) -> None:
    with pytest.raises(FileRefused) as refused:
        give_journal(rig.core.journal, rig.core.bundles, e.KEYS, {})
    assert refused.value.extra["fault"] == "no-key"


# --- enrolment -----------------------------------------------------------------------------------


def test_a_request_shows_the_digits_of_its_own_keys() -> None:
    asking = ask(e.KEYS)
    request = EnrolRequest.open(read_request_text(asking.text))
    assert asking.check == key_check(request.sign_key, request.seal_key)


def test_the_first_file_shows_the_digits_of_the_hubs_key() -> None:
    first = read_first(a_file(), e.KEYS)
    assert first.check == key_check(e.BUNDLE_KEY.public_key().public_bytes_raw())
    assert first.enrolment.unit == b.UNIT


def test_another_machines_first_file_is_refused() -> None:
    other = UnitKeys(b.a_sign_key("other"), b.a_seal_key("other"))
    with pytest.raises(FileRefused) as refused:
        read_first(a_file(), other)
    assert refused.value.extra["fault"] == "other-unit"


@pytest.mark.parametrize("bundles", [(), (e.a_policy_message(),)])
def test_a_file_without_an_enrolment_makes_no_unit(bundles: tuple[Any, ...]) -> None:
    with pytest.raises(FileRefused):
        read_first(a_file(bundles=bundles), e.KEYS)


# --- paper, page, API ----------------------------------------------------------------------------


def test_taking_and_giving_owe_a_slip_each(bare: Rig) -> None:
    slips: list[Any] = []
    bare.core.desk._owe = slips.append
    bare.core.desk.take(a_file())
    bare.core.desk.give()
    taken, given = ({p.label: p.value for p in s if isinstance(p, Pair)} for s in slips)
    assert any(value == "1" for label, value in given.items() if "Entries" in label)
    assert all(str(b.UNIT) in slip.values() for slip in (taken, given))
    assert Ack(Epoch(0), Seq(0), GENESIS) == bare.core.journal.acked


def test_a_program_hands_a_file_in_and_fetches_the_journal(tmp_path: Path) -> None:
    e.enrol(tmp_path / "unit")
    with a_unit(tmp_path / "unit") as unit:
        pos = with_key(unit)
        octets = "application/octet-stream"
        answer = pos.post("/v1/bundle-files", data=a_file(), content_type=octets)
        assert (answer.status_code, answer.get_json()["made_at_s"]) == (200, b.NOW_S + 60)
        journal = pos.get("/v1/journal-file")
        assert journal.headers["Content-Disposition"].endswith(f'"{b.UNIT}-1-1.vxj"')
        file = JournalFile.open(journal.data, HUB_SEAL, lambda _u: e.KEYS.sign.public_key())
        assert file.health["journal_seq"] == 1
        cut = pos.post("/v1/bundle-files", data=a_file()[:-9], content_type=octets)
        assert (cut.status_code, cut.get_json()["fault"]) == (422, "cut-off")
        assert pos.post("/v1/bundle-files", data=b"x").status_code == 400


def test_a_clerk_hands_a_file_in_on_the_page(tmp_path: Path) -> None:
    e.enrol(tmp_path / "unit")
    with a_unit(tmp_path / "unit") as unit:
        browser = unit.flask.test_client()
        with browser.session_transaction() as session:
            session["clerk"] = "li"
            session["locale"] = "en"
        assert "none yet" in browser.get("/files").text
        for data, told in ((a_file(), "The file was taken."), (b"junk", "not a bundle file")):
            form = {"file": (io.BytesIO(data), "x.vxb")}
            assert told in browser.post("/files", data=form, follow_redirects=True).text
        assert browser.get("/files/journal").data[:1] == b"\xa5"


def test_a_store_that_fails_takes_nothing(bare: Rig) -> None:
    bare.store.close()
    with pytest.raises(StoreUnavailable):
        take(bare, a_file())
    assert bare.core.bundles.word is not None
    assert bare.core.bundles.word.policy is None
