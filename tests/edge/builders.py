"""A unit put together in a directory, with the hub's word as really signed messages."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage
from werkzeug.test import stream_encode_multipart

from edge.app import Unit
from edge.bundles.identity import UnitKeys
from edge.bundles.store import BundleStore
from edge.config import ApiSection, EdgeConfig, HubSection, KioskSection, StoreSection, UnitSection
from edge.contract import signed
from edge.contract.bundle import Catalogue, Handles
from edge.contract.dynamic_code import dynamic_text, short_text
from edge.contract.enrolment import Enrolment
from edge.contract.ids import ProductId, StatusIndex, StoreGroup, UnitId, VoucherId
from edge.contract.journal_entry import EntryKind
from edge.contract.keys import (
    CodeAlgorithm,
    EpochKeys,
    TrustList,
    epoch_key,
    group_key,
    key_epoch_at,
    voucher_seed,
)
from edge.contract.money import Money
from edge.contract.policy import Policy
from edge.contract.receipt_template import ReceiptTemplate
from edge.contract.signed import Kind
from edge.contract.status import BITMAP_BYTES, Delta, Snapshot, Status, put
from edge.contract.sync_message import STATUS_SNAPSHOT, PullAnswer, Reservation, Reserve, UnitState
from edge.contract.voucher_token import VoucherClaims, VoucherKind
from edge.core import Core, Parts, build_clock
from edge.db import Store
from edge.devices.paper import Row
from edge.devices.ports import Outcome, Printer, PrinterState
from edge.devices.printer_escpos import EscposPrinter
from edge.devices.profiles import PrinterProfile, load
from edge.devices.simulated.printer import SimulatedPrinter
from edge.journal.store import Recorded
from edge.redemption.decide import Wish
from edge.redemption.ports import Reserver
from edge.redemption.redeem import Presented
from tests import builders as b

BUNDLE_KEY = b.a_sign_key("bundle")
MASTER_KEY = b"\x05" * 32
"""At the top of the ladder of every rotating code here."""
KEYS = UnitKeys(b.a_sign_key("unit"), b.a_seal_key("unit"))
ALL_GROUPS = StoreGroup(0)

_NUMBERS = itertools.count(1)

SignedMessage = tuple[str, bytes]
"""Kind and bytes, as a pull answer holds them."""


# --- what the hub says ---------------------------------------------------------------------------


def sealed(kind: Kind, body: Any, *, key: str = "bundle", issuer: str = b.ISSUER) -> SignedMessage:
    """One signed message of the hub; by another key or issuer if the test wants that."""
    return str(kind), signed.seal(kind, issuer, body, b.a_sign_key(key))


def a_trust_message(trust: TrustList | None = None, **how: Any) -> SignedMessage:
    return sealed(Kind.TRUST_LIST, (trust or b.a_trust_list()).to_body(), **how)


def a_policy_message(policy: Policy | None = None, **how: Any) -> SignedMessage:
    return sealed(Kind.POLICY, (policy or b.a_policy()).to_body(), **how)


def a_catalogue_message(catalogue: Catalogue | None = None, **how: Any) -> SignedMessage:
    return sealed(Kind.CATALOGUE, (catalogue or b.a_catalogue()).to_body(), **how)


def a_template_message(template: ReceiptTemplate | None = None, **how: Any) -> SignedMessage:
    return sealed(Kind.RECEIPT_TEMPLATE, (template or b.a_receipt_template()).to_body(), **how)


def key_of(group: StoreGroup, epoch: int) -> bytes:
    """The key of one epoch of a store group, as the hub derives it."""
    return epoch_key(group_key(MASTER_KEY, group), epoch)


def an_epoch_keys_message(
    *,
    unit: UnitId = b.UNIT,
    seal_key: str = "unit",
    epochs: Sequence[int] | None = None,
    groups: Sequence[StoreGroup] = (ALL_GROUPS, b.GROUP),
    **how: Any,
) -> SignedMessage:
    """Sealed to the unit; the epochs around NOW_S unless others are given."""
    now = key_epoch_at(b.NOW_S)
    wanted = range(now - 1, now + 3) if epochs is None else epochs
    keys = {(g, e): (CodeAlgorithm.SHA256, key_of(g, e)) for g in groups for e in wanted}
    body = EpochKeys(unit, keys).sealed_body(b.a_seal_key(seal_key).public_key())
    return sealed(Kind.EPOCH_KEYS, body, **how)


def a_snapshot_message(
    version: int = 1, *, shard: int = 0, key: str = "bundle", **statuses: Status
) -> SignedMessage:
    """All valid but the places given as ``_9=Status.REVOKED``."""
    bitmap = bytearray(BITMAP_BYTES)
    for place, status in statuses.items():
        put(bitmap, StatusIndex(int(place.lstrip("_"))), status)
    snapshot = Snapshot(shard, version, bytes(bitmap), b.NOW_S, b.NOW_S + 86400)
    return STATUS_SNAPSHOT, snapshot.sign(b.ISSUER, b.a_sign_key(key))


def a_delta_message(
    from_version: int, to_version: int, status: Status, *places: int, shard: int = 0
) -> SignedMessage:
    delta = Delta(shard, from_version, to_version, b.NOW_S, {status: places})
    return sealed(Kind.STATUS_DELTA, delta.to_body())


def a_handles_message(
    *vouchers: VoucherClaims, group: StoreGroup = b.GROUP, from_version: int = 0
) -> SignedMessage:
    handles = Handles(group, from_version, from_version + 1, vouchers)
    return sealed(Kind.HANDLES, handles.to_body())


def first_word() -> list[SignedMessage]:
    """Everything that a unit gets with its first pull."""
    return [
        a_trust_message(),
        an_epoch_keys_message(),
        a_policy_message(),
        a_catalogue_message(),
        a_template_message(),
        a_snapshot_message(),
        a_handles_message(b.some_claims()),
    ]


def an_answer(*messages: SignedMessage, **bent: Any) -> PullAnswer:
    """A pull answer with these messages."""
    values: dict[str, Any] = {
        "unit": b.UNIT,
        "nonce": bytes(16),
        "hub_time_s": b.NOW_S,
        "state": UnitState.ACTIVE,
        "ack": None,
        "bundles": messages,
        "cursor": b"c1",
    }
    return PullAnswer(**{**values, **bent})


def an_enrolment_message(enrolment: Enrolment | None = None, **how: Any) -> bytes:
    return sealed(Kind.ENROLMENT, (enrolment or b.an_enrolment()).to_body(), **how)[1]


# --- what customers show -------------------------------------------------------------------------


def a_gift_card(**bent: Any) -> dict[str, Any]:
    """Claims of a gift card with 100.00 on it, for ``a_token`` and the like."""
    card = {"kind": VoucherKind.STORED_VALUE, "value": 10000, "product": ProductId(9)}
    return {**card, **bent}


def a_coffee_card(**bent: Any) -> dict[str, Any]:
    """Claims of a card of ten coffees."""
    return {"kind": VoucherKind.MULTI, "value": 0, "product": ProductId(8), **bent}


def yuan(minor: int, currency: str = "CNY") -> Wish:
    """Ask for an amount."""
    return Wish(Money(minor, currency))


def voucher(number: int) -> VoucherId:
    """Another voucher than the one of ``some_claims``."""
    return VoucherId(0x100000000000 + number)


def a_dynamic_text(at_s: int = b.NOW_S, **bent: Any) -> str:
    """What the holder's QR shows at a moment: the token and its 8-digit code."""
    claims = b.some_claims(**bent)
    key = key_of(claims.scope, key_epoch_at(at_s))
    seed = voucher_seed(key, claims.voucher_id, CodeAlgorithm.SHA256)
    return dynamic_text(b.a_token(**bent), seed, at_s, CodeAlgorithm.SHA256)


