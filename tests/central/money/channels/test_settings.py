"""``channels.toml``: what is wrong is named, and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from central.errors import ConfigInvalid, NotFound
from central.money.channels.gather import gather
from central.money.channels.settings import load
from tests.central.channel import ALIPAY, CHANNELS, Notes, Served

WECHAT_PAY = """
[wechat_pay]
mchid = "1900009191"
appid = "wx5101abcdef000001"
merchant_serial = "1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C"
merchant_key_file = "apiclient_key.pem"
api_v3_key_file = "/etc/tearoff/apiv3.key"
public_key_id = "PUB_KEY_ID_0119000090"
public_key_file = "pub_key.pem"
notify_url = "https://hub.example/callbacks/wechat-pay/"
"""
ALIPAY_PAGE = """
[alipay]
app_id = "2021000000000001"
seller_id = "2088000000000001"
app_key_file = "key.pem"
public_key_file = "alipay.pem"
notify_url = "https://hub.example/callbacks/alipay"
"""
BANK = """
[bank_file]
account = "6222020000000000"
account_name = "某某有限公司"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "channels.toml"


def test_without_the_file_there_are_no_channels(file: Path) -> None:
    channels = gather(file, Notes(), lambda: 0)
    assert channels.names == []
    for find in (channels.pay_in, channels.payout, channels.sharing, channels.bills):
        with pytest.raises(NotFound, match="wechat-pay"):
            find("wechat-pay")


def test_a_section_that_is_not_there_is_a_channel_that_is_not_used(file: Path) -> None:
    file.write_text(BANK)
    found = load(file)
    assert (found.wechat_pay, found.alipay) == (None, None)
    assert found.bank_file is not None
    assert found.bank_file.encoding == "gbk"


def test_paths_are_relative_to_the_file(file: Path) -> None:
    file.write_text(WECHAT_PAY)
    found = load(file).wechat_pay
    assert found is not None
    assert found.merchant_key_file == file.parent / "apiclient_key.pem"
    assert found.api_v3_key_file == Path("/etc/tearoff/apiv3.key")
    assert found.notify_url == "https://hub.example/callbacks/wechat-pay"
    assert found.base_url == "https://api.mch.weixin.qq.com"


def test_both_channels_of_the_simulator_are_in_use(channel: Served) -> None:
    channels = channel.channels()
    assert channels.names == sorted(CHANNELS)
    for name in CHANNELS:
        for found in (channels.pay_in(name), channels.payout(name), channels.sharing(name),
                      channels.bills(name)):  # fmt: skip
            assert found.channel == name


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[wechat_pay", "is not TOML"),
        ("[wechatpay]", "wechatpay does not exist; did you mean wechat_pay?"),
        ("[zzz]", "zzz does not exist"),
        (WECHAT_PAY + 'mch_id = "1"', "wechat_pay.mch_id does not exist; did you mean mchid?"),
        (ALIPAY_PAGE + 'appid = "1"', "alipay.appid does not exist; did you mean app_id?"),
        (BANK + 'acount = "1"', "bank_file.acount does not exist; did you mean account?"),
        (WECHAT_PAY.replace("1900009191", "19000x9191"), "wechat_pay.mchid"),
        (WECHAT_PAY.replace('mchid = "1900009191"', ""), "wechat_pay.mchid: Field required"),
        (WECHAT_PAY.replace('"1900009191"', "1900009191"), "wechat_pay.mchid"),
        (WECHAT_PAY + 'base_url = "http://channel.example"', "this machine only"),
        (WECHAT_PAY + 'base_url = "ftp://127.0.0.1"', "begins with https"),
        (WECHAT_PAY + 'base_url = "https://u:p@channel.example"', "begins with https"),
        (WECHAT_PAY + 'base_url = "https://channel.example/?a=1"', "no parameters"),
        (WECHAT_PAY + "timeout_s = 0", "timeout_s"),
        (WECHAT_PAY + "timeout_s = 3600", "timeout_s"),
        (WECHAT_PAY.replace('public_key_file = "pub_key.pem"', ""), "go together"),
        (
            WECHAT_PAY.replace('public_key_file = "pub_key.pem"', "").replace(
                'public_key_id = "PUB_KEY_ID_0119000090"', ""
            ),
            "set public_key_id or certificates_dir",
        ),
        (WECHAT_PAY.replace("PUB_KEY_ID_0119000090", "0119000090"), "public_key_id"),
        (ALIPAY_PAGE.replace("2088000000000001", "1234"), "seller_id"),
        (ALIPAY_PAGE + 'app_cert_file = "app.crt"', "go together"),
        (
            ALIPAY_PAGE
            + 'app_cert_file = "a.crt"\nalipay_cert_files = ["b.crt"]\nroot_cert_file = "c.crt"',
            "set public_key_file or the three",
        ),
        (ALIPAY_PAGE.replace('public_key_file = "alipay.pem"', ""), "set public_key_file or"),
        (BANK + 'encoding = "latin-1"', "encoding"),
    ],
)
def test_a_wrong_setting_is_named(file: Path, text: str, says: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigInvalid) as refusal:
        load(file)
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_value_is_not_repeated(file: Path) -> None:
    """Somebody may have written the key where its file's name belongs."""
    file.write_text(WECHAT_PAY.replace("1900009191", "SECRET-SECRET"))
    with pytest.raises(ConfigInvalid) as refusal:
        load(file)
    assert "SECRET" not in str(refusal.value)


def test_a_file_that_is_not_text_is_refused(file: Path) -> None:
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigInvalid, match="cannot be read"):
        load(file)


def test_the_bank_s_account_is_in_no_representation(file: Path) -> None:
    file.write_text(BANK)
    assert "6222020000000000" not in repr(load(file))


def test_alipay_without_certificates_takes_money_in_only(channel: Served) -> None:
    for setting in ("app_cert_file", "alipay_cert_files", "root_cert_file"):
        channel.set(setting, "")
    channel.add("alipay", 'public_key_file = "alipay_public_key.pem"')
    channels = channel.channels()
    assert channels.pay_in(ALIPAY).channel == ALIPAY
    with pytest.raises(NotFound):
        channels.payout(ALIPAY)
