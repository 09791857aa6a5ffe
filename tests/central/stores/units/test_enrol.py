"""How a unit becomes known: the whole exchange, and every way in which it must not go on."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from central.errors import EnrolmentRefused, NotFound
from central.stores.units import enrol, revoke, steer
from central.stores.units.tables import Enrolment, Unit
from edge.contract import enrolment as wire
from edge.contract import signed
from edge.contract.ids import StoreGroup, StoreId, UnitId, parse_unit_id
from edge.contract.signed import Kind, MessageInvalid
from tests import builders as b
from tests.central.builders import (
    BUNDLE_KEYS,
    CURRENCY,
    KEYRING,
    OTHER_STORE,
    ZONE,
    Database,
    Newcomer,
    a_newcomer,
    a_voucher,
    at_once,
    enrolled,
    furnish,
)

NOW = b.NOW_S


@pytest.fixture(autouse=True)
def hub(hub_database: Database) -> None:
    furnish()


def invited(store: StoreId = b.STORE) -> str:
    return enrol.invite(store, NOW).code


def offered(newcomer: Newcomer, code: str, at_s: int = NOW) -> wire.EnrolOffer:
    message = enrol.offer(newcomer.request(code).sign(newcomer.key), KEYRING, at_s)
    return wire.EnrolOffer.open(message)


def revealed(newcomer: Newcomer, store: StoreId = b.STORE) -> wire.EnrolOffer:
    offer = offered(newcomer, invited(store))
    enrol.reveal(offer.enrolment.hex(), newcomer.nonce, KEYRING, NOW)
    return offer


def confirmed(newcomer: Newcomer, offer: wire.EnrolOffer) -> UnitId:
    number = newcomer.number(offer)
    return enrol.confirm(
        offer.enrolment.hex(), number, KEYRING, currency=CURRENCY, at_s=NOW
    )  # fmt: skip


def test_a_unit_becomes_known() -> None:
    newcomer = a_newcomer()
    offer = revealed(newcomer)
    [row] = enrol.waiting()
    assert (row.store_id, row.comparison_number) == (b.STORE, newcomer.number(offer))
    assert row.hardware == "Raspberry Pi 4 · tearoff 0.1"
    assert enrol.enrolment_message(row.id) is None
    unit = confirmed(newcomer, offer)
    assert unit == "S0412-K1"
    assert enrol.waiting() == []
    assert Unit.get(Unit.id == unit).state == "active"


def test_the_enrolment_says_who_the_unit_is_and_whom_it_trusts() -> None:
    newcomer = a_newcomer()
    offer = revealed(newcomer)
    confirmed(newcomer, offer)
    message = enrol.enrolment_message(offer.enrolment.hex())
    assert message is not None
    key = Ed25519PublicKey.from_public_bytes(offer.bundle_key)
    body = signed.unseal(Kind.ENROLMENT, offer.issuer, message, [key])
    assert wire.Enrolment.from_body(body) == b.an_enrolment(issued_at_s=NOW)
    assert key == BUNDLE_KEYS[0]


def test_a_code_is_typed_as_people_type() -> None:
    code = invited()
    offer = offered(a_newcomer(), code.lower().replace("-", " "))
    assert offer.hub_time_s == NOW


def test_a_code_is_good_for_one_unit() -> None:
    code = invited()
    offered(a_newcomer(), code)
    with pytest.raises(EnrolmentRefused):
        offered(a_newcomer("second"), code)
    with pytest.raises(EnrolmentRefused):
        offered(a_newcomer(), code)


def test_of_many_units_with_one_code_one_is_let_in() -> None:
    code = invited()
    told = at_once(6, lambda n: offered(a_newcomer(f"unit {n}"), code))
    assert sum(isinstance(t, wire.EnrolOffer) for t in told) == 1
    assert sum(isinstance(t, EnrolmentRefused) for t in told) == 5, told


@pytest.mark.parametrize(("after_s", "is_good"), [(0, True), (599, True), (600, False)])
def test_a_code_is_good_for_ten_minutes(after_s: int, is_good: bool) -> None:
    code = invited()
    if is_good:
        assert offered(a_newcomer(), code, NOW + after_s).issuer == b.ISSUER
        return
    with pytest.raises(EnrolmentRefused):
        offered(a_newcomer(), code, NOW + after_s)


@pytest.mark.parametrize("code", ["", "AAAA-AAAA-AAAA", "0", "K7QX-2MPA-9RTC'--"])
def test_a_code_that_nobody_was_given_is_refused(code: str) -> None:
    invited()
    with pytest.raises(EnrolmentRefused):
        offered(a_newcomer(), code)


def test_codes_are_not_kept() -> None:
    code = wire.normalise_code(invited())
    [row] = Enrolment.select().dicts()
    assert code not in repr(row)
    assert code.lower() not in repr(row)


def test_there_is_no_invitation_to_a_store_that_is_not_there() -> None:
    with pytest.raises(NotFound):
        invited(StoreId("NOWHERE"))


def test_a_request_is_signed_by_the_key_that_it_brings() -> None:
    newcomer, code = a_newcomer(), invited()
    stolen = newcomer.request(code).sign(b.a_sign_key("thief"))
    with pytest.raises(MessageInvalid):
        enrol.offer(stolen, KEYRING, NOW)
    assert offered(newcomer, code).hub_time_s == NOW, "the code is not used up by it"


def test_a_nonce_that_was_not_committed_to_is_refused() -> None:
    newcomer = a_newcomer()
    offer = offered(newcomer, invited())
    with pytest.raises(EnrolmentRefused):
        enrol.reveal(offer.enrolment.hex(), b"x" * 16, KEYRING, NOW)
    assert enrol.waiting() == []


def test_a_commitment_binds_the_keys_too() -> None:
    """Whoever stands in between could otherwise keep the nonce and swap the keys."""
    newcomer, thief = a_newcomer(), a_newcomer("thief")
    commitment = wire.commit(newcomer.nonce, newcomer.sign_public, newcomer.seal_public)
    request = thief.request(invited(), commitment=commitment)
    offer = wire.EnrolOffer.open(enrol.offer(request.sign(thief.key), KEYRING, NOW))
    with pytest.raises(EnrolmentRefused):
        enrol.reveal(offer.enrolment.hex(), newcomer.nonce, KEYRING, NOW)


def test_keys_that_were_swapped_on_the_way_show_another_number() -> None:
    newcomer, thief = a_newcomer(), a_newcomer("thief")
    offer = revealed(thief)
    [row] = enrol.waiting()
    assert row.comparison_number != newcomer.number(offer)


def test_a_nonce_is_told_within_a_minute() -> None:
    newcomer = a_newcomer()
    offer = offered(newcomer, invited())
    late = NOW + enrol.REVEAL_S
    with pytest.raises(EnrolmentRefused):
        enrol.reveal(offer.enrolment.hex(), newcomer.nonce, KEYRING, late)
    enrol.reveal(offer.enrolment.hex(), newcomer.nonce, KEYRING, late - 1)


def test_a_nonce_is_told_once() -> None:
    newcomer = a_newcomer()
    offer = revealed(newcomer)
    with pytest.raises(EnrolmentRefused):
        enrol.reveal(offer.enrolment.hex(), newcomer.nonce, KEYRING, NOW)


def test_numbers_that_differ_end_it_for_ever() -> None:
    newcomer = a_newcomer()
    offer = revealed(newcomer)
    right = newcomer.number(offer)
    wrong = f"{(int(right.replace(' ', '')) + 1) % 1_000_000:06d}"
    for number in (wrong, right):
        with pytest.raises(EnrolmentRefused):
            enrol.confirm(
                offer.enrolment.hex(), number, KEYRING, currency=CURRENCY, at_s=NOW
            )  # fmt: skip
    with pytest.raises(EnrolmentRefused):
        enrol.enrolment_message(offer.enrolment.hex())
    assert Unit.select().count() == 0


def test_an_operator_may_refuse() -> None:
    newcomer = a_newcomer()
    offer = revealed(newcomer)
    enrol.refuse(offer.enrolment.hex())
    with pytest.raises(EnrolmentRefused):
        confirmed(newcomer, offer)


@pytest.mark.parametrize("typed", ["482 913", "482913", " 482913 "])
def test_a_number_is_typed_with_or_without_its_gap(typed: str) -> None:
    newcomer = a_newcomer()
    offer = revealed(newcomer)
    enrolment_id = offer.enrolment.hex()
    Enrolment.update(comparison_number="482 913").where(Enrolment.id == enrolment_id).execute()
    assert enrol.confirm(enrolment_id, typed, KEYRING, currency=CURRENCY, at_s=NOW) == "S0412-K1"


def test_nothing_is_confirmed_before_its_time_or_twice() -> None:
    newcomer = a_newcomer()
    offer = offered(newcomer, invited())
    with pytest.raises(EnrolmentRefused):
        confirmed(newcomer, offer)
    enrol.reveal(offer.enrolment.hex(), newcomer.nonce, KEYRING, NOW)
    confirmed(newcomer, offer)
    with pytest.raises(EnrolmentRefused):
        confirmed(newcomer, offer)
    assert Unit.select().count() == 1


@pytest.mark.parametrize("enrolment_id", ["", "0" * 32, "'; --"])
def test_an_enrolment_that_is_not_there_has_no_key_and_no_message(enrolment_id: str) -> None:
    assert enrol.sign_key_of(enrolment_id) is None
    with pytest.raises(EnrolmentRefused):
        enrol.enrolment_message(enrolment_id)


def test_units_of_a_store_are_numbered() -> None:
    tills = [enrolled(f"till {n}") for n in range(3)]
    assert [till.unit for till in tills] == ["S0412-K1", "S0412-K2", "S0412-K3"]


def test_units_that_are_confirmed_at_once_have_names_of_their_own() -> None:
    newcomers = [a_newcomer(f"till {n}") for n in range(6)]
    offers = [revealed(newcomer) for newcomer in newcomers]
    told = at_once(6, lambda n: confirmed(newcomers[n], offers[n]))
    assert sorted(map(str, told)) == [f"S0412-K{n}" for n in range(1, 7)]


def test_hardware_that_is_known_stays_the_unit_it_was_and_opens_a_new_epoch() -> None:
    till, lunch = enrolled(), a_voucher()
    till.accept(lunch)
    till.deliver()
    till.begin_epoch(4)
    till.deliver()
    newcomer = a_newcomer()
    offer = revealed(newcomer)
    assert confirmed(newcomer, offer) == till.unit
    message = enrol.enrolment_message(offer.enrolment.hex())
    assert message is not None
    body = signed.unseal(Kind.ENROLMENT, b.ISSUER, message, BUNDLE_KEYS)
    assert wire.Enrolment.from_body(body).first_epoch == 5
    assert Unit.select().count() == 1


def test_hardware_that_was_revoked_can_come_back() -> None:
    till = enrolled()
    revoke.revoke(till.unit, NOW)
    assert enrolled().unit == till.unit
    unit = Unit.get(Unit.id == till.unit)
    assert (unit.state, unit.revoked_at_s) == ("active", None)


def test_hardware_that_moves_to_another_store_takes_nobodys_name() -> None:
    """S0412-K1 goes to another store and keeps its name; S0412 then gets a new unit."""
    moved = enrolled("unit")
    assert enrolled("unit", OTHER_STORE).unit == moved.unit
    assert enrolled("second").unit == "S0412-K2"
    assert enrolled("third", OTHER_STORE).unit == "S0500-K1"


def test_the_name_of_every_unit_is_one_that_the_contract_can_say() -> None:
    longest = StoreId("S" * steer.STORE_ID_CHARS)
    steer.add_store(longest, "Long", StoreGroup(9), ZONE, NOW)
    till = enrolled("unit", longest)
    assert parse_unit_id(till.unit) == till.unit
