"""Which keys the units are told to believe."""

from __future__ import annotations

import dataclasses

import pytest

from central.foundation.feed import newest_change
from central.stores.keys import trust
from central.stores.keys.trust import IssuerKeyRow
from edge.contract import voucher_token
from edge.contract.ids import KeyId
from edge.contract.keys import TrustList
from edge.contract.refusal import Refusal
from edge.contract.voucher_token import TokenInvalid
from tests import builders as b
from tests.central.builders import KEYRING, Database, an_order, at_once, furnish, sell

NEXT_RING = dataclasses.replace(
    KEYRING, issuers={**KEYRING.issuers, KeyId(2): b.a_sign_key("next issuer")}
)


@pytest.fixture(autouse=True)
def hub(hub_database: Database) -> None:
    furnish()


def listed(at_s: int = b.NOW_S) -> TrustList:
    return TrustList.from_body(trust.trust_list(KEYRING, at_s).to_body())


def test_the_ring_s_public_keys_are_listed() -> None:
    assert [(k.issuer, k.kid, k.foreign) for k in listed().keys] == [(b.ISSUER, 1, False)]
    assert listed().bundle_keys == (KEYRING.bundle_public,)


def test_publishing_again_changes_nothing() -> None:
    before, changes = listed(), newest_change()
    trust.publish(KEYRING, b.NOW_S + 5)
    assert (listed(), newest_change()) == (before, changes)


def test_nodes_that_publish_at_once_list_each_key_once() -> None:
    told = at_once(6, lambda _: trust.publish(NEXT_RING, b.NOW_S))
    assert told == [None] * 6
    assert [k.kid for k in listed().keys] == [1, 2]


def test_a_new_key_is_a_new_version_and_the_old_one_stays() -> None:
    [old] = sell(an_order())
    before = listed()
    trust.publish(NEXT_RING, b.NOW_S)
    after = listed()
    assert after.version > before.version
    assert [k.kid for k in after.keys] == [1, 2]
    assert voucher_token.verify(old.text, after, b.NOW_S) == old.claims


def test_a_withdrawn_key_is_absent() -> None:
    [old] = sell(an_order())
    IssuerKeyRow.update(active=False).execute()
    with pytest.raises(TokenInvalid) as caught:
        voucher_token.verify(old.text, listed(), b.NOW_S)
    assert caught.value.reason is Refusal.UNKNOWN_KEY


def test_a_foreign_issuer_is_known_and_not_taken() -> None:
    key = b.a_sign_key("partner").public_key().public_bytes_raw()
    IssuerKeyRow.create(
        issuer="partner.example", kid=1, public_key=key, is_foreign=True, active=True,
        created_at_s=b.NOW_S, changed_n=1,
    )  # fmt: skip
    text = b.a_token(issuer="partner.example", key="partner")
    with pytest.raises(TokenInvalid) as caught:
        voucher_token.verify(text, listed(), b.NOW_S)
    assert caught.value.reason is Refusal.FOREIGN_ISSUER


def test_every_day_has_a_higher_version_that_lasts_longer() -> None:
    today, tomorrow = listed(), listed(b.NOW_S + trust.REFRESH_S)
    assert tomorrow.version > today.version
    assert tomorrow.expires_at_s == today.expires_at_s + trust.REFRESH_S
    assert listed(b.NOW_S + 60).version == today.version
