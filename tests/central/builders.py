"""A hub with a store, products, units and vouchers; and tills that write real journals."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from flask.testing import FlaskClient

from central import app
from central.config import HubConfig
from central.foundation.db.engine import HUB
from central.foundation.people.tables import Person
from central.foundation.web.session import LoggedIn
from central.money.ledger.rules import business_day
from central.stores.keys import trust
from central.stores.keys.keyring import Keyring
from central.stores.redemptions.receive_push import receive_push
from central.stores.units import enrol, steer
from central.stores.units.tables import Unit
from central.stores.vouchers.issue import Issued, Order, issue
from central.supply.catalogue import products
from edge.contract import enrolment as wire
from edge.contract.http_signature import Request, sign_request
from edge.contract.ids import (
    Epoch,
    KeyId,
    ProductId,
    Seq,
    StoreGroup,
    StoreId,
    UnitId,
    VoucherId,
    parse_unit_id,
)
from edge.contract.journal_entry import (
    GENESIS,
    EntryKind,
    EpochCause,
    Gap,
    Head,
    JournalEntry,
    entry_hash,
)
from edge.contract.policy import Mode
from edge.contract.refusal import Refusal
from edge.contract.sync_message import CONTENT_TYPE, Push, PushReceipt
from edge.contract.voucher_token import DAY_S, VoucherClaims
from tests import builders as b

T = TypeVar("T")

CURRENCY = "CNY"
ZONE = "Asia/Shanghai"
TODAY = 20260411
"""The business day of ``b.NOW_S`` in Shanghai."""
LUNCH, COFFEE, GIFT = ProductId(7), ProductId(8), ProductId(9)
OTHER_STORE = StoreId("S0500")
OTHER_GROUP = StoreGroup(5)


def bytes_named(name: str) -> bytes:
    """32 bytes of this name, the same in every run."""
    return hashlib.sha256(name.encode()).digest()


KEYRING = Keyring(
    issuer=b.ISSUER,
    master=bytes_named("master"),
    bundle=b.a_sign_key("bundle"),
    issuers={KeyId(1): b.a_sign_key("issuer")},
    session=bytes_named("session"),
)
BUNDLE_KEYS = [KEYRING.bundle.public_key()]


@dataclass(frozen=True)
class Database:
    """Where a test's database is. ``dsn`` is empty for SQLite."""

    dsn: str
    sqlite_file: Path

    @property
    def is_postgres(self) -> bool:
        """Whether it lies on a server."""
        return bool(self.dsn)


def close_hub() -> None:
    """Close every connection to the database that is open now."""
    database = HUB.obj
    if database is None:
        return  # none was ever opened in this process
    if hasattr(database, "close_all"):
        database.close_all()
    elif not database.is_closed():
        database.close()


# --- what headquarters does ----------------------------------------------------------------------


def furnish() -> None:
    """Give an empty hub its keys, two stores of two groups, and three products."""
    trust.publish(KEYRING, b.NOW_S)
    steer.add_store(b.STORE, "静安店", b.GROUP, ZONE, b.NOW_S)
    steer.add_store(OTHER_STORE, "Bund", OTHER_GROUP, ZONE, b.NOW_S)
    for product in b.a_catalogue().products.values():
        products.add(product)


def an_order(product: ProductId = LUNCH, **bent: Any) -> Order:
    """One voucher of our group, good around ``b.NOW_S``; a gift card holds 200.00."""
    values: dict[str, Any] = {
        "product": product,
        "vouchers": 1,
        "scope": b.GROUP,
        "not_before_day": 90,
        "expires_day": 200,
        "value": 20000 if product == GIFT else 0,
    }
    return Order(**{**values, **bent})


def sell(order: Order, at_s: int = b.NOW_S) -> list[Issued]:
    """Issue the vouchers of an order."""
    day = business_day(at_s, ZONE)
    batch = issue(order, KEYRING, currency=CURRENCY, at_s=at_s, day=day, actor="test")
    return list(batch.vouchers)


def a_voucher(product: ProductId = LUNCH, **bent: Any) -> VoucherClaims:
    """Sell one voucher."""
    return sell(an_order(product, **bent))[0].claims


# --- what a unit does ----------------------------------------------------------------------------


