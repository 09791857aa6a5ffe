"""Makes the adapter of an account by the name of its protocol."""

from __future__ import annotations

from pathlib import Path

from central.errors import ConfigInvalid
from central.supply.suppliers.adapters.access import Access
from central.supply.suppliers.adapters.acg_shared import AcgShared
from central.supply.suppliers.adapters.dujiao_next import DujiaoNext
from central.supply.suppliers.adapters.generic_json import GenericJson
from central.supply.suppliers.adapters.kasushou import Kasushou
from central.supply.suppliers.adapters.profile import read_profile
from central.supply.suppliers.adapters.reloadly import Reloadly
from central.supply.suppliers.ports import Supplier

CREDENTIALS: dict[str, tuple[str, ...]] = {
    "kasushou": ("user_id", "api_key"),
    "meihu": ("user", "key"),
    "dujiao_next": ("api_key", "api_secret"),
    "acg_shared": ("app_id", "app_key"),
    "reloadly": ("client_id", "client_secret"),
    "generic_json": ("user", "key"),
}
"""The protocols there are, and what each account needs."""

_SHIPPED = Path(__file__).parent


def make(protocol: str, access: Access, profiles: Path) -> Supplier:
    """Return an account's adapter.

    Args:
        profiles: Directory of the data files of ``generic_json``.

    Raises:
        ConfigInvalid: there is no such protocol, a credential is missing, the data file is wrong.
    """
    match protocol:
        case "kasushou":
            return Kasushou(access)
        case "dujiao_next":
            return DujiaoNext(access)
        case "acg_shared":
            return AcgShared(access)
        case "reloadly":
            return Reloadly(access)
        case "meihu":
            return GenericJson(access, read_profile(_SHIPPED / "meihu.toml"))
        case "generic_json":
            name = access.settings.get("profile", "")
            if not name.replace("-", "").replace("_", "").isalnum():
                raise ConfigInvalid(f"the account {access.account} names no profile")
            return GenericJson(access, read_profile(profiles / f"{name}.toml"))
    raise ConfigInvalid(f"there is no protocol {protocol}; there are {', '.join(CREDENTIALS)}")