def a_short_text(at_s: int = b.NOW_S, **bent: Any) -> str:
    """The 18 digits that the holder reads out at a moment."""
    claims = b.some_claims(**bent)
    key = key_of(claims.scope, key_epoch_at(at_s))
    return short_text(claims.status_index, claims.voucher_id, key, at_s, CodeAlgorithm.SHA256)


def with_wrong_code(text: str, by: int = 1) -> str:
    """The same text with another rotating code."""
    return text[:-6] + f"{(int(text[-6:]) + by) % 10**6:06d}"


# --- the unit ------------------------------------------------------------------------------------


class Clock:
    """A wall clock and a steady counter that stand still until a test moves them."""

    def __init__(self, wall_s: float = b.NOW_S) -> None:
        self._wall_s = wall_s
        self._steady_s = 1000.0
        self._starts = 1

    def wall_s(self) -> float:
        return self._wall_s

    def steady_s(self) -> float:
        return self._steady_s

    def pass_s(self, seconds: float) -> None:
        """Let time pass."""
        self._wall_s += seconds
        self._steady_s += seconds

    def step_wall_s(self, seconds: float) -> None:
        """Let somebody set the wall clock."""
        self._wall_s += seconds

    def machine_start(self) -> str:
        return f"start {self._starts}"

    def start_again(self, *, off_s: float = 60, battery: bool = True) -> None:
        """Switch the machine off and on; without a battery the wall clock begins in 1970."""
        self._starts += 1
        self._steady_s = 20.0
        self._wall_s = self._wall_s + off_s if battery else 20.0


