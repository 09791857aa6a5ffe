"""Files that a person carries: whatever happens to one on its way is noticed, and named."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract import canonical, keys, signed
from edge.contract.bundle_file import (
    BundleFile,
    FileFault,
    FileInvalid,
    JournalFile,
    key_check,
    read_request_text,
    request_text,
)
from edge.contract.ids import Epoch, Seq, UnitId
from edge.contract.signed import Kind
from edge.contract.sync_message import Ack, UnitState
from tests import builders as b

BUNDLE_KEY, UNIT_KEY = b.a_sign_key("bundle"), b.a_sign_key("unit")
HUB_SEAL = keys.hub_seal_key(b"m" * 32)
POLICY = signed.seal(Kind.POLICY, b.ISSUER, b.a_policy().to_body(), BUNDLE_KEY)
TRUST = signed.seal(Kind.TRUST_LIST, b.ISSUER, b.a_trust_list().to_body(), BUNDLE_KEY)


def a_bundle_file(**bent: Any) -> BundleFile:
    values: dict[str, Any] = {
        "issuer": b.ISSUER,
        "unit": b.UNIT,
        "made_at_s": b.NOW_S,
        "state": UnitState.ACTIVE,
        "ack": Ack(Epoch(1), Seq(2), bytes(32)),
        "cursor": b"c",
        "bundles": (("trust-list", TRUST), ("policy", POLICY)),
    }
    return BundleFile(**{**values, **bent})


def a_journal_file(**bent: Any) -> JournalFile:
    values: dict[str, Any] = {
        "issuer": b.ISSUER,
        "unit": b.UNIT,
        "made_at_s": b.NOW_S,
        "health": {"unsent": 2},
        "pushes": (b"first", b"second"),
    }
    return JournalFile(**{**values, **bent})


def fault_of(data: bytes) -> FileFault:
    with pytest.raises(FileInvalid) as refused:
        BundleFile.open(data, [BUNDLE_KEY.public_key()])
    return refused.value.fault


def journal_fault_of(data: bytes, hub_key: Any = HUB_SEAL) -> FileFault:
    with pytest.raises(FileInvalid) as refused:
        JournalFile.open(data, hub_key, lambda _unit: UNIT_KEY.public_key())
    return refused.value.fault


def test_what_was_put_in_comes_out() -> None:
    file = a_bundle_file()
    assert BundleFile.open(file.sign(BUNDLE_KEY), [BUNDLE_KEY.public_key()]) == file


def test_a_file_that_was_cut_off_at_any_byte_is_noticed() -> None:
    data = a_bundle_file().sign(BUNDLE_KEY)
    head = len(next(canonical.sequence(data)))
    assert {fault_of(data[:end]) for end in range(head, len(data))} == {FileFault.CUT_OFF}
    assert {fault_of(data[:end]) for end in range(0, head, 7)} == {FileFault.NOT_A_FILE}


def test_messages_in_another_order_or_from_another_file_are_noticed() -> None:
    head, *messages = canonical.sequence(a_bundle_file().sign(BUNDLE_KEY))
    assert fault_of(head + b"".join(reversed(messages))) is FileFault.ALTERED
    assert fault_of(head + messages[0] * 2) is FileFault.ALTERED
    assert fault_of(head + b"".join(messages) + messages[0]) is FileFault.ALTERED


@given(at=st.integers(0, 10**6), flip=st.integers(1, 255))
def test_no_altered_byte_is_taken(at: int, flip: int) -> None:
    data = bytearray(a_bundle_file().sign(BUNDLE_KEY))
    data[at % len(data)] ^= flip
    assert fault_of(bytes(data)) in FileFault


def test_a_file_of_another_hub_is_not_signed_by_ours() -> None:
    data = a_bundle_file().sign(b.a_sign_key("somebody"))
    assert fault_of(data) is FileFault.NOT_SIGNED


@pytest.mark.parametrize("data", [b"", b"hello", b"\x80", b"PK\x03\x04" + bytes(99), b"\x9f" * 20])
def test_something_else_is_no_file(data: bytes) -> None:
    assert fault_of(data) is FileFault.NOT_A_FILE
    assert journal_fault_of(data) is FileFault.NOT_A_FILE


def test_a_bundle_file_is_no_journal_and_the_reverse() -> None:
    journal = a_journal_file().seal(UNIT_KEY, HUB_SEAL.public_key())
    assert journal_fault_of(a_bundle_file().sign(BUNDLE_KEY)) is FileFault.NOT_A_FILE
    assert fault_of(journal) is FileFault.NOT_A_FILE


def test_a_journal_file_is_opened_by_its_hub_alone() -> None:
    file = a_journal_file()
    data = file.seal(UNIT_KEY, HUB_SEAL.public_key())
    assert JournalFile.open(data, HUB_SEAL, lambda _unit: UNIT_KEY.public_key()) == file
    assert journal_fault_of(data, keys.hub_seal_key(b"n" * 32)) is FileFault.ALTERED
    assert b"first" not in data


def test_a_journal_file_that_lost_an_end_or_an_order_is_noticed() -> None:
    data = a_journal_file().seal(UNIT_KEY, HUB_SEAL.public_key())
    head, table, first, second = canonical.sequence(data)
    assert journal_fault_of(head + table + first) is FileFault.CUT_OFF
    assert journal_fault_of(head) is FileFault.CUT_OFF
    assert journal_fault_of(data[:-1]) is FileFault.CUT_OFF
    assert journal_fault_of(head + table + second + first) is FileFault.ALTERED
    assert journal_fault_of(head + table + first + b"\x01") is FileFault.ALTERED
    assert journal_fault_of(head + first + table + second) is FileFault.NOT_A_FILE


def test_a_journal_file_that_another_unit_signed_is_not_this_units() -> None:
    data = a_journal_file().seal(b.a_sign_key("other"), HUB_SEAL.public_key())
    assert journal_fault_of(data) is FileFault.NOT_SIGNED


def test_the_address_of_a_journal_file_cannot_be_exchanged() -> None:
    _, *pieces = canonical.sequence(a_journal_file().seal(UNIT_KEY, HUB_SEAL.public_key()))
    other = a_journal_file(unit=UnitId("S9999-K9")).seal(UNIT_KEY, HUB_SEAL.public_key())
    head = next(canonical.sequence(other))
    assert journal_fault_of(head + b"".join(pieces)) is FileFault.ALTERED


@given(st.binary(max_size=300))
def test_a_request_survives_being_written_down(message: bytes) -> None:
    text = request_text(message)
    broken = "\n".join(text[i : i + 40] for i in range(0, len(text), 40))
    assert read_request_text(broken + "\n") == message


@pytest.mark.parametrize("text", ["", "K7QX-2MPA-9RTC", "VX1-ENROL:a", "VX1-ENROL:ZZZ"])
def test_other_text_is_no_request(text: str) -> None:
    with pytest.raises(FileInvalid):
        read_request_text(text)


def test_the_check_digits_are_of_every_key_in_its_order() -> None:
    one, two = key_check(b"a" * 32, b"b" * 32), key_check(b"b" * 32, b"a" * 32)
    assert one != two
    assert len(one.replace(" ", "")) == 20


@given(st.lists(st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.integers(0, 99) | st.text(max_size=3), inner, max_size=4),
    max_leaves=12), max_size=5))  # fmt: skip
def test_a_sequence_is_taken_apart_where_it_was_put_together(values: list[Any]) -> None:
    try:
        items = [canonical.encode(value) for value in values]
    except canonical.NotCanonical:
        return  # nested more deeply than any message
    assert list(canonical.sequence(b"".join(items))) == items


@given(st.binary(max_size=200))
def test_any_bytes_are_a_sequence_or_not_and_nothing_else(data: bytes) -> None:
    try:
        assert b"".join(canonical.sequence(data)) == data
    except canonical.NotCanonical:
        return
