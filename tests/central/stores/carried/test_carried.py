"""Files at the hub: what it makes for a unit, and what it takes from one."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from central.errors import EnrolmentRefused, FileRefused, HubError, NotFound, RequestInvalid
from central.stores.carried.make_bundles import make_bundles
from central.stores.carried.take_journal import Taken, take_journal
from central.stores.carried.take_request import take_request
from central.stores.corrections.give_back import Wanted, give_back
from central.stores.keys.trust import trust_list
from central.stores.redemptions.complete import MARGIN_S
from central.stores.redemptions.lease import LIFE_S_MIN, lend, lent, new_lease_id, recall
from central.stores.units import enrol, revoke
from central.stores.units.tables import Enrolment, Unit
from central.stores.vouchers.status import revoke as revoke_voucher
from central.stores.vouchers.tables import Voucher
from edge.contract import signed
from edge.contract.bundle_file import BundleFile, JournalFile, key_check, request_text
from edge.contract.correction import CorrectionBook
from edge.contract.ids import StoreId, UnitId
from edge.contract.keys import EpochKeys, hub_seal_key
from edge.contract.lease import LeaseBook, LeaseRequest
from edge.contract.signed import Kind
from edge.contract.sync_message import UnitState
from edge.contract.voucher_token import VoucherClaims
from tests import builders as b
from tests.central.builders import (
    BUNDLE_KEYS,
    CURRENCY,
    GIFT,
    KEYRING,
    Database,
    Till,
    a_newcomer,
    a_voucher,
    an_app,
    as_person,
    csrf_token,
    enrolled,
    furnish,
    in_parts,
)

NOW = b.NOW_S


@pytest.fixture(autouse=True)
def hub(hub_database: Database) -> None:
    furnish()


def made(unit: UnitId, at_s: int = NOW) -> BundleFile:
    return BundleFile.open(make_bundles(unit, KEYRING, CURRENCY, at_s), BUNDLE_KEYS)


def journal_of(till: Till, *, key: Any = None, **bent: Any) -> bytes:
    """The till's journal as a file."""
    values: dict[str, Any] = {
        "issuer": b.ISSUER,
        "unit": till.unit,
        "made_at_s": NOW,
        "health": {"journal_epoch": till.epoch, "journal_seq": len(till.raws), "journal_at_s": NOW},
        "pushes": (till.push().encode(),) if till.raws else (),
    }
    hub_key = hub_seal_key(KEYRING.master).public_key()
    return JournalFile(**{**values, **bent}).seal(key or till.key, hub_key)


def opened(file: BundleFile, kind: Kind) -> Any:
    """The body of the one message of this kind."""
    [message] = [message for name, message in file.bundles if name == kind]
    return signed.unseal(kind, b.ISSUER, message, BUNDLE_KEYS)


def a_wish(till: Till, card: VoucherClaims) -> LeaseRequest:
    return LeaseRequest(till.unit, new_lease_id(), card.voucher_id, 15000, LIFE_S_MIN)


def take(data: bytes) -> Taken:
    return take_journal(data, KEYRING, currency=CURRENCY, at_s=NOW)


def fault_of(data: bytes) -> str:
    with pytest.raises(FileRefused) as refused:
        take(data)
    return str(refused.value.extra["fault"])


# --- out -----------------------------------------------------------------------------------------


def test_a_file_holds_everything_that_a_first_pull_and_its_enrolment_would_bring() -> None:
    till = enrolled()
    voucher = a_voucher()
    revoke_voucher(voucher.voucher_id)
    file = made(till.unit)
    kinds = [kind for kind, _ in file.bundles]
    assert kinds[0] == "enrolment"
    assert {"trust-list", "epoch-keys", "policy", "catalogue", "handles", "status-block"} <= set(
        kinds
    )
    body = signed.unseal(Kind.EPOCH_KEYS, b.ISSUER, dict(file.bundles)["epoch-keys"], BUNDLE_KEYS)
    assert EpochKeys.from_sealed_body(body, till.unit, till.seal).keys
    assert file.state is UnitState.ACTIVE


def test_a_file_holds_what_the_unit_was_lent_and_what_was_given_back_of_its_own() -> None:
    till, card = enrolled(), a_voucher(GIFT)
    entry = till.accept(card, 5000)
    till.deliver()
    lease = lend(a_wish(till, card), by="li", at_s=NOW)
    give_back(
        Wanted(entry.ref, card.voucher_id, 2000, "cold"), by="li", currency=CURRENCY, at_s=NOW
    )
    for _ in range(2):  # every file is whole: the unit may have lost the one before
        file = made(till.unit)
        assert [lease] == list(LeaseBook.from_body(opened(file, Kind.LEASE)).leases)
        [told] = CorrectionBook.from_body(opened(file, Kind.CORRECTIONS)).corrections
        assert (told.voucher_id, told.amount) == (card.voucher_id, 2000)


def test_a_journal_that_tells_all_gives_a_lease_back_that_is_over() -> None:
    till, card = enrolled(), a_voucher(GIFT)
    till.refuse()
    lease = lend(a_wish(till, card), by="li", at_s=NOW - 3 * MARGIN_S)
    recall(lease.lease_id, "li")
    row = Voucher.get_by_id(card.voucher_id)
    told = {"journal_epoch": till.epoch, "journal_seq": 1}
    take(journal_of(till, health={**told, "journal_at_s": lease.expires_at_s + MARGIN_S}))
    assert lent(row) == 15000, "a file does not say whether the unit has heard of the recall"
    take(journal_of(till, health={**told, "journal_at_s": lease.expires_at_s + MARGIN_S + 1}))
    assert lent(row) == 0


