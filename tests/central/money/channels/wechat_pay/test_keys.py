"""The platform's keys: two ways to sign, certificates that are renewed, and nobody else's."""

from __future__ import annotations

import os

import pytest

from central.errors import ConfigInvalid
from central.money.channels.ports import ChannelUnknown, PaymentState, PayoutState
from central.money.channels.wechat_pay.client import Client
from central.money.channels.wechat_pay.payout import WeChatPayout
from tests.central.channel import DAY_S, WECHAT, Notes, Served, a_payment, a_payout


def with_certificates(channel: Served) -> None:
    """Go from the public key to platform certificates."""
    channel.set("public_key_id", "")
    channel.set("public_key_file", "")


def client_of(channel: Served, notes: Notes | None = None) -> Client:
    found = channel.channels(notes).wechat_pay
    assert found is not None
    return found


def test_certificates_are_downloaded_and_kept(channel: Served) -> None:
    with_certificates(channel)
    client = client_of(channel)
    assert client.platform.serials == []
    serial = channel.world.keys.signing.serial
    assert client.refresh_certificates() == [serial]
    assert client.refresh_certificates() == []
    kept = channel.settings_file.parent / "platform_certificates" / f"{serial}.pem"
    assert kept.read_bytes() == channel.world.keys.signing.certificate
    assert client_of(channel).platform.serials == [serial]


def test_the_first_answer_fetches_the_certificates(channel: Served) -> None:
    """A hub that was set up a moment ago has none."""
    with_certificates(channel)
    notes = Notes()
    money_in = channel.channels(notes).pay_in(WECHAT)
    money_in.create(a_payment())
    assert [kind for _, kind, _, _ in notes.begun] == ["pay.native", "certificates"]


def test_a_name_cannot_be_sealed_without_a_key_and_is_not_sent(channel: Served) -> None:
    with_certificates(channel)
    out = channel.channels().payout(WECHAT)
    with pytest.raises(ChannelUnknown) as failure:
        out.transfer(a_payout(WECHAT))
    assert failure.value.code == "no-platform-key"
    assert channel.world.books.rows("SELECT * FROM request") == []
    assert channel.channels().payout(WECHAT).query("OUT0000001").state is PayoutState.NOT_FOUND


def test_a_renewal_goes_through_without_a_moment_s_doubt(channel: Served) -> None:
    """Announced beside the old one, then signing, then alone: every answer is believed."""
    with_certificates(channel)
    client = client_of(channel)
    out = WeChatPayout(client)
    [old] = client.refresh_certificates()
    out.transfer(a_payout(WECHAT, "OUT0000001"))
    new = channel.world.keys.announce(channel.clock() + DAY_S)
    channel.forward(DAY_S)
    assert client.refresh_certificates() == [new]
    assert client.platform.serials == sorted([old, new])
    out.transfer(a_payout(WECHAT, "OUT0000002"))
    channel.world.keys.switch()
    out.transfer(a_payout(WECHAT, "OUT0000003"))
    channel.world.keys.retire()
    out.transfer(a_payout(WECHAT, "OUT0000004"))
    assert out.query("OUT0000004").state is PayoutState.WAITS_FOR_PAYEE
    rows = channel.world.books.rows("SELECT name FROM transfer")
    assert [row["name"] for row in rows] == ["王小明"] * 4


def test_a_renewal_that_was_slept_through_is_caught_up_with(channel: Served) -> None:
    """The answer to our own call names a serial that we do not know: fetched once a minute."""
    with_certificates(channel)
    notes = Notes()
    client = client_of(channel, notes)
    client.refresh_certificates()
    channel.forward(60)
    channel.world.keys.announce(channel.clock())
    channel.world.keys.switch()
    money_in = channel.channels(notes).pay_in(WECHAT)
    money_in.create(a_payment(clock=channel.clock()))
    assert money_in.query("PAY0000001").state is PaymentState.OPEN
    kinds = [kind for _, kind, _, _ in notes.begun]
    assert kinds == ["certificates", "pay.native", "certificates", "pay.query"]


def test_a_serial_that_nobody_knows_is_looked_for_once_a_minute(channel: Served) -> None:
    with_certificates(channel)
    notes = Notes()
    money_in = channel.channels(notes).pay_in(WECHAT)
    money_in.create(a_payment())
    channel.let("unknown-serial", "wechat.pay", times=5)

    def asked() -> int:
        with pytest.raises(ChannelUnknown):
            money_in.query("PAY0000001")
        return sum(kind == "certificates" for _, kind, _, _ in notes.begun)

    assert [asked(), asked()] == [1, 1]
    channel.forward(60)
    assert [asked(), asked()] == [2, 2]