@dataclass
class Till:
    """A unit as the hub meets it: keys, and a journal that it chains and signs."""

    unit: UnitId
    key: Ed25519PrivateKey
    seal: X25519PrivateKey
    epoch: Epoch = Epoch(1)
    raws: list[bytes] = field(default_factory=list)
    receipts: int = 0

    def append(self, kind: EntryKind, at_s: int = b.NOW_S, **fields: Any) -> JournalEntry:
        """Write an entry behind the last one."""
        values: dict[str, Any] = {
            "unit": self.unit,
            "epoch": self.epoch,
            "seq": Seq(len(self.raws) + 1),
            "prev": entry_hash(self.raws[-1]) if self.raws else GENESIS,
            "kind": kind,
            "wall_s": at_s,
            "uncertainty_s": 2,
            "boot": b"bootboot",
            "monotonic_ms": 1000 * len(self.raws),
        }
        entry = JournalEntry(**{**values, **fields})
        self.raws.append(entry.encode())
        return entry

    def accept(
        self, voucher: VoucherId | VoucherClaims, amount: int = 1, mode: Mode = Mode.SOLO,
        at_s: int = b.NOW_S, **fields: Any,
    ) -> JournalEntry:  # fmt: skip
        """Redeem a voucher."""
        self.receipts += 1
        voucher_id = voucher.voucher_id if isinstance(voucher, VoucherClaims) else voucher
        request = bytes_named(f"{self.unit}/{self.epoch}/{len(self.raws)}")[:16]
        values = {"request": request, "receipt": self.receipts, "clerk": "li", **fields}
        return self.append(
            EntryKind.REDEMPTION, at_s, voucher_id=voucher_id, amount=amount, mode=mode, **values
        )

    def void(self, entry: JournalEntry, at_s: int = b.NOW_S, **fields: Any) -> JournalEntry:
        """Take an acceptance back."""
        self.receipts += 1
        values: dict[str, Any] = {
            "voucher_id": entry.voucher_id,
            "amount": entry.amount,
            "voids": (entry.epoch, entry.seq),
            "receipt": self.receipts,
        }
        return self.append(EntryKind.VOID, at_s, **{**values, **fields})

    def refuse(self, reason: Refusal = Refusal.EXPIRED, **fields: Any) -> JournalEntry:
        """Refuse a scan."""
        return self.append(EntryKind.REFUSAL, reason=reason, **fields)

    def garble(self) -> None:
        """Write something that is no entry."""
        self.raws.append(b"\xff" + bytes([len(self.raws) % 256]))

    def begin_epoch(self, epoch: int, gap: Gap | None = None) -> None:
        """Go on in a new epoch whose first entry says what may be missing."""
        self.epoch = Epoch(epoch)
        self.raws = []
        self.append(EntryKind.EPOCH, gap=gap or Gap(EpochCause.ANCHOR_MISSING))

    def head(self, last: int, **bent: Any) -> bytes:
        """Sign the head of the journal at a place."""
        values: dict[str, Any] = {
            "unit": self.unit,
            "epoch": self.epoch,
            "seq": Seq(last),
            "hash": entry_hash(self.raws[last - 1]),
            "wall_s": b.NOW_S,
        }
        return Head(**{**values, **bent}).sign(b.ISSUER, self.key)

    def push(self, first: int = 1, last: int | None = None) -> Push:
        """Return the push of entries ``first`` to ``last``; of all without them."""
        end = len(self.raws) if last is None else last
        entries = tuple(self.raws[first - 1 : end])
        return Push(self.unit, self.epoch, Seq(first), entries, self.head(end))

    def deliver(self, first: int = 1, last: int | None = None, **bent: Any) -> PushReceipt:
        """Push, and return what the hub answers."""
        return deliver(self.push(first, last), **bent)


def deliver(push: Push, at_s: int = b.NOW_S) -> PushReceipt:
    """Let the hub take a push as it comes over the wire."""
    read = Push.decode(push.encode())
    unit = Unit.get(Unit.id == read.unit)
    receipt = receive_push(read, unit, KEYRING, currency=CURRENCY, at_s=at_s)
    return PushReceipt.from_body(receipt.to_body())


def outcomes(receipt: PushReceipt) -> list[str]:
    """Return the outcomes in a receipt, with their reasons: ``"quarantined fork"``."""
    return [f"{r.outcome} {r.reason}".strip() for r in receipt.results]


@dataclass
class Newcomer:
    """A unit that is about to become known."""

    name: str
    nonce: bytes
    key: Ed25519PrivateKey
    seal: X25519PrivateKey

    @property
    def sign_public(self) -> bytes:
        """Its Ed25519 public key."""
        return self.key.public_key().public_bytes_raw()

    @property
    def seal_public(self) -> bytes:
        """Its X25519 public key."""
        return self.seal.public_key().public_bytes_raw()

    def request(self, code: str, **bent: Any) -> wire.EnrolRequest:
        """Return what it shows the hub."""
        values: dict[str, Any] = {
            "code": wire.normalise_code(code),
            "sign_key": self.sign_public,
            "seal_key": self.seal_public,
            "commitment": wire.commit(self.nonce, self.sign_public, self.seal_public),
            "hardware": "Raspberry Pi 4",
            "software": "0.1",
        }
        return wire.EnrolRequest(**{**values, **bent})

    def number(self, offer: wire.EnrolOffer) -> str:
        """Return what its screen shows."""
        return wire.comparison_number(
            self.sign_public, self.seal_public, self.nonce, offer.bundle_key, offer.hub_nonce
        )


def a_newcomer(name: str = "unit") -> Newcomer:
    """The unit of this name, with the keys ``b.a_sign_key(name)`` and ``b.a_seal_key(name)``."""
    return Newcomer(name, bytes_named("nonce " + name)[:16], b.a_sign_key(name), b.a_seal_key(name))


