"""Both halves as Flask apps, to be looked at and not to be called: their files may be gone."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from flask_openapi3.openapi import OpenAPI

from central import app as hub
from tests import builders as b
from tests.central.builders import Database, a_config, close_hub, write_keys
from tests.edge.builders import a_rig, a_unit


def hub_app(folder: Path) -> OpenAPI:
    """Return the hub, put together on a new database in this folder."""
    config = a_config(Database("", folder / "hub.db"))
    write_keys(config.data_dir / "keys")
    app = hub.build(config, lambda: b.NOW_S)
    close_hub()
    return app


def unit_app(folder: Path) -> Flask:
    """Return an enrolled unit with all its routes, put together in this folder."""
    with a_rig(folder / "unit"):
        pass
    with a_unit(folder / "unit", kiosk=True) as unit:
        return unit.flask