class Reservations:
    """A hub that answers reservations as told. Implements ``redemption.ports.Reserver``.

    Args:
        answers: One after the other: a Reservation, or None for silence; the last one stays.
    """

    def __init__(self, *answers: Reservation | None) -> None:
        self.asked: list[Reserve] = []
        self._answers = list(answers)

    def reserve(self, reserve: Reserve, timeout_ms: int) -> Reservation | None:
        self.asked.append(reserve)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def a_reservation(**bent: Any) -> Reservation:
    """Held, with nothing left."""
    values: dict[str, Any] = {
        "unit": b.UNIT,
        "request": bytes(16),
        "refusal": None,
        "remaining": 0,
        "expires_at_s": b.NOW_S + 60,
        "hub_time_s": b.NOW_S,
    }
    return Reservation(**{**values, **bent})


def a_printer_profile(name: str = "generic-80-gbk", **tables: dict[str, Any]) -> PrinterProfile:
    """A printer that ships, with some keys of some tables changed."""
    profile = load("printer", name)
    bent = {table: replace(getattr(profile, table), **keys) for table, keys in tables.items()}
    return replace(profile, **bent)


class TillPrinter:
    """The simulated printer, as a till uses it. Implements ``devices.ports.Printer``.

    It waits long for an answer that will come and briefly for one that is switched off, so that
    no test depends on how busy this machine is.
    """

    PATIENT_MS = 20_000
    IMPATIENT_MS = 200

    def __init__(self, simulated: SimulatedPrinter, profile: PrinterProfile) -> None:
        self.columns = profile.media.columns
        self.why = ""
        self._simulated = simulated
        self._profile = profile

    def state(self) -> PrinterState:
        return self._printer().state()

    def print(self, rows: Sequence[Row]) -> Outcome:
        return self._printer().print(rows)

    def close(self) -> None:
        pass

    def _printer(self) -> EscposPrinter:
        faults = self._simulated.faults.now()
        withholds = (
            faults.mute or faults.garbage or faults.wrong_ack or faults.stall_after is not None
        )
        io_ms = self.IMPATIENT_MS if withholds else self.PATIENT_MS
        profile = replace(
            self._profile,
            link=replace(self._profile.link, io_ms=io_ms),
            status_query=replace(self._profile.status_query, done_ms=io_ms),
        )
        return EscposPrinter(self._simulated.url, profile)


def a_config(directory: Path, **sections: Any) -> EdgeConfig:
    """Settings of a unit that keeps its files in this directory."""
    return EdgeConfig(unit=UnitSection(data_dir=directory), **sections)