def test_with_the_public_key_no_certificate_is_looked_for(channel: Served) -> None:
    channel.set("certificates_dir", "")
    notes = Notes()
    money_in = channel.channels(notes).pay_in(WECHAT)
    channel.let("unknown-serial")
    with pytest.raises(ChannelUnknown):
        money_in.query("PAY0000001")
    assert [kind for _, kind, _, _ in notes.begun] == ["pay.query"]


def test_while_a_merchant_moves_to_the_public_key_both_count(channel: Served) -> None:
    client = client_of(channel)
    client.refresh_certificates()
    assert sorted(client.platform.serials) == sorted(
        [channel.world.keys.signing.serial, channel.world.keys.public_key.serial]
    )
    sealing = client.platform.sealing(channel.clock())
    assert sealing is not None
    assert sealing.serial.startswith("PUB_KEY_ID_")


@pytest.mark.parametrize("fault", ["wrong-signature", "no-signature", "stale", "unknown-serial"])
def test_certificates_that_cannot_be_believed_are_not_kept(channel: Served, fault: str) -> None:
    with_certificates(channel)
    client = client_of(channel)
    channel.let(fault, "wechat.certificates")
    with pytest.raises(ChannelUnknown):
        client.refresh_certificates()
    assert client.platform.serials == []
    assert list((channel.settings_file.parent / "platform_certificates").iterdir()) == []


def test_certificates_that_another_apiv3_key_has_sealed_are_not_believed(channel: Served) -> None:
    with_certificates(channel)
    (channel.settings_file.parent / "apiv3.key").write_bytes(b"x" * 32)
    client = client_of(channel)
    with pytest.raises(ChannelUnknown) as failure:
        client.refresh_certificates()
    assert failure.value.code == "unverifiable"


def test_an_expired_certificate_counts_no_more_and_is_dropped(channel: Served) -> None:
    """A hub that has slept for years still gets the new one."""
    with_certificates(channel)
    client = client_of(channel)
    [old] = client.refresh_certificates()
    new = channel.world.keys.announce(channel.clock() + 5 * 365 * DAY_S)
    channel.world.keys.switch()
    channel.world.keys.retire()
    channel.forward(5 * 365 * DAY_S)
    client.refresh_certificates()
    assert client.platform.serials == [new]
    assert old != new


def test_what_another_process_has_downloaded_is_found(channel: Served) -> None:
    """The hub runs in several; one of them renews the certificates at night."""
    with_certificates(channel)
    client, nightly = client_of(channel), client_of(channel)
    nightly.refresh_certificates()
    folder = channel.settings_file.parent / "platform_certificates"
    os.utime(folder, ns=(0, 1))  # sooner than any clock's grain
    notes = Notes()
    money_in = channel.channels(notes).pay_in(WECHAT)
    money_in.create(a_payment())
    assert [kind for _, kind, _, _ in notes.begun] == ["pay.native"]
    assert WeChatPayout(client).query("OUT0000001").state is PayoutState.NOT_FOUND


# --- our own files -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["apiclient_key.pem", "apiv3.key"])
def test_a_secret_that_others_can_read_is_refused(channel: Served, name: str) -> None:
    file = channel.settings_file.parent / name
    file.chmod(0o644)
    with pytest.raises(ConfigInvalid, match="chmod 600"):
        channel.channels()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("apiclient_key.pem", b"", "not a private key"),
        ("apiclient_key.pem", b"-----BEGIN PRIVATE KEY-----\nAAAA\n", "not a private key"),
        ("apiv3.key", b"short", "32 characters"),
        ("pub_key.pem", b"nothing", "not a public key"),
        ("platform_certificates/x.pem", b"nothing", "certificate cannot be read"),
    ],
)
def test_a_key_file_that_is_none_is_refused(
    channel: Served, name: str, content: bytes, says: str
) -> None:
    file = channel.settings_file.parent / name
    file.touch(mode=0o600)
    file.write_bytes(content)
    with pytest.raises(ConfigInvalid, match=says) as refusal:
        channel.channels()
    assert content.decode() not in str(refusal.value) or not content


def test_a_key_file_that_is_missing_is_named(channel: Served) -> None:
    (channel.settings_file.parent / "apiclient_key.pem").unlink()
    with pytest.raises(ConfigInvalid, match=r"apiclient_key\.pem cannot be read"):
        channel.channels()


def test_no_secret_is_in_a_representation(channel: Served) -> None:
    client = client_of(channel)
    secret = (channel.settings_file.parent / "apiv3.key").read_text()
    shown = repr(client.merchant) + repr(client.settings) + repr(vars(client))
    assert secret not in shown
    assert "PRIVATE" not in shown
