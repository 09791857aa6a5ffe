"""The token: one text for one voucher, and every altered text refused."""

from __future__ import annotations

import string
from typing import Any

import pytest
from cwt import COSE, COSEKey
from hypothesis import given
from hypothesis import strategies as st
from pycose.headers import Algorithm
from pycose.keys.curves import Ed25519
from pycose.keys.okp import OKPKey
from pycose.messages.sign1message import Sign1Message

from edge.contract import canonical, cose, voucher_token
from edge.contract.ids import KeyId, ProductId, StatusIndex, StoreGroup, VoucherId
from edge.contract.refusal import Refusal
from edge.contract.voucher_token import (
    DAY_S,
    DAY_ZERO_S,
    TokenInvalid,
    VoucherClaims,
    VoucherKind,
    validity,
)
from tests import builders as b

ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493

any_claims = st.builds(
    VoucherClaims,
    kid=st.integers(0, 255).map(KeyId),
    voucher_id=st.integers(0, 2**48 - 1).map(VoucherId),
    product=st.integers(0, 2**24 - 1).map(ProductId),
    value=st.integers(0, 2**32 - 1),
    scope=st.integers(0, 2**16 - 1).map(StoreGroup),
    not_before_day=st.integers(0, 2**16 - 1),
    expires_day=st.integers(0, 2**16 - 1),
    status_index=st.integers(0, 2**32 - 1).map(StatusIndex),
    kind=st.sampled_from(VoucherKind),
    dynamic_required=st.booleans(),
    online_only=st.booleans(),
)


def refused(text: str) -> Refusal:
    with pytest.raises(TokenInvalid) as caught:
        voucher_token.verify_signature(text, b.a_trust_list())
    return caught.value.reason


@given(any_claims)
def test_what_was_signed_is_what_is_read(claims: VoucherClaims) -> None:
    claims = claims._replace(kid=KeyId(1))
    text = voucher_token.sign(claims, b.ISSUER, b.a_sign_key())
    assert len(text) == 218
    assert voucher_token.verify_signature(text, b.a_trust_list()) == claims


def test_every_single_character_alteration_is_refused() -> None:
    token = b.a_token()
    altered: set[str] = set()
    for place in range(len(token)):
        head, tail = token[:place], token[place + 1 :]
        altered |= {head + digit + tail for digit in string.digits}  # replaced
        altered |= {head + char + tail for char in " -_A\u0661\uff11"}
        altered |= {head + char + token[place:] for char in "0 -\n"}  # inserted
        altered.add(head + tail)  # left out
        altered.add(head + tail[:1] + token[place] + tail[1:])  # swapped
    altered.discard(token)
    assert len(altered) >= 3000
    reasons = {refused(text) for text in altered}
    assert reasons <= {Refusal.NOT_A_TOKEN, Refusal.UNKNOWN_KEY, Refusal.BAD_SIGNATURE}


def test_a_signature_plus_the_group_order_is_refused() -> None:
    """Ed25519 without this check has a second signature for every message (RFC 8032 §5.1.7)."""
    payload, signature = voucher_token.split(b.a_token())
    s = int.from_bytes(signature[32:], "little") + ED25519_ORDER
    forged = voucher_token.text_of(payload, signature[:32] + s.to_bytes(32, "little"))
    assert refused(forged) is Refusal.BAD_SIGNATURE


@given(st.text(max_size=300))
def test_garbage_is_not_a_token(text: str) -> None:
    assert refused(text) is Refusal.NOT_A_TOKEN


@given(st.integers(0, 10**217 - 1))
def test_a_number_nobody_signed_is_refused(number: int) -> None:
    reason = refused("9" + str(number).zfill(217))
    assert reason in {Refusal.NOT_A_TOKEN, Refusal.UNKNOWN_KEY, Refusal.BAD_SIGNATURE}


@pytest.mark.parametrize(
    "bent",
    [
        {"kid": 256},
        {"voucher_id": 2**48},
        {"product": 2**24},
        {"value": 2**32},
        {"value": -1},
        {"scope": 2**16},
        {"not_before_day": 2**16},
        {"expires_day": -1},
        {"status_index": 2**32},
    ],
    ids=str,
)
def test_a_claim_that_does_not_fit_is_not_signed(bent: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        b.a_token(**bent)


def rewrapped(text: str) -> bytes:
    payload, signature = voucher_token.split(text)
    return cose.TAG_SIGN1 + canonical.encode([cose.PROTECTED_EDDSA, {}, payload, signature])


def test_pycose_verifies_the_rewrapped_token() -> None:
    message: Any = Sign1Message.decode(rewrapped(b.a_token()))
    message.key = OKPKey(crv=Ed25519, x=b.an_issuer_key().public_bytes, optional_params={})
    message.external_aad = voucher_token.external_aad(b.ISSUER)
    assert message.get_attr(Algorithm) is not None
    assert message.verify_signature()
    message.external_aad = voucher_token.external_aad("other.example")
    assert not message.verify_signature()


def test_cwt_library_verifies_the_rewrapped_token() -> None:
    x = b.an_issuer_key().public_bytes
    key = COSEKey.new({1: 1, -1: 6, -2: x, 3: -8, 2: b"1"})
    payload = COSE(verify_kid=False).decode(
        rewrapped(b.a_token()), key, external_aad=voucher_token.external_aad(b.ISSUER)
    )
    assert payload == voucher_token.encode_payload(b.some_claims())


BEGINS_S = DAY_ZERO_S + 90 * DAY_S
ENDS_S = DAY_ZERO_S + 200 * DAY_S


@pytest.mark.parametrize(
    ("earliest_s", "latest_s", "reason"),
    [
        (BEGINS_S, BEGINS_S, None),
        (ENDS_S - 1, ENDS_S - 1, None),
        (BEGINS_S, ENDS_S - 1, None),
        (BEGINS_S - 1, BEGINS_S - 1, Refusal.NOT_YET_VALID),
        (ENDS_S, ENDS_S, Refusal.EXPIRED),
        (BEGINS_S - 1, BEGINS_S, Refusal.CLOCK_UNCERTAIN),
        (ENDS_S - 1, ENDS_S, Refusal.CLOCK_UNCERTAIN),
        (0, 2**40, Refusal.CLOCK_UNCERTAIN),
        (0, 100, Refusal.NOT_YET_VALID),
    ],
)
def test_an_uncertain_clock_is_named_as_the_reason(
    earliest_s: int, latest_s: int, reason: Refusal | None
) -> None:
    assert validity(b.some_claims(), earliest_s, latest_s) is reason