def enrol(directory: Path, enrolment: Enrolment | None = None) -> None:
    """Make a directory that of an enrolled unit which has not pulled yet."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)
    write_keys(directory / "unit.key")
    store = Store(directory / "unit.db")
    try:
        message = an_enrolment_message(enrolment)
        BundleStore(store, KEYS).enrol(message, BUNDLE_KEY.public_key().public_bytes_raw())
    finally:
        store.close()


def write_keys(path: Path, keys: UnitKeys = KEYS) -> None:
    path.write_text(
        f'sign = "{keys.sign.private_bytes_raw().hex()}"\n'
        f'seal = "{keys.seal.private_bytes_raw().hex()}"\n'
    )
    path.chmod(0o600)


class Rig:
    """The core of an enrolled unit, without HTTP and without threads, in a directory.

    Args:
        word: What it has pulled; everything by default, None if it has not pulled yet.
        vfs: Name of the file system that SQLite uses.
    """

    def __init__(
        self,
        directory: Path,
        *,
        word: Sequence[SignedMessage] | None = (),
        clock: Clock | None = None,
        printer: Printer | None = None,
        reserver: Reserver | None = None,
        enrolment: Enrolment | None = None,
        anchor_file: Path | None = None,
        vfs: str = "",
    ) -> None:
        self.directory = directory
        self.clock = clock or Clock()
        self.parts = Parts(
            self.clock.wall_s, self.clock.steady_s, printer, reserver, self.clock.machine_start
        )
        self.config = a_config(directory, store=StoreSection(str(anchor_file or "")))
        self._vfs = vfs
        if not (directory / "unit.db").exists():
            enrol(directory, enrolment)
        self.open()
        if word is not None and self.core.bundles.word and not self.core.bundles.word.cursor:
            self.take(*(word or first_word()))

    def open(self) -> None:
        """Start on the files that are there."""
        self.store = Store(self.config.data("unit.db"), vfs=self._vfs)
        try:
            bundles = BundleStore(self.store, KEYS)
            trusted = build_clock(self.config, self.parts)
            self.core = Core(self.config, self.parts, self.store, bundles, KEYS, trusted)
        except BaseException:
            self.store.close()
            raise

    def close(self) -> None:
        self.core.stop()
        self.store.close()

    def restart(self) -> None:
        self.close()
        self.open()

    def take(self, *messages: SignedMessage, **bent: Any) -> list[str]:
        """Pull these messages."""
        return self.core.bundles.take(an_answer(*messages, **bent))

    def present(self, text: str, **bent: Any) -> Recorded:
        """Present a voucher, with a new key unless one is given."""
        return self.core.redeemer.redeem(self.presented(text, **bent))

    def presented(self, text: str, **bent: Any) -> Presented:
        values: dict[str, Any] = {"key": f"key-{next(_NUMBERS)}", "wish": Wish()}
        return Presented(text, **{**values, **bent})

    def refusal(self, text: str, **bent: Any) -> str:
        """Present a voucher and return the reason why it is refused, ``"accepted"`` if it is."""
        reason = self.present(text, **bent).entry.reason
        return str(reason) if reason else "accepted"

    def acceptances(self) -> list[Recorded]:
        """Return all that was accepted, oldest first."""
        newest = self.core.journal.newest(100_000)
        return [r for r in reversed(newest) if r.entry.kind is EntryKind.REDEMPTION]


@contextmanager
def a_rig(directory: Path, **bent: Any) -> Iterator[Rig]:
    """A Rig that is closed at the end."""
    rig = Rig(directory, **bent)
    try:
        yield rig
    finally:
        rig.close()


# --- the unit with its HTTP ----------------------------------------------------------------------


@contextmanager
def a_unit(
    directory: Path,
    *,
    hub_url: str = "",
    port: int = 0,
    parts: Parts | None = None,
    kiosk: bool = False,
) -> Iterator[Unit]:
    """A whole unit on the files in a directory, not started; enrolled only if they say so."""
    clock = Clock()
    config = a_config(directory, hub=HubSection(url=hub_url), api=ApiSection(port=port))
    config = replace(config, kiosk=KioskSection(page=kiosk))
    unit = Unit(config, parts or Parts(clock.wall_s, clock.steady_s))
    try:
        yield unit
    finally:
        unit.stop()


def with_key(unit: Unit) -> FlaskClient:
    """A POS that shows the unit's API key."""
    client = unit.flask.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {unit.api_key}"
    return client


def a_form(**parts: str | tuple[str, bytes]) -> dict[str, Any]:
    """What a browser sends for a form with files, as arguments of the test client.

    The client itself would write a large form to a temporary file that nobody closes.

    Args:
        parts: Text, or the name and the content of a file.
    """
    fields = {
        name: part if isinstance(part, str) else FileStorage(io.BytesIO(part[1]), part[0])
        for name, part in parts.items()
    }
    stream, _, boundary = stream_encode_multipart(fields, use_tempfile=False)
    return {"data": stream.read(), "content_type": f"multipart/form-data; boundary={boundary}"}