def test_a_stopped_units_file_says_just_that() -> None:
    till = enrolled()
    revoke.revoke(till.unit, NOW)
    file = made(till.unit)
    assert (file.state, file.bundles) == (UnitState.REVOKED, ())


def test_nobody_gets_the_file_of_a_unit_that_does_not_exist() -> None:
    with pytest.raises(NotFound):
        make_bundles(UnitId("S0001-K1"), KEYRING, CURRENCY, NOW)


def test_the_trust_list_says_what_to_seal_a_journal_to() -> None:
    key = hub_seal_key(KEYRING.master).public_key().public_bytes_raw()
    assert trust_list(KEYRING, NOW).hub_seal_key == key


# --- in ------------------------------------------------------------------------------------------


def test_a_journal_file_is_taken_once_however_often_it_comes() -> None:
    till = enrolled()
    till.accept(a_voucher())
    till.refuse()
    first = take(journal_of(till))
    assert (first.entries, dict(first.outcomes)) == (2, {"applied": 1, "recorded": 1})
    again = take(journal_of(till))
    assert again.ack == first.ack == made(till.unit).ack
    health = json.loads(Unit.get(Unit.id == till.unit).health)
    assert health["journal_seq"] == 2, "the watermark knows what is complete"


def test_an_older_file_does_not_take_back_what_is_known() -> None:
    till = enrolled()
    till.refuse()
    old = journal_of(till)
    till.refuse()
    take(journal_of(till))
    take(old)
    assert json.loads(Unit.get(Unit.id == till.unit).health)["journal_seq"] == 2


@pytest.mark.parametrize(
    ("bent", "fault"),
    [({"issuer": "other.example"}, "other-issuer"), ({"key": b.a_sign_key("x")}, "not-signed")],
)
def test_a_file_that_is_not_this_units_for_this_hub_is_refused(
    bent: dict[str, Any], fault: str
) -> None:
    till = enrolled()
    till.refuse()
    assert fault_of(journal_of(till, **bent)) == fault


def test_damaged_files_are_refused_and_nothing_of_them_is_kept() -> None:
    till = enrolled()
    till.refuse()
    data = journal_of(till)
    assert fault_of(data[:-5]) == "cut-off"
    assert fault_of(data[:-1] + bytes([data[-1] ^ 1])) == "altered"
    assert fault_of(b"") == "not-a-file"
    assert made(till.unit).ack is None


def test_a_file_of_nobody_is_not_found() -> None:
    till = enrolled()
    with pytest.raises(NotFound):
        take(journal_of(till, unit=UnitId("S0009-K9"), pushes=()))


# --- enrolment -----------------------------------------------------------------------------------


def request_of(name: str = "unit") -> str:
    newcomer = a_newcomer(name)
    return request_text(newcomer.request("").sign(newcomer.key))


def test_a_request_waits_with_the_digits_of_its_keys_and_becomes_a_unit() -> None:
    newcomer = a_newcomer()
    row = take_request(request_of(), b.STORE, NOW)
    assert row.comparison_number == key_check(newcomer.sign_public, newcomer.seal_public)
    assert take_request(request_of(), b.STORE, NOW).id == row.id, "twice is once"
    unit = enrol.confirm(row.id, row.comparison_number, KEYRING, currency=CURRENCY, at_s=NOW)
    message = made(unit).enrolment()
    assert message is not None
    key = Ed25519PublicKey.from_public_bytes(KEYRING.bundle_public)
    body = signed.unseal(Kind.ENROLMENT, b.ISSUER, message, [key])
    assert body[8] == newcomer.sign_public


def test_other_digits_end_it() -> None:
    row = take_request(request_of(), b.STORE, NOW)
    with pytest.raises(EnrolmentRefused):
        enrol.confirm(row.id, "0" * 20, KEYRING, currency=CURRENCY, at_s=NOW)
    assert Enrolment.get(Enrolment.id == row.id).state == "refused"


@pytest.mark.parametrize(
    ("text", "store", "error"),
    [
        ("K7QX-2MPA-9RTC", b.STORE, RequestInvalid),
        (request_of()[:-8], b.STORE, RequestInvalid),
        (request_of(), StoreId("S9999"), NotFound),
    ],
)
def test_what_is_no_request_or_for_no_store_is_refused(
    text: str, store: StoreId, error: type[HubError]
) -> None:
    with pytest.raises(error):
        take_request(text, store, NOW)


# --- pages ---------------------------------------------------------------------------------------


def test_an_operator_makes_and_takes_files_on_the_page(hub_database: Database) -> None:
    till = enrolled()
    till.accept(a_voucher())
    client = as_person(an_app(hub_database))
    page = client.get("/units/files").text
    assert key_check(KEYRING.bundle_public) in page
    file = client.get(f"/units/{till.unit}/bundles")
    assert BundleFile.open(file.data, BUNDLE_KEYS).unit == till.unit
    assert f'filename="{till.unit}-{NOW}.vxb"' in file.headers["Content-Disposition"]
    token = csrf_token(client, "/units/files")
    for data, told in ((journal_of(till), "1 entries are here"), (b"x", "not a journal")):
        form = {"csrf_token": token, "file": (io.BytesIO(data), "j.vxj")}
        assert told in client.post("/units/journal-file", data=form, follow_redirects=True).text
    # Months of a kiosk are more than other requests may have.
    body, kind = in_parts({"csrf_token": token}, "file", "j.vxj", bytes(3 << 20))
    large = client.post("/units/journal-file", data=body, content_type=kind)
    assert large.status_code == 302
    form = {"csrf_token": token, "store": b.STORE, "request": request_of("another")}
    newcomer = a_newcomer("another")
    waiting = client.post("/units/request", data=form, follow_redirects=True).text
    assert key_check(newcomer.sign_public, newcomer.seal_public) in waiting