def enrolled(name: str = "unit", store: StoreId = b.STORE, at_s: int = b.NOW_S - DAY_S) -> Till:
    """Take a unit through the whole enrolment; return it, ready to write its journal."""
    newcomer = a_newcomer(name)
    code = enrol.invite(store, at_s).code
    message = enrol.offer(newcomer.request(code).sign(newcomer.key), KEYRING, at_s)
    offer = wire.EnrolOffer.open(message)
    enrolment_id = offer.enrolment.hex()
    enrol.reveal(enrolment_id, newcomer.nonce, KEYRING, at_s)
    number = newcomer.number(offer)
    unit = enrol.confirm(enrolment_id, number, KEYRING, currency=CURRENCY, at_s=at_s)
    return Till(parse_unit_id(unit), newcomer.key, newcomer.seal)


# --- over HTTP -----------------------------------------------------------------------------------


def write_keys(directory: Path, keyring: Keyring = KEYRING) -> None:
    """Write a ring's keys as ``tearoff-hub init`` does."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = {
        "master.key": keyring.master,
        "bundle.key": keyring.bundle.private_bytes_raw(),
        "session.key": keyring.session,
    }
    for kid, key in keyring.issuers.items():
        files[f"issuer-{kid:03d}.key"] = key.private_bytes_raw()
    for name, content in files.items():
        (directory / name).write_text(content.hex() + "\n")
        (directory / name).chmod(0o600)


def a_config(database: Database, **bent: Any) -> HubConfig:
    """Settings of a hub at this database."""
    values = {
        "data_dir": database.sqlite_file.parent, "database": database.dsn, "issuer": b.ISSUER,
        "currency": CURRENCY, "timezone": ZONE, **bent,
    }  # fmt: skip
    return HubConfig(**values)


def an_app(
    database: Database, clock: Callable[[], int] = lambda: b.NOW_S, keyring: Keyring = KEYRING,
    *, furnished: bool = True, **bent: Any,
) -> Any:  # fmt: skip
    """Build the hub's app on a database; errors become answers, as in production."""
    config = a_config(database, **bent)
    write_keys(config.data_dir / "keys", keyring)
    close_hub()  # build opens it anew
    built = app.build(config, clock)
    if furnished and not products.catalogue().products:
        furnish()
    return built


def as_person(built: Any, role: str = "admin", locale: str = "en") -> FlaskClient:
    """A browser in which somebody of this role has logged in."""
    name = f"{role} {Person.select().count()}"
    person = Person.create(
        name=name, password_hash="", role=role, active=True, created_at_s=b.NOW_S
    )
    client: FlaskClient = built.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = LoggedIn(person).id
        session["_fresh"] = True
        session["locale"] = locale
    return client


def csrf_token(client: FlaskClient, page: str = "/login") -> str:
    """Return the token that a form on this page bears."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)
    assert found is not None
    return found[1]


def fill_in(client: FlaskClient, path: str, page: str = "/login", **fields: str) -> Any:
    """Send a form as a browser does, with the token of the page that it stands on."""
    return client.post(path, data={"csrf_token": csrf_token(client, page), **fields})


def in_parts(form: dict[str, str], field: str, name: str, data: bytes) -> tuple[bytes, str]:
    """A form with a file as a browser sends it: a large one of the test client is on a disk."""
    parts = [(f'name="{key}"', value.encode()) for key, value in form.items()]
    parts.append((f'name="{field}"; filename="{name}"', data))
    body = b"".join(
        f"--cut\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + value + b"\r\n"
        for head, value in parts
    )
    return body + b"--cut--\r\n", "multipart/form-data; boundary=cut"


def send(
    client: FlaskClient, till: Till, path: str, body: bytes, created_s: int = b.NOW_S, **bent: Any
) -> Any:
    """Post a body as this unit signs it."""
    request = Request("POST", bent.pop("authority", "localhost"), path, body)
    headers: Mapping[str, str] = sign_request(
        request, bent.pop("key", till.key), bent.pop("key_id", till.unit),
        created_s=created_s, nonce=b"n" * 16,
    )  # fmt: skip
    return client.post(
        bent.pop("to", path), data=bent.pop("sent", body),
        headers={**headers, "Content-Type": CONTENT_TYPE}, **bent,
    )  # fmt: skip


# --- many at once --------------------------------------------------------------------------------


def at_once(workers: int, work: Callable[[int], T]) -> list[T | BaseException]:
    """Run ``work(0)`` to ``work(workers - 1)`` in threads that start together.

    Returns what each returned, or the exception it ended with.
    """
    start = threading.Barrier(workers)

    def run(number: int) -> T | BaseException:
        start.wait(10)
        try:
            return work(number)
        except Exception as exc:  # noqa: BLE001 - the caller looks at it
            return exc
        finally:
            if not HUB.is_closed():
                HUB.close()

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(run, range(workers)))
