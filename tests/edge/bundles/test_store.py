"""What the hub says is believed if it is signed for this unit, and never goes back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw
import pytest

from edge.bundles.identity import UnitKeys
from edge.bundles.store import BundleStore, HubWord
from edge.contract.bundle import Catalogue
from edge.contract.ids import StatusIndex, StoreGroup, UnitId
from edge.contract.keys import key_epoch_at
from edge.contract.signed import Kind, MessageInvalid
from edge.contract.status import SHARD_SIZE, Status
from edge.contract.sync_message import UnitState
from edge.db import Store
from edge.errors import JournalBroken
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Rig, SignedMessage, a_rig


def word_of(rig: Rig) -> HubWord:
    word = rig.core.bundles.word
    assert word is not None
    return word


def versions(rig: Rig) -> tuple[int, ...]:
    """Versions of trust list, policy, catalogue and template."""
    word = word_of(rig)
    held = (word.trust, word.policy, word.catalogue, word.template)
    return tuple(one.version if one else 0 for one in held)


def status_of(rig: Rig, index: int) -> tuple[Status | None, int]:
    return word_of(rig).status_of(StatusIndex(index))


def refusing(rig: Rig, *messages: SignedMessage) -> str:
    """Take messages that cannot be believed and return the reason; nothing must have changed."""
    before = word_of(rig)
    with pytest.raises(MessageInvalid) as caught:
        rig.take(*messages, cursor=b"c9")
    assert word_of(rig) == before
    rig.restart()
    assert word_of(rig) == before, "nor in the database"
    return caught.value.slug


# --- what is taken -------------------------------------------------------------------------------


def test_everything_that_came_is_there_after_a_restart(rig: Rig) -> None:
    rig.take(e.a_delta_message(1, 2, Status.REVOKED, 9), cursor=b"c2", hub_time_s=b.NOW_S + 5)
    before = word_of(rig)
    assert (before.cursor, before.pulled_at_s, before.state) == (b"c2", b.NOW_S + 5, "active")
    rig.restart()
    assert word_of(rig) == before
    assert rig.core.bundles.handles([StatusIndex(9)]) == [b.some_claims(kid=0)]


def test_what_is_new_is_named(rig: Rig) -> None:
    news = [e.a_policy_message(b.a_policy(version=2)), e.a_delta_message(1, 1, Status.REVOKED, 1)]
    assert rig.take(*news) == ["policy"]
    assert rig.take() == []


@pytest.mark.parametrize(
    "newer",
    [e.a_trust_message(b.a_trust_list(version=2)), e.a_policy_message(b.a_policy(version=2)),
     e.a_catalogue_message(b.a_catalogue(version=2)),
     e.a_template_message(b.a_receipt_template(version=2))],
    ids=lambda m: m[0],
)  # fmt: skip
def test_a_newer_version_replaces_the_held_one(rig: Rig, newer: SignedMessage) -> None:
    assert rig.take(newer) == [newer[0]]
    assert sorted(versions(rig)) == [1, 1, 1, 2]


def test_a_kind_that_only_a_later_hub_knows_is_skipped(rig: Rig) -> None:
    unknown = ("loyalty-points", b"whatever it is")
    assert rig.take(unknown, e.a_policy_message(b.a_policy(version=2))) == ["policy"]


@pytest.mark.parametrize("kind", [Kind.PULL_ANSWER, Kind.ENROLMENT, Kind.JOURNAL_HEAD])
def test_a_kind_that_has_no_place_in_a_pull_changes_nothing(rig: Rig, kind: Kind) -> None:
    assert rig.take(e.sealed(kind, b.an_enrolment().to_body())) == []


def test_the_hubs_time_of_a_pull_never_goes_back(rig: Rig) -> None:
    rig.take(hub_time_s=b.NOW_S + 100)
    rig.take(hub_time_s=b.NOW_S)
    assert word_of(rig).pulled_at_s == b.NOW_S + 100


# --- what is not believed ------------------------------------------------------------------------

POLICY_2 = b.a_policy(version=2)
UNBELIEVABLE: list[tuple[str, SignedMessage, str]] = [
    ("signed by a thief", e.a_policy_message(POLICY_2, key="thief"), "bad-message-signature"),
    ("signed by the issuer's voucher key", e.a_policy_message(POLICY_2, key="issuer"),
     "bad-message-signature"),
    ("for another issuer", e.a_policy_message(POLICY_2, issuer="other.example"),
     "bad-message-signature"),
    ("a policy passed off as a catalogue", ("catalogue", e.a_policy_message(POLICY_2)[1]),
     "bad-message-signature"),
    ("a body of another kind", e.sealed(Kind.POLICY, b.a_catalogue().to_body()),
     "malformed-message"),
    ("no message at all", ("policy", b""), "malformed-message"),
    ("not signed", ("policy", b"\xa1\x01\x02"), "malformed-message"),
    ("truncated", ("policy", e.a_policy_message(POLICY_2)[1][:-1]), "malformed-message"),
    ("something behind it", ("policy", e.a_policy_message(POLICY_2)[1] + b"\x00"),
     "malformed-message"),
    ("another unit's keys", e.an_epoch_keys_message(unit=UnitId("S0412-K2")), "foreign-message"),
    ("keys sealed to another", e.an_epoch_keys_message(seal_key="other"), "malformed-message"),
    ("a snapshot by a thief", e.a_snapshot_message(2, key="thief"), "bad-message-signature"),
    ("a snapshot that is none", ("status-snapshot", b"\xd2\x84"), "malformed-message"),
    ("a delta with a gap", e.a_delta_message(2, 3, Status.REVOKED, 9), "status-gap"),
    ("a delta of an unknown shard", e.a_delta_message(5, 6, Status.REVOKED, 9, shard=3),
     "status-gap"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("message", "slug"), [pytest.param(*row[1:], id=row[0]) for row in UNBELIEVABLE]
)
@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
def test_one_message_that_cannot_be_believed_takes_nothing_of_the_whole_answer(
    rig: Rig, message: SignedMessage, slug: str, first: bool
) -> None:
    good = [
        e.a_trust_message(b.a_trust_list(version=2)),
        e.a_snapshot_message(1, _5=Status.REVOKED),
        e.a_handles_message(b.some_claims(status_index=77)),
    ]
    assert refusing(rig, *([message, *good] if first else [*good, message])) == slug
    assert rig.core.bundles.handles([StatusIndex(77)]) == []


@pytest.mark.parametrize("at", range(0, 700, 23))
def test_any_altered_byte_of_a_message_is_noticed(rig: Rig, at: int) -> None:
    kind, message = e.a_policy_message(POLICY_2)
    altered = bytearray(message)
    altered[at % len(altered)] ^= 1
    assert refusing(rig, (kind, bytes(altered))) in {"bad-message-signature", "malformed-message"}


OLDER: list[SignedMessage] = [
    e.a_trust_message(b.a_trust_list(version=4)), e.a_policy_message(b.a_policy(version=4)),
    e.a_catalogue_message(b.a_catalogue(version=4)),
    e.a_template_message(b.a_receipt_template(version=4)),
]  # fmt: skip


@pytest.mark.parametrize("older", OLDER, ids=lambda m: m[0])
def test_an_older_version_is_not_taken_and_holds_nothing_else_up(
    rig: Rig, older: SignedMessage
) -> None:
    """A hub restored from a backup sends what it has: a unit must go on hearing it."""
    rig.take(
        e.a_trust_message(b.a_trust_list(version=5)), e.a_policy_message(b.a_policy(version=5)),
        e.a_catalogue_message(b.a_catalogue(version=5)),
        e.a_template_message(b.a_receipt_template(version=5)),
    )  # fmt: skip
    assert rig.take(older, e.a_snapshot_message(2)) == ["status-snapshot"]
    assert versions(rig) == (5, 5, 5, 5)
    rig.restart()
    assert versions(rig) == (5, 5, 5, 5)


def test_the_same_version_again_is_taken_again(rig: Rig) -> None:
    other = Catalogue(1, {})
    assert rig.take(e.a_catalogue_message(other)) == ["catalogue"]
    assert word_of(rig).catalogue == other


# --- status --------------------------------------------------------------------------------------


def test_deltas_follow_one_another(rig: Rig) -> None:
    rig.take(e.a_delta_message(1, 2, Status.REVOKED, 9, 10))
    rig.take(
        e.a_delta_message(2, 4, Status.VALID, 9), e.a_delta_message(4, 5, Status.SUSPENDED, 11)
    )
    found = [status_of(rig, index)[0] for index in (9, 10, 11, 12)]
    assert found == [Status.VALID, Status.REVOKED, Status.SUSPENDED, Status.VALID]
    assert status_of(rig, 9)[1] == 5


def test_a_delta_that_is_held_already_changes_nothing(rig: Rig) -> None:
    rig.take(e.a_delta_message(1, 2, Status.REVOKED, 9))
    rig.take(e.a_delta_message(2, 3, Status.VALID, 9))
    assert rig.take(e.a_delta_message(1, 2, Status.REVOKED, 9)) == []
    assert status_of(rig, 9) == (Status.VALID, 3)


def test_a_snapshot_older_than_what_is_held_is_not_put_back(rig: Rig) -> None:
    rig.take(e.a_delta_message(1, 5, Status.REVOKED, 9))
    assert rig.take(e.a_snapshot_message(4)) == []
    assert status_of(rig, 9) == (Status.REVOKED, 5)


def test_a_newer_snapshot_replaces_everything_of_its_shard(rig: Rig) -> None:
    rig.take(e.a_delta_message(1, 5, Status.REVOKED, 9))
    rig.take(e.a_snapshot_message(6, _10=Status.SUSPENDED))
    assert (status_of(rig, 9)[0], status_of(rig, 10)[0]) == (Status.VALID, Status.SUSPENDED)


def test_shards_are_counted_each_for_itself(rig: Rig) -> None:
    rig.take(e.a_snapshot_message(8, shard=1, _3=Status.REVOKED))
    assert status_of(rig, SHARD_SIZE + 3) == (Status.REVOKED, 8)
    assert status_of(rig, 3) == (Status.VALID, 1)
    assert status_of(rig, 5 * SHARD_SIZE) == (Status.VALID, 0), "a shard nobody sent is all valid"


def test_a_delta_can_begin_a_shard(rig: Rig) -> None:
    rig.take(e.a_delta_message(0, 1, Status.REVOKED, 2, shard=4))
    assert status_of(rig, 4 * SHARD_SIZE + 2) == (Status.REVOKED, 1)


# --- keys ----------------------------------------------------------------------------------------


def test_new_epoch_keys_replace_the_old_ones(rig: Rig) -> None:
    now = key_epoch_at(b.NOW_S)
    rig.take(e.an_epoch_keys_message(epochs=range(now, now + 4)))
    rig.restart()
    keys = word_of(rig).epoch_keys
    assert keys is not None
    assert sorted(keys.epochs()) == list(range(now, now + 4))


def test_epoch_keys_that_end_earlier_than_those_held_are_not_taken(rig: Rig) -> None:
    """An older message comes again, or two pulls overtake one another."""
    now = key_epoch_at(b.NOW_S)
    assert rig.take(e.an_epoch_keys_message(epochs=range(now - 3, now))) == []
    keys = word_of(rig).epoch_keys
    assert keys is not None
    assert now in keys.epochs()


def test_secrets_are_in_no_text_of_the_hubs_word(rig: Rig) -> None:
    told = repr(word_of(rig))
    key = e.key_of(b.GROUP, key_epoch_at(b.NOW_S))
    assert repr(key) not in told
    assert key.hex() not in told


def test_the_hubs_own_key_changes_by_the_trust_list(rig: Rig) -> None:
    new, newer = (b.a_sign_key(name).public_key().public_bytes_raw() for name in ("new", "newer"))
    old = b.a_sign_key("bundle").public_key().public_bytes_raw()
    rig.take(e.a_trust_message(b.a_trust_list(version=2, bundle_keys=(old, new))))
    assert rig.take(e.a_policy_message(POLICY_2, key="new")) == ["policy"]
    only_new = b.a_trust_list(version=3, bundle_keys=(new, newer))
    rig.take(e.a_trust_message(only_new, key="new"))
    rig.restart()
    policy_3 = b.a_policy(version=3)
    assert refusing(rig, e.a_policy_message(policy_3)) == "bad-message-signature"
    assert rig.take(e.a_policy_message(policy_3, key="newer")) == ["policy"]


def test_a_rotation_counts_from_the_next_message_of_the_same_answer(rig: Rig) -> None:
    new = b.a_sign_key("new").public_key().public_bytes_raw()
    trust = e.a_trust_message(b.a_trust_list(version=2, bundle_keys=(new,)))
    assert rig.take(trust, e.a_policy_message(POLICY_2, key="new")) == ["trust-list", "policy"]


# --- handles -------------------------------------------------------------------------------------


def test_handles_are_added_or_begun_anew_by_group(rig: Rig) -> None:
    bundles = rig.core.bundles
    rig.take(e.a_handles_message(b.some_claims(status_index=20), from_version=1))
    both = [StatusIndex(9), StatusIndex(20)]
    assert [c.status_index for c in bundles.handles(both)] == [9, 20]
    of_all = b.some_claims(status_index=30, scope=StoreGroup(0))
    rig.take(e.a_handles_message(of_all, group=StoreGroup(0)))
    assert len(bundles.handles([*both, StatusIndex(30)])) == 3
    rig.take(e.a_handles_message(b.some_claims(status_index=40)))
    assert [c.status_index for c in bundles.handles([*both, StatusIndex(30), StatusIndex(40)])] == [
        30, 40,
    ]  # fmt: skip


# --- the state of the unit -----------------------------------------------------------------------


@pytest.mark.parametrize("state", list(UnitState))
def test_what_the_hub_thinks_of_the_unit_is_remembered(rig: Rig, state: UnitState) -> None:
    rig.take(state=state)
    rig.restart()
    assert word_of(rig).state is state


def test_forgetting_the_cursor_lets_the_next_pull_begin_from_nothing(rig: Rig) -> None:
    rig.core.bundles.forget_cursor()
    assert word_of(rig).cursor == b""
    rig.restart()
    assert (word_of(rig).cursor, versions(rig)) == (b"", (1, 1, 1, 1))


# --- enrolment -----------------------------------------------------------------------------------


def enrolling(path: Path, message: bytes, keys: UnitKeys = e.KEYS) -> str:
    """Return why an enrolment is not taken, "" if it is."""
    store = Store(path)
    bundles = BundleStore(store, keys)
    try:
        bundles.enrol(message, e.BUNDLE_KEY.public_key().public_bytes_raw())
    except MessageInvalid as exc:
        assert bundles.word is None
        return exc.slug
    finally:
        store.close()
    return ""


OTHERS: list[tuple[str, bytes, str]] = [
    ("ours", e.an_enrolment_message(), ""),
    ("by a thief", e.an_enrolment_message(key="thief"), "bad-message-signature"),
    ("for another issuer", e.an_enrolment_message(issuer="other.example"), "bad-message-signature"),
    ("another unit's key", e.an_enrolment_message(b.an_enrolment(sign_key=bytes(32))),
     "foreign-message"),
    ("names another hub's key", e.an_enrolment_message(b.an_enrolment(bundle_key=bytes(32))),
     "foreign-message"),
    ("nonsense", b"nonsense", "malformed-message"),
    ("empty", b"", "malformed-message"),
    ("a policy", e.a_policy_message()[1], "malformed-message"),
]  # fmt: skip


@pytest.mark.parametrize(("message", "slug"), [pytest.param(*row[1:], id=row[0]) for row in OTHERS])
def test_only_the_enrolment_of_this_unit_by_the_compared_key_is_taken(
    tmp_path: Path, message: bytes, slug: str
) -> None:
    assert enrolling(tmp_path / "unit.db", message) == slug


def test_enrolling_anew_forgets_what_the_last_hub_said(rig: Rig) -> None:
    rig.close()
    e.enrol(rig.directory)
    rig.open()
    assert word_of(rig) == HubWord(b.an_enrolment())
    assert rig.core.bundles.handles([StatusIndex(9)]) == []


@pytest.mark.parametrize(
    "sql",
    ["UPDATE bundle SET message = x'00' WHERE kind = 'policy'",
     "UPDATE bundle SET message = x'' WHERE kind = 'enrolment'",
     "UPDATE bundle SET message = 'text'",
     "UPDATE bundle SET kind = 'other' WHERE kind = 'policy'",
     "UPDATE note SET value = x'00' WHERE key = 'pulled'"],
)  # fmt: skip
def test_what_cannot_be_read_any_more_is_an_error_with_a_remedy(rig: Rig, sql: str) -> None:
    """A bit rots: the unit must come up and say so, not fall over."""
    rig.close()
    connection = apsw.Connection(str(rig.directory / "unit.db"))
    connection.execute(sql)
    connection.close()
    with pytest.raises(JournalBroken) as caught:
        rig.open()
    assert "--replace-journal" in str(caught.value.extra["command"])
    assert isinstance(caught.value, JournalBroken)


def test_other_keys_than_those_it_enrolled_with_are_an_error_with_a_remedy(tmp_path: Path) -> None:
    with a_rig(tmp_path / "unit") as rig:
        rig.close()
        store = Store(rig.directory / "unit.db")
        with pytest.raises(JournalBroken):
            BundleStore(store, UnitKeys(b.a_sign_key("new"), b.a_seal_key("new")))
        store.close()


def test_two_pulls_at_once_lose_nothing_of_one_another(rig: Rig) -> None:
    """The till's "sync now" pulls beside the thread that does it every few seconds."""
    together = threading.Barrier(2)

    def pull(make: Callable[[int], SignedMessage]) -> None:
        for version in range(2, 22):
            together.wait(10)
            rig.take(make(version))

    with ThreadPoolExecutor(2) as pool:
        policies = pool.submit(pull, lambda v: e.a_policy_message(b.a_policy(version=v)))
        templates = pool.submit(
            pull, lambda v: e.a_template_message(b.a_receipt_template(version=v))
        )
        policies.result(30)
        templates.result(30)
    assert versions(rig) == (1, 21, 1, 21)
