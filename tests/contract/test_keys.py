"""Sealed keys, checked by a second implementation; trust lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract import canonical, keys, signed
from edge.contract.ids import StoreGroup, UnitId
from edge.contract.keys import CodeAlgorithm, EpochKeys, TrustList
from tests import builders as b
from tests.contract import hpke_reference

INFO = b"VX1 epoch-keys\x00" + b.UNIT.encode()


def some_epoch_keys() -> EpochKeys:
    return EpochKeys(
        b.UNIT,
        {
            (b.GROUP, 2937): (CodeAlgorithm.SHA256, b"\x03" * 32),
            (StoreGroup(0), 2937): (CodeAlgorithm.SHA1, b"\x04" * 32),
        },
    )


def test_the_reference_opens_what_the_library_sealed() -> None:
    body = some_epoch_keys().sealed_body(b.a_seal_key().public_key())
    plain = hpke_reference.open_(b.a_seal_key(), body[2], INFO, b"")
    assert canonical.decode(plain) == [[0, 2937, 1, b"\x04" * 32], [3, 2937, 2, b"\x03" * 32]]


def test_the_library_opens_what_the_reference_sealed() -> None:
    receiver = b.a_seal_key().public_key().public_bytes_raw()
    sealed = hpke_reference.seal(receiver, b.a_seal_key("sender"), INFO, b"", b"plain")
    assert keys.HPKE_SUITE.decrypt(sealed, b.a_seal_key(), INFO) == b"plain"


def test_another_unit_cannot_open_them() -> None:
    body = some_epoch_keys().sealed_body(b.a_seal_key().public_key())
    with pytest.raises(signed.MessageInvalid):
        EpochKeys.from_sealed_body(body, b.UNIT, b.a_seal_key("thief"))
    with pytest.raises(signed.MessageInvalid) as caught:
        EpochKeys.from_sealed_body(body, UnitId("S0412-K2"), b.a_seal_key())
    assert caught.value.slug == "foreign-message"
    # Not even by renaming the unit in the message: the name is part of the sealing.
    with pytest.raises(signed.MessageInvalid):
        EpochKeys.from_sealed_body({**body, 1: "S0412-K2"}, UnitId("S0412-K2"), b.a_seal_key())


@given(st.data())
def test_altered_sealed_keys_are_refused(data: st.DataObject) -> None:
    body = some_epoch_keys().sealed_body(b.a_seal_key().public_key())
    sealed = bytearray(body[2])
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(signed.MessageInvalid):
        EpochKeys.from_sealed_body({**body, 2: bytes(sealed)}, b.UNIT, b.a_seal_key())


def test_secrets_do_not_show_in_a_repr() -> None:
    assert "\\x03" not in repr(some_epoch_keys())


def test_our_own_key_comes_before_a_foreign_one_of_the_same_number() -> None:
    foreign = b.an_issuer_key("partner.example", 1, foreign=True)
    trust = b.a_trust_list(foreign, b.an_issuer_key())
    assert [key.issuer for key in trust.keys_numbered(b.an_issuer_key().kid)] == [
        b.ISSUER,
        "partner.example",
    ]


def test_a_trust_list_survives_its_message() -> None:
    trust = b.a_trust_list(b.an_issuer_key(), b.an_issuer_key("partner.example", 2, foreign=True))
    assert TrustList.from_body(trust.to_body()) == trust
