"""Settings of the channels: one TOML file, ``channels.toml``, with a section per channel.

Secrets are files of mode 0600 that the settings name; they are read by ``read_secret`` when an
adapter is made, and are in no ``repr``, no log and no error. Paths are relative to the file.
"""

from __future__ import annotations

import difflib
import ipaddress
import stat
import tomllib
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from central.errors import ConfigInvalid


def _address(url: str) -> str:
    """Return an address that nobody on the way can read: https, or loopback for a simulator."""
    parts = urlsplit(url)
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.username:
        raise ValueError("an address begins with https:// and names a host")
    if parts.query or parts.fragment:
        raise ValueError("no '?' and no '#' here: a channel's address carries no parameters")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError("http is for a simulator on this machine only")
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


Address = Annotated[str, AfterValidator(_address)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    timeout_s: float = Field(
        10, gt=0, le=60, description="How long an answer may take before it is unknown."
    )
    proxy: str = Field("", description="Address of an HTTP proxy; empty for none.", repr=False)


class WeChatPaySettings(_Section):
    """A merchant at WeChat Pay, APIv3."""

    mchid: str = Field(pattern="^[0-9]{8,10}$", description="Merchant number 商户号.")
    appid: str = Field(pattern="^[0-9A-Za-z]{6,32}$", description="App that is bound to it.")
    merchant_serial: str = Field(
        pattern="^[0-9A-Fa-f]{6,40}$", description="Serial number of the merchant's certificate."
    )
    merchant_key_file: Path = Field(description="apiclient_key.pem, mode 0600.")
    api_v3_key_file: Path = Field(description="File with the 32 characters of the APIv3 key, 0600.")
    public_key_id: str = Field(
        "", pattern="^(PUB_KEY_ID_[0-9]{1,40})?$", description="微信支付公钥ID, in public-key mode."
    )
    public_key_file: Path | None = Field(None, description="pub_key.pem, in public-key mode.")
    certificates_dir: Path | None = Field(
        None,
        description="Directory of platform certificates, in certificate mode; kept by the hub.",
    )
    notify_url: Address = Field(description="Where WeChat Pay calls: …/callbacks/wechat-pay.")
    base_url: Address = Field(
        "https://api.mch.weixin.qq.com", description="The channel, or its simulator."
    )
    transfer_scene: str = Field(
        "1005", pattern="^[0-9]{1,36}$", description="转账场景ID; 1005 is commission."
    )
    transfer_reports: dict[str, str] = Field(
        {"岗位类型": "推广员", "报酬说明": "推广佣金"},
        description="What the scene demands to be reported: 岗位类型 and 报酬说明 for 1005.",
    )

    def check(self) -> None:
        """Refuse settings with which no answer could be verified."""
        if bool(self.public_key_id) != (self.public_key_file is not None):
            raise ConfigInvalid("wechat_pay: public_key_id and public_key_file go together")
        if not self.public_key_id and self.certificates_dir is None:
            raise ConfigInvalid("wechat_pay: set public_key_id or certificates_dir")


class AlipaySettings(_Section):
    """An application at Alipay's open platform."""

    app_id: str = Field(pattern="^[0-9]{8,32}$", description="应用 APPID.")
    seller_id: str = Field(pattern="^2088[0-9]{12}$", description="Our own account, PID.")
    app_key_file: Path = Field(description="Private key of the application, PEM, mode 0600.")
    public_key_file: Path | None = Field(
        None, description="Alipay's public key 支付宝公钥, in public-key mode."
    )
    app_cert_file: Path | None = Field(
        None, description="appCertPublicKey_….crt, in certificate mode."
    )
    alipay_cert_files: tuple[Path, ...] = Field(
        (), description="alipayCertPublicKey_RSA2.crt, and its successor while both are in use."
    )
    root_cert_file: Path | None = Field(None, description="alipayRootCert.crt.")
    notify_url: Address = Field(description="Where Alipay calls: …/callbacks/alipay.")
    base_url: Address = Field(
        "https://openapi.alipay.com/gateway.do", description="The gateway, or its simulator."
    )
    bill_hosts: tuple[str, ...] = Field(
        ("dwbillcenter.alipay.com",), description="Hosts that bills may be fetched from."
    )

    @property
    def uses_certificates(self) -> bool:
        """Whether it is certificate mode; money out needs it."""
        return self.app_cert_file is not None

    def check(self) -> None:
        """Refuse settings with which no answer could be verified."""
        certificates = (self.app_cert_file, self.root_cert_file, self.alipay_cert_files or None)
        if any(certificates) and not all(certificates):
            raise ConfigInvalid(
                "alipay: app_cert_file, alipay_cert_files and root_cert_file go together"
            )
        if any(certificates) == (self.public_key_file is not None):
            raise ConfigInvalid("alipay: set public_key_file or the three kinds of certificates")


class BankFileSettings(BaseModel):
    """The file by which a person at the bank's counter or on its page hands in payouts."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    account: str = Field(
        pattern="^[0-9]{6,32}$", description="Our account that is debited.", repr=False
    )
    account_name: str = Field(min_length=1, max_length=100, description="What it is called.")
    bank: str = Field(
        "main", pattern="^[A-Za-z0-9-]{1,40}$",
        description="What the ledger calls that account: main for 1030.main.",
    )  # fmt: skip
    encoding: str = Field(
        "gbk", pattern="^(gbk|utf-8-sig)$", description="gbk, or utf-8-sig for a BOM."
    )


class ChannelSettings(BaseModel):
    """All channels; a section that is not there is a channel that is not used."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    wechat_pay: WeChatPaySettings | None = None
    alipay: AlipaySettings | None = None
    bank_file: BankFileSettings | None = None


SECTIONS: dict[str, type[BaseModel]] = {
    "wechat_pay": WeChatPaySettings,
    "alipay": AlipaySettings,
    "bank_file": BankFileSettings,
}


def load(file: Path) -> ChannelSettings:
    """Return the settings in a file; without the file there are no channels.

    Raises:
        ConfigInvalid: with a sentence that names the setting and never its value.
    """
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        return ChannelSettings()
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigInvalid(f"{file} cannot be read") from exc
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise ConfigInvalid(f"{file} is not TOML: {exc}") from None
    try:
        found = ChannelSettings.model_validate(_with_paths(raw, file.parent))
    except ValidationError as exc:
        raise ConfigInvalid(f"{file}: {_sentence(exc)}") from None
    for section in (found.wechat_pay, found.alipay):
        if section is not None:
            section.check()
    return found


def read_secret(file: Path) -> bytes:
    """Return what a secret file holds.

    Raises:
        ConfigInvalid: it cannot be read, or others on this machine can.
    """
    try:
        with file.open("rb") as opened:
            if stat.S_IMODE(file.stat().st_mode) & 0o077:
                raise ConfigInvalid(f"{file} can be read by others; chmod 600 it")
            return opened.read()
    except OSError as exc:
        raise ConfigInvalid(f"{file} cannot be read: {exc.strerror}") from exc


def read_public(file: Path) -> bytes:
    """Return what a file without secrets holds.

    Raises:
        ConfigInvalid: it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as exc:
        raise ConfigInvalid(f"{file} cannot be read: {exc.strerror}") from exc


def _with_paths(raw: Any, folder: Path) -> Any:
    """Make the paths of a file absolute: a name that ends in _file, _files or _dir is one."""
    if not isinstance(raw, dict):
        return raw
    found: dict[str, Any] = {}
    for name, value in raw.items():
        if isinstance(value, dict):
            found[name] = _with_paths(value, folder)
        elif name.endswith(("_file", "_dir")) and isinstance(value, str):
            found[name] = folder / value
        elif name.endswith("_files") and isinstance(value, list):
            found[name] = [folder / str(one) for one in value]
        else:
            found[name] = value
    return found


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"]))
    if first["type"] != "extra_forbidden":
        return f"{where}: {first['msg']}"
    near = difflib.get_close_matches(str(first["loc"][-1]), _names(first["loc"]), n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{where} does not exist{hint}"


def _names(where: tuple[int | str, ...]) -> list[str]:
    section = ChannelSettings.model_fields.get(str(where[0])) if len(where) > 1 else None
    if section is None:
        return list(ChannelSettings.model_fields)
    return list(SECTIONS[str(where[0])].model_fields)
