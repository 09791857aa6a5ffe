"""Rotating codes and short codes: windows, typing errors, handles that tell nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract import dynamic_code, handle, keys
from edge.contract.dynamic_code import code_at_step, drift_steps, matching_step, step_at
from edge.contract.ids import StatusIndex, VoucherId
from edge.contract.keys import KEY_EPOCH_S, CodeAlgorithm
from edge.contract.refusal import Refusal
from edge.contract.scan import ShortScan, read_scan
from edge.contract.voucher_token import TokenInvalid
from tests import builders as b

SEED = bytes(range(32))
SHA256 = CodeAlgorithm.SHA256


@pytest.mark.parametrize("drift", [0, 1, 2])
@pytest.mark.parametrize("off", range(-4, 5))
def test_a_code_counts_only_within_the_window(off: int, drift: int) -> None:
    now = step_at(b.NOW_S)
    code = code_at_step(SEED, now + off, 8, SHA256)
    found = matching_step(SEED, code, b.NOW_S, drift, algorithm=SHA256)
    assert found == (now + off if abs(off) <= drift else None)


@pytest.mark.parametrize(
    "code", ["", "1234567", "123456789", "12345a", "１２３４５６", "١٢٣٤٥٦", "-12345", " 12345"]
)
def test_what_is_no_code_matches_nothing(code: str) -> None:
    assert matching_step(SEED, code, b.NOW_S, algorithm=SHA256) is None


@pytest.mark.parametrize(
    ("uncertainty_s", "steps"), [(0, 1), (1, 2), (30, 2), (31, None), (10**9, None)]
)
def test_the_window_grows_with_the_clocks_uncertainty_up_to_five_steps(
    uncertainty_s: int, steps: int | None
) -> None:
    assert drift_steps(uncertainty_s) == steps


def test_at_the_beginning_of_time_there_is_no_step_before_the_first() -> None:
    assert matching_step(SEED, code_at_step(SEED, 0, 6, SHA256), 0, algorithm=SHA256) == 0


def test_a_key_epoch_is_a_whole_number_of_steps() -> None:
    """Otherwise a step would have two seeds."""
    assert KEY_EPOCH_S % dynamic_code.STEP_S == 0


def a_short_code(index: int = 9) -> str:
    epoch_key = keys.epoch_key(b"\x05" * 32, keys.key_epoch_at(b.NOW_S))
    voucher_id = VoucherId(0x0A1B2C3D4E5F)
    return dynamic_code.short_text(StatusIndex(index), voucher_id, epoch_key, b.NOW_S, SHA256)


def typing_errors(code: str) -> Iterator[str]:
    for place in range(12):
        for digit in "0123456789":
            yield code[:place] + digit + code[place + 1 :]
    for place in range(11):
        yield code[:place] + code[place + 1] + code[place] + code[place + 2 :]


def test_every_wrong_digit_and_every_swap_in_the_static_part_is_found() -> None:
    code = a_short_code()
    wrong = {text for text in typing_errors(code) if text != code}
    assert len(wrong) > 100
    for text in wrong:
        with pytest.raises(TokenInvalid) as caught:
            read_scan(text)
        assert caught.value.reason in {Refusal.MISTYPED, Refusal.NOT_A_TOKEN}


@given(st.integers(0, 10**10 - 1), st.binary(min_size=32, max_size=32))
def test_a_handle_leads_back_to_its_index(index: int, key: bytes) -> None:
    text = handle.handle_of(index, key)
    assert len(text) == 10
    assert handle.index_of(text, key) == index


def test_handles_are_a_permutation_and_change_with_the_epoch() -> None:
    epochs = [keys.handle_key(keys.epoch_key(b"\x05" * 32, epoch)) for epoch in (1, 2)]
    first, second = ({handle.handle_of(i, key) for i in range(2000)} for key in epochs)
    assert len(first) == len(second) == 2000
    assert len(first & second) < 5


@given(st.text(max_size=40))
def test_no_text_is_taken_for_a_token(text: str) -> None:
    """Reading a scan fails in one way only; what does not fail is a short code."""
    reasons = {Refusal.NOT_A_TOKEN, Refusal.MISTYPED}
    try:
        scan: object = read_scan(text)
    except TokenInvalid as exc:
        scan = exc.reason
    assert isinstance(scan, ShortScan) or scan in reasons
