"""The shop behind the hub's own pages and API: one database, one clock, one channel simulator."""

from __future__ import annotations

import dataclasses
import re
import shutil
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient

from central.outside import OUTSIDE_OF_SHARING
from central.timetable import office_of
from tests import builders as b
from tests.central.builders import KEYRING, Database, a_config, an_app, csrf_token
from tests.central.channel import Served
from tests.central.network.agents.builders import a_tree
from tests.central.sale.builders import CODE, KEY, Shop, a_shop


@dataclass
class Open:
    """A shop that is open to browsers and programs."""

    app: Any
    shop: Shop

    def buyer(self, locale: str = "en") -> FlaskClient:
        """A browser of somebody whom nobody knows."""
        client: FlaskClient = self.app.test_client()
        with client.session_transaction() as session:
            session["locale"] = locale
        return client

    def order(self, client: FlaskClient, sku: str = KEY, **bent: Any) -> Any:
        """Fill in the form of one piece as a browser does, and send it."""
        page = f"/shop/{sku}"
        fields = {"quantity": "1", "contact": "li@example.com", "code": CODE}
        if sku == KEY:
            fields["field.account"] = "li"
        hidden = {
            name: re.search(f'name="{name}" value="([^"]+)"', client.get(page).text)[1]  # type: ignore[index]
            for name in ("csrf_token", "key")
        }
        return client.post(page, data=hidden | fields | bent)


def open_shop(database: Database, channel: Served, **bent: Any) -> Open:
    """Build the hub on a database, furnished for selling, with the channel's settings."""
    home = database.sqlite_file.parent
    shutil.copytree(channel.settings_file.parent, home, dirs_exist_ok=True)
    app = an_app(database, channel.clock, **bent)
    a_tree(b.NOW_S - 10)
    made = a_shop(home, channel)
    office = office_of(a_config(database, **bent), KEYRING, OUTSIDE_OF_SHARING, channel.clock)
    return Open(app, dataclasses.replace(made, office=office))


def press(client: FlaskClient, page: str, path: str, **fields: Any) -> Any:
    """Press a button of a page; refuse one that is not on it."""
    text = client.get(page).text
    assert f'action="{path}"' in text, path
    return client.post(path, data={"csrf_token": csrf_token(client, page), **fields})
