"""A thin hub that notes what was done to it and what it answered; and the real one beside it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, NamedTuple

from central.errors import Conflict, HubError
from central.foundation.db.engine import money_transaction
from central.money.ledger import rules
from central.money.ledger.store import post
from central.stores.corrections import give_back
from central.stores.edge_api import note_health
from central.stores.holders import grant
from central.stores.redemptions import lease
from central.stores.redemptions.acknowledge import ack_of
from central.stores.redemptions.receive_push import receive_push
from central.stores.redemptions.receive_relay import receive_relay
from central.stores.redemptions.reserve import reserve
from central.stores.redemptions.settle import resume
from central.stores.redemptions.tables import LeaseRow
from central.stores.units import revoke
from central.stores.units.bundle import Cursor
from central.stores.units.tables import Unit
from central.stores.vouchers import status
from central.stores.vouchers.tables import Shard, Voucher
from edge.bundles.identity import UnitKeys
from edge.contract import signed
from edge.contract.grant import Grant, GrantRequest
from edge.contract.ids import EntryRef, UnitId, VoucherId
from edge.contract.lease import LeaseRequest
from edge.contract.money import Money
from edge.contract.refusal import Refusal
from edge.contract.status import Status
from edge.contract.sync_message import (
    Pull,
    PullAnswer,
    Push,
    PushReceipt,
    Relay,
    Reserve,
    UnitState,
)
from edge.contract.sync_message import Reservation as Held
from edge.contract.voucher_token import VoucherClaims
from edge.sync import borrow as borrow_paths
from edge.sync import pull as pull_paths
from edge.sync import push as push_paths
from edge.sync import relay as relay_paths
from tests import builders as b
from tests.central.builders import CURRENCY, KEYRING, TODAY
from tests.simulation.hub.memory import BUNDLE_KEY, ISSUER, SKEW_S, HubSays
from tests.simulation.hub.thin_hub import ThinHub

PULL = pull_paths.PATH
RELAY = relay_paths.PATH
Told = tuple[Any, ...]
"""What an answer comes to, without what only a unit of this hub can read."""


class Done(NamedTuple):
    """Something that was done to a hub, and what it came to."""

    name: str
    args: tuple[Any, ...]
    told: Told


class RecordedHub(ThinHub):
    """A thin hub with a memory of its own life."""

    def __init__(self, policy: Any) -> None:
        self.done: list[Done] = []
        super().__init__(policy)

    def add_unit(self, unit: UnitId, keys: UnitKeys) -> None:
        """Note it."""
        super().add_unit(unit, keys)
        self.done.append(Done("add_unit", (unit, keys), ()))

    def sell(self, claims: VoucherClaims, capacity: int) -> None:
        """Note it."""
        super().sell(claims, capacity)
        self.done.append(Done("sell", (claims, capacity), ()))

    def change_status(self, voucher_id: VoucherId, wanted: Status, allowed: set[Status]) -> bool:
        """Note it, if somebody did it from outside."""
        changed = super().change_status(voucher_id, wanted, allowed)
        if wanted in {Status.REVOKED, Status.SUSPENDED}:
            self.done.append(Done("change_status", (voucher_id, wanted, allowed), (changed,)))
        return changed

    def resume(self, voucher_id: VoucherId) -> None:
        """Note it."""
        super().resume(voucher_id)
        self.done.append(Done("resume", (voucher_id,), ()))

    def give_back(self, ref: EntryRef, voucher_id: VoucherId, amount: int, at_s: int) -> None:
        """Note it."""
        give = super().give_back
        args = (ref, voucher_id, amount, at_s)
        self._done("give_back", lambda: give(*args), *args)

    def recall(self, lease_id: bytes) -> None:
        """Note it."""
        recall = super().recall
        self._done("recall", lambda: recall(lease_id), lease_id)

    def write_off(self, lease_id: bytes, at_s: int) -> None:
        """Note it."""
        write = super().write_off
        self._done("write_off", lambda: write(lease_id, at_s), lease_id, at_s)

    def give(self, asked: GrantRequest, at_s: int) -> Grant | Refusal:
        """Note it."""
        try:
            given = super().give(asked, at_s)
        except HubSays as exc:
            self.done.append(Done("give", (asked, at_s), ("problem", exc.slug)))
            raise
        self.done.append(Done("give", (asked, at_s), ("grant", given)))
        return given

    def lend(self, wanted: LeaseRequest, at_s: int) -> None:
        """Note it, also when a unit has asked."""
        lend = super().lend
        self._done("lend", lambda: lend(wanted, at_s), wanted, at_s)

    def _done(self, name: str, do: Callable[[], None], *args: Any) -> None:
        try:
            do()
        except HubSays as exc:
            self.done.append(Done(name, args, ("problem", exc.slug)))
            raise
        self.done.append(Done(name, args, self._promises()))

    def _promises(self) -> Told:
        open_ = sorted(i for i, lent in self.books.leases.items() if lent.closed_n is None)
        return ("leases", tuple(open_))

    def set_state(self, unit: UnitId, state: UnitState, at_s: int) -> None:
        """Note it."""
        super().set_state(unit, state, at_s)
        self.done.append(Done("set_state", (unit, state, at_s), ()))

    def post(self, path: str, body: bytes, created_s: int, at_s: int) -> bytes:
        """Note it; of a lease it was noted by then."""
        if path == borrow_paths.PATH:
            return super().post(path, body, created_s, at_s)
        args = (path, body, created_s, at_s, self._heard_of(body) if path == PULL else ())
        try:
            answer = super().post(path, body, created_s, at_s)
        except HubSays as exc:
            self.done.append(Done("post", args, ("problem", exc.slug)))
            raise
        told = _read(path, answer)
        told += self._promises() if path == PULL else ()
        self.done.append(Done("post", args, told))
        return answer

    def _heard_of(self, body: bytes) -> tuple[bytes, ...]:
        """Return the recalled leases that a unit has heard of, by the cursor that it sends."""
        known = self._as_heard(Cursor.decode(Pull.decode(body).cursor)).n
        leases = self.books.leases.items()
        return tuple(i for i, lent in leases if lent.recalled_n and lent.recalled_n <= known)


def _read(path: str, answer: bytes) -> Told:
    key = [BUNDLE_KEY.public_key()]
    kinds = {
        push_paths.PATH: signed.Kind.PUSH_RECEIPT,
        RELAY: signed.Kind.PUSH_RECEIPT,
        PULL: signed.Kind.PULL_ANSWER,
    }
    kind = kinds.get(path, signed.Kind.RESERVATION)
    body = signed.unseal(kind, ISSUER, answer, key)
    if kind is signed.Kind.PUSH_RECEIPT:
        return _of_push(PushReceipt.from_body(body))
    if kind is signed.Kind.PULL_ANSWER:
        pulled = PullAnswer.from_body(body)
        return ("pull", pulled.state, pulled.ack)
    return _of_reservation(Held.from_body(body))


def _of_push(receipt: PushReceipt) -> Told:
    return ("push", receipt.ack, receipt.results)


def _of_reservation(held: Held) -> Told:
    return ("reserve", held.refusal, held.remaining, held.expires_at_s)


# --- the real one --------------------------------------------------------------------------------


class RealHub:
    """The product's own hub, on a database that is furnished."""

    def __init__(self) -> None:
        Shard.create(id=0, scope=b.GROUP, month=0, used=1000)

    def do(self, done: Done) -> Told:
        """Do the same; return what it comes to here."""
        work: Callable[..., Told] = getattr(self, f"_{done.name}")
        return work(*done.args)

    def _add_unit(self, unit: UnitId, keys: UnitKeys) -> Told:
        Unit.create(
            id=unit, store_id=b.STORE, sign_key=keys.sign_public, seal_key=keys.seal_public,
            hardware="", state=str(UnitState.ACTIVE), enrolled_at_s=b.NOW_S - 86400,
        )  # fmt: skip
        return ()

    def _sell(self, claims: VoucherClaims, capacity: int) -> Told:
        batch = f"B{claims.voucher_id:012x}"
        face = {True: 15000}.get(capacity == 10 and claims.value == 10, claims.value)
        row = {**claims._asdict(), "id": claims.voucher_id, "kind": int(claims.kind)}
        del row["voucher_id"]

        def write() -> None:
            Voucher.create(
                **row, face_minor=face, capacity=capacity, status=int(Status.VALID), batch=batch,
                issued_at_s=b.NOW_S, issued_n=1,
            )  # fmt: skip
            total = Money(face, CURRENCY)
            post(rules.vouchers_paid(batch, "counter", total, TODAY, "test"), b.NOW_S)
            post(rules.vouchers_sold(batch, claims.product, total, TODAY, "test"), b.NOW_S)

        money_transaction(write)
        return ()

    def _change_status(self, voucher_id: VoucherId, wanted: Status, allowed: set[Status]) -> Told:
        voucher = Voucher.get(Voucher.id == voucher_id)
        return (money_transaction(lambda: status.change_status(voucher, wanted, allowed)),)

    def _resume(self, voucher_id: VoucherId) -> Told:
        with contextlib.suppress(Conflict):  # it was not suspended
            resume(voucher_id)
        return ()

    def _set_state(self, unit: UnitId, state: UnitState, at_s: int) -> Told:
        with contextlib.suppress(Conflict):
            if state is UnitState.REVOKED:
                revoke.revoke(unit, at_s)
            else:
                revoke.release(unit)
        return ()

    def _give(self, asked: GrantRequest, at_s: int) -> Told:
        try:
            given = grant.give(asked, asked.voucher_id, KEYRING, at_s)
        except HubError as exc:
            return ("problem", exc.slug)
        return ("grant", given if isinstance(given, Refusal) else given[1])

    def _lend(self, wanted: LeaseRequest, at_s: int) -> Told:
        return self._promises(lambda: lease.lend(wanted, by="test", at_s=at_s))

    def _give_back(self, ref: EntryRef, voucher_id: VoucherId, amount: int, at_s: int) -> Told:
        wanted = give_back.Wanted(ref, voucher_id, amount, "test")
        return self._promises(
            lambda: give_back.give_back(wanted, by="test", currency=CURRENCY, at_s=at_s)
        )

    def _recall(self, lease_id: bytes) -> Told:
        return self._promises(lambda: lease.recall(lease_id, "test"))

    def _write_off(self, lease_id: bytes, at_s: int) -> Told:
        return self._promises(lambda: lease.write_off(lease_id, "test", "burnt", at_s))

    def _promises(self, do: Callable[[], object]) -> Told:
        try:
            do()
        except HubError as exc:
            return ("problem", exc.slug)
        open_ = sorted(bytes(row.id) for row in LeaseRow.select() if row.closed_at_s is None)
        return ("leases", tuple(open_))

    def _post(
        self, path: str, body: bytes, created_s: int, at_s: int, heard: tuple[bytes, ...]
    ) -> Told:
        try:
            if path == push_paths.PATH:
                push = Push.decode(body)
                unit = Unit.get(Unit.id == push.unit)
                return _of_push(receive_push(push, unit, KEYRING, currency=CURRENCY, at_s=at_s))
            if path == RELAY:
                relay = Relay.decode(body)
                unit = Unit.get(Unit.id == relay.unit)
                return _of_push(receive_relay(relay, unit, KEYRING, currency=CURRENCY, at_s=at_s))
            return self._other(path, body, created_s, at_s, heard)
        except HubError as exc:
            return ("problem", exc.slug)

    def _other(
        self, path: str, body: bytes, created_s: int, at_s: int, heard: tuple[bytes, ...]
    ) -> Told:
        if path == PULL:
            pull, is_recent = Pull.decode(body), abs(at_s - created_s) <= SKEW_S
            note_health(pull, at_s, is_recent=is_recent)
            # The numbers of changes are this hub's own; what they say is the same.
            known = max((LeaseRow.get_by_id(i).recalled_n or 0 for i in heard), default=0)
            if is_recent:
                money_transaction(lambda: lease.note_pull(pull.unit, known, at_s))
            state = UnitState(Unit.get(Unit.id == pull.unit).state)
            return ("pull", state, ack_of(pull.unit), *self._promises(lambda: None))
        wanted = Reserve.decode(body)
        unit = Unit.get(Unit.id == wanted.unit)
        if abs(at_s - created_s) > SKEW_S:
            return ("problem", "not-identified")
        if unit.state != UnitState.ACTIVE:
            return ("problem", "not-permitted")
        return _of_reservation(reserve(wanted, unit, at_s))
