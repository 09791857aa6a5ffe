"""Grants: a till without a network, a phone with one, and what phones show by mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.contract.grant import Grant, GrantRequest
from edge.contract.ids import StoreId, UnitId, VoucherId
from edge.redemption.redeem import Presented
from tests import builders as b
from tests.simulation.customers import Asked, Phone, Shown, amount_of, show, wish
from tests.simulation.further.leases import running, wish_for
from tests.simulation.hub.memory import BUNDLE_KEY, ISSUER, HubSays
from tests.simulation.machine import Machine
from tests.simulation.steps import Step

if TYPE_CHECKING:
    from tests.simulation.world import World

STRANGER = b.a_sign_key("a stranger")


def ask_phone(world: World) -> None:
    """A till shows the link by which a phone is to verify a sale; usually it goes on at once."""
    luck, up = world.further, running(world)
    if not up:
        return
    machine, voucher = luck.choice(up), luck.choice(world.vouchers)
    shown, wanted = show(luck, voucher, world.now_s), wish(luck, voucher)
    presented = Presented(shown.text, f"p{len(world.phones)}", wanted, None, "li")
    told = world.act(
        machine, f"phone {voucher.name}", lambda: machine.redeemer.ask_phone(presented)
    )
    if told is None or not told.link:
        return
    request = GrantRequest.parse(told.link.partition("#g=")[2])
    asked = Asked(machine.name, voucher, Shown(shown.text, 0), presented, world.now_s)
    phone = Phone(machine.name, machine.life, asked, request)
    world.phones.append(phone)
    if request[:2] + request[3:] != (
        b.STORE, machine.unit, voucher.claims.voucher_id, amount_of(voucher, wanted)
    ):  # fmt: skip
        world.judge.accuse("grant-fits", f"{machine.name} asks for {request}")
    world.trace.note(
        world.now_s, f"{machine.name} shows a link for {voucher.name} {request.amount}"
    )
    if luck.random() < 0.8:
        _fetch(world, phone)
    if phone.text and luck.random() < 0.8:
        world.pass_s(luck.choice((1, 2, 10, 40, 170, 200)))
        _scan(world, machine, phone, phone.grant, phone.text)


def fetch(world: World) -> None:
    """A phone asks for a grant, perhaps once more."""
    if world.phones:
        _fetch(world, world.further.choice(world.phones[-4:]))


def scan_grant(world: World) -> None:
    """A till scans a grant: one of its own, an old one, another till's, or one that is none."""
    luck, up = world.further, running(world)
    ready = [phone for phone in world.phones[-8:] if phone.grant]
    if not ready or not up:
        return
    phone = luck.choice(ready)
    machine = world.machine(phone.machine) if luck.random() < 0.7 else luck.choice(up)
    if machine is None or not machine.is_up or phone.grant is None:
        return
    grant, text = phone.grant, phone.text
    if luck.random() < 0.5:
        grant, text = _bent(world, grant, text)
    _scan(world, machine, phone, grant, text)


def scan_again(world: World) -> None:
    """A POS that lost the answer asks again, or the scanner has fired twice."""
    recent = [a for a in world.asked[-12:] if a.grant is not None]
    if recent:
        world.redeem(world.further.choice(recent))


def _fetch(world: World, phone: Phone) -> None:
    if world.hub_is_down:
        return
    try:
        given = world.hub.give(phone.request, int(world.now_s))
    except HubSays as exc:
        told = exc.slug
    else:
        told = "has a grant" if isinstance(given, Grant) else str(given)
        if isinstance(given, Grant):
            phone.grant, phone.text = given, given.sign(ISSUER, BUNDLE_KEY)
    world.judge.note_promises()
    name = f"v{phone.request.voucher_id & 0xFFFF}"
    world.trace.note(world.now_s, f"a phone at {phone.machine}, {name}: {told}")


def _bent(world: World, grant: Grant, text: str) -> tuple[Grant, str]:
    """Return a grant that is not for this sale, signed by the hub; or one that it never signed."""
    luck = world.further
    what = luck.randrange(7)
    if what == 0:
        return grant, text[:-9] + str((int(text[-9]) + 1) % 10) + text[-8:]
    if what == 1:
        return grant, grant.sign(ISSUER, STRANGER)
    bent = (
        grant._replace(store=StoreId("S0999")),
        grant._replace(unit=UnitId("S0412-K99")),
        grant._replace(amount=grant.amount + 1),
        grant._replace(voucher_id=VoucherId(grant.voucher_id + 1)),
        grant._replace(nonce=luck.randbytes(16)),
    )[what - 2]
    return bent, bent.sign(ISSUER, BUNDLE_KEY)


def _scan(world: World, machine: Machine, phone: Phone, grant: Grant | None, text: str) -> None:
    assert grant is not None, "there is something to scan"
    luck, voucher = world.further, phone.asked.voucher
    key = f"k{len(world.asked)}"
    presented = Presented(text, key, wish_for(voucher, grant.amount), None, "li")
    asked = Asked(machine.name, voucher, Shown(text), presented, world.now_s, grant=grant)
    world.asked.append(asked)
    is_cut = luck.random() < 0.7 and machine.name not in world.network.cut_up
    world.network.cut_up |= {machine.name} if is_cut else set()
    world.redeem(asked)
    world.network.cut_up -= {machine.name} if is_cut else set()


GRANT_STEPS = (
    Step("ask phone", lambda m: 40 * m.grant, ask_phone),
    Step("fetch", lambda m: 8 * m.grant, fetch),
    Step("scan grant", lambda m: 24 * m.grant, scan_grant),
    Step("scan again", lambda m: 6 * m.grant, scan_again),
)
