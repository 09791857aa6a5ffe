"""docs/reference/settings.md, from the settings of both halves."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

import central.config
import edge.cli
import edge.config
from central.foundation.notices import settings as mail
from central.money.channels import settings as channels
from central.money.reconciliation.files import layouts
from tests.tidy.reference.markdown import code, first_sentence, table

_HEADS = ("setting", "variable", "default", "what it does")


def page() -> Iterator[str]:
    """Yield the page."""
    yield "# Settings\n"
    yield "Each half reads a TOML file, then the variables of its environment, then `--set` on the"
    yield "command line; the last one wins. A setting that does not exist is an error that names"
    yield "the nearest one that does. Secrets are never settings: they are files of mode 0600 in"
    yield "`data_dir`. What a unit may accept alone is no setting either: it is the policy that the"
    yield "hub signs.\n"
    yield "## The unit\n"
    yield f"`{edge.cli.DEFAULT_FILE}`, or the file after `--config`. On the command line"
    yield "`--set SECTION.NAME=VALUE`, which may be repeated. `tearoff-unit config show` prints"
    yield "what is in force and where each value comes from.\n"
    for section, kind in edge.config.SECTIONS.items():
        yield f"### `[{section}]`\n"
        yield first_sentence(kind) + "\n"
        yield table(_HEADS, _of_section(section, kind)) + "\n"
    for section, words in edge.config.NAMED.items():
        yield f"### `[{section}]`\n"
        yield words + "\n"
    yield "## The hub\n"
    yield f"`{central.config.DEFAULT_FILE}`, or the file after `--config`; it has no sections. On"
    yield "the command line `--set NAME=VALUE`, which may be repeated.\n"
    yield table(_HEADS, _of_hub())
    yield "\n## The payment channels\n"
    yield "`channels.toml` in the hub's `data_dir`; without the file there are no channels, and a"
    yield "section that is not there is a channel that is not used. Paths are relative to the file."
    yield "Keys are files of mode 0600. There are no variables and no `--set` for these. See"
    yield "[connect WeChat Pay](../how-to/connect-wechat-pay.md) and"
    yield "[connect Alipay](../how-to/connect-alipay.md).\n"
    for section, field in channels.ChannelSettings.model_fields.items():
        kind = channels.SECTIONS[section]
        yield f"### `[{section}]`\n"
        yield first_sentence(kind) + "\n"
        yield table(("setting", "default", "what it does"), _of_channel(kind)) + "\n"
        assert field.default is None, "a channel that is not set up is not used"
    yield "## The mail server\n"
    yield "`mail.toml` in the hub's `data_dir`; without the file buyers are not told by mail. It"
    yield "has no sections, paths are relative to it, and the hub reads it when it starts. See"
    yield "[sell](../how-to/sell.md#tell-buyers-by-mail).\n"
    yield table(("setting", "default", "what it does"), _of_channel(mail.MailSettings)) + "\n"
    yield "## Files of banks and suppliers\n"
    yield "`statements.toml` in the hub's `data_dir`; without the file none can be taken. It says"
    yield "which column is which, and each section is a source:"
    yield "[reconcile](../how-to/reconcile.md) has an example of both.\n"
    for section, layout in (
        ("bank.NAME", layouts.BankLayout),
        ("supplier.NAME", layouts.SupplierLayout),
    ):
        yield f"### `[{section}]`\n"
        yield first_sentence(layout) + "\n"
        yield table(("setting", "default", "what it does"), _of_channel(layout)) + "\n"


def _of_section(section: str, kind: type) -> Iterator[tuple[str, ...]]:
    for item in dataclasses.fields(kind):
        variable = f"{edge.config.ENV_PREFIX}{section}__{item.name}".upper()
        yield code(item.name), code(variable), _default(item.default), item.metadata["doc"]


def _of_hub() -> Iterator[tuple[str, ...]]:
    for name, field in central.config.HubConfig.model_fields.items():
        variable = f"{central.config.ENV_PREFIX}{name}".upper()
        yield code(name), code(variable), _default(field.default), str(field.description)


def _of_channel(kind: type[BaseModel]) -> Iterator[tuple[str, ...]]:
    for name, field in kind.model_fields.items():
        default = "needed" if field.is_required() else _of_a_channel_s_own(field.default)
        yield code(field.alias or name), default, str(field.description)


def _of_a_channel_s_own(value: Any) -> str:
    return code(json.dumps(value, ensure_ascii=False)) if value else "empty"


def _default(value: Any) -> str:
    return code(value) or "empty"
