"""Writes the part of docs/reference that can be read off the code.

python -m tests.tidy.reference            writes the pages
python -m tests.tidy.reference --check    says which are stale, and ends with 1 if any is
"""

from __future__ import annotations

import dataclasses
import inspect
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from flask import Flask

import central.cli
import central.config
import central.errors
import central.foundation.web.problem
import edge.cli
import edge.config
import edge.errors
import edge.web.problem
from central.foundation.db.engine import HUB
from central.foundation.web.permission import needed_by
from edge.contract.refusal import WAY_OUT, Refusal
from edge.web.words import REFUSALS, WAYS_OUT, translate

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "docs" / "reference"
_NOTE = "<!-- Written by `./run docs` from the code; edit the code, not this page. -->\n"
_HTTP_OF_THE_FRAMEWORK = {
    "bad-request": "The request is not HTTP as expected: a broken header, a form without its token.",
    "not-found": "There is no such address, or nothing with this number.",
    "method-not-allowed": "The address exists, but not with this method.",
    "request-too-large": "The body is larger than any that makes sense here.",
    "unsupported-media-type": "The body's `Content-Type` is not one that is taken.",
    "too-many-tries": "Too many requests of this kind from one address; `Retry-After` says how long to wait.",
    "internal": "A defect. `instance` names the line in the log to send with a report.",
    "voucher-refused": (
        "The scan was recorded and the voucher not accepted. `reason` is one of the"
        " [refusals](refusals.md), `way_out` what the person at the till can do."
    ),
}


def pages() -> dict[str, str]:
    """Return every generated page, by file name."""
    makers: dict[str, Callable[[], Iterator[str]]] = {
        "settings.md": _settings,
        "commands.md": _commands,
        "refusals.md": _refusals,
        "problems.md": _problems,
        "routes.md": _routes,
    }
    return {name: _NOTE + "\n".join(make()) + "\n" for name, make in makers.items()}


def stale() -> list[str]:
    """Return the pages that say something else than the code."""
    return [
        name
        for name, text in pages().items()
        if not (FOLDER / name).exists() or (FOLDER / name).read_text("utf-8") != text
    ]


# --- settings ------------------------------------------------------------------------------------


def _settings() -> Iterator[str]:
    yield "# Settings\n"
    yield "Each half reads a TOML file, then its environment variables, then `--set`; the last one"
    yield "wins. A setting that does not exist is an error that names the nearest one that does."
    yield "Secrets are never settings: they are files of mode 0600 in `data_dir`.\n"
    yield "## The unit\n"
    yield f"`{edge.cli.DEFAULT_FILE}`, or the file after `--config`. `tearoff-unit config show`"
    yield "prints what is in force and where each value comes from.\n"
    for section, kind in edge.config.SECTIONS.items():
        yield f"### `[{section}]`\n"
        yield _sentence(kind) + "\n"
        yield "| setting | variable | default | what it does |"
        yield "|---|---|---|---|"
        for item in dataclasses.fields(kind):
            variable = f"EDGE_{section}__{item.name}".upper()
            yield _row(
                f"`{item.name}`", f"`{variable}`", _default(item.default), item.metadata["doc"]
            )
        yield ""
    yield "## The hub\n"
    yield f"`{central.config.DEFAULT_FILE}`, or the file after `--config`.\n"
    yield "| setting | variable | default | what it does |"
    yield "|---|---|---|---|"
    for name, field in central.config.HubConfig.model_fields.items():
        yield _row(
            f"`{name}`", f"`HUB_{name.upper()}`", _default(field.default), str(field.description)
        )


def _default(value: Any) -> str:
    return f"`{value}`" if str(value) else "empty"


# --- commands ------------------------------------------------------------------------------------


def _commands() -> Iterator[str]:
    yield "# Commands\n"
    yield "Every command explains itself with `--help`, ends with 0 if it did what was asked and"
    yield "with 1 and a sentence if not; 2 means that the command line was not understood."
    for name, command in (("tearoff-unit", edge.cli.main), ("tearoff-hub", central.cli.main)):
        yield f"\n## `{name}`\n"
        yield _help(command)
        yield "\n".join(_options(command))
        for words, sub in _below((name,), command):
            arguments = " ".join(
                p.make_metavar(click.Context(sub))
                for p in sub.params
                if isinstance(p, click.Argument)
            )
            yield f"\n### `{' '.join((*words, arguments)).strip()}`\n"
            yield _help(sub)
            yield "\n".join(_options(sub))


def _below(
    words: tuple[str, ...], command: click.Command
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if not isinstance(command, click.Group):
        return
    for name in sorted(command.commands):
        sub = command.commands[name]
        if isinstance(sub, click.Group):
            yield from _below((*words, name), sub)
        else:
            yield (*words, name), sub


def _help(command: click.Command) -> str:
    return inspect.cleandoc(command.help or "") + "\n"


def _options(command: click.Command) -> list[str]:
    options = [p for p in command.params if isinstance(p, click.Option)]
    if not options:
        return []
    lines = ["| option | what it does |", "|---|---|"]
    for option in options:
        shown = ", ".join(f"`{name}`" for name in option.opts)
        record = option.get_help_record(click.Context(command))
        lines.append(_row(shown, record[1] if record else ""))
    return lines


# --- refusals and problems -----------------------------------------------------------------------


def _refusals() -> Iterator[str]:
    yield "# Refusals\n"
    yield "The closed list of reasons why a scan is not accepted, in `reason` of the problem"
    yield "[`voucher-refused`](problems.md) and in the journal. `way_out` is what the person at the"
    yield "till can do next. The order is that of the checks: a scan is refused for the first that"
    yield "applies. Sentences are what a clerk reads.\n"
    yield "| reason | sentence | 中文 | way out |"
    yield "|---|---|---|---|"
    for refusal in Refusal:
        sentence = REFUSALS[refusal]
        yield _row(f"`{refusal}`", sentence, translate("zh-CN", sentence), f"`{WAY_OUT[refusal]}`")
    yield "\n| way out | sentence | 中文 |"
    yield "|---|---|---|"
    for way_out, sentence in WAYS_OUT.items():
        yield _row(f"`{way_out}`", sentence, translate("zh-CN", sentence))


def _problems() -> Iterator[str]:
    yield "# Problems\n"
    yield "Every error of the HTTP interfaces is `application/problem+json` (RFC 9457). `type` is"
    yield "`/problems/<slug>`; slugs never change their meaning. `title` and `detail` are sentences"
    yield "in the caller's language (`Accept-Language`: `zh-CN` or `en`); `instance` names an"
    yield "occurrence in the log."
    halves = (
        ("The unit", edge.errors.EdgeError, edge.web.problem.TITLES),
        ("The hub", central.errors.HubError, central.foundation.web.problem.TITLES),
    )
    for name, base, titles in halves:
        yield f"\n## {name}\n"
        yield "| slug | status | title | meaning |"
        yield "|---|---|---|---|"
        rows: dict[str, tuple[str, str, str]] = {}
        for slug, title in titles.items():
            rows[slug] = ("", str(title), _HTTP_OF_THE_FRAMEWORK[slug])
        for kind in _kinds(base):
            meaning = rows[kind.slug][2] if kind.slug in rows else _sentence(kind)
            rows[kind.slug] = (str(kind.status), kind.title, meaning)
        for slug, (status, title, meaning) in sorted(rows.items()):
            yield _row(f"`{slug}`", status or _status_of(slug), title, meaning)


def _kinds(base: type[Any]) -> Iterator[type[Any]]:
    yield base
    for sub in base.__subclasses__():
        yield from _kinds(sub)


def _status_of(slug: str) -> str:
    known = {
        "bad-request": 400,
        "not-found": 404,
        "method-not-allowed": 405,
        "voucher-refused": 409,
        "request-too-large": 413,
        "unsupported-media-type": 415,
        "too-many-tries": 429,
        "internal": 500,
    }
    return str(known[slug])


# --- routes --------------------------------------------------------------------------------------


def _routes() -> Iterator[str]:
    yield "# Addresses\n"
    yield "Everything the two halves answer to, and to whom. A route that names nobody answers"
    yield "nobody. Bodies are described by `GET /openapi.json` of each half."
    whose: dict[str, Callable[[Flask, str], object]] = {
        "The unit": lambda app, name: app.view_functions[name].allowed_for.value,  # type: ignore[attr-defined]
        "The hub": needed_by,
    }
    for half, app in apps().items():
        yield f"\n## {half}\n"
        yield "| method | address | for |"
        yield "|---|---|---|"
        for rule in sorted(app.url_map.iter_rules(), key=lambda rule: str(rule)):
            if rule.endpoint == "static":
                continue
            methods = " ".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
            yield _row(methods, f"`{rule}`", f"`{whose[half](app, rule.endpoint)}`")


def apps() -> dict[str, Flask]:
    """Return both halves as Flask apps, put together in a directory that goes away."""
    from tests.tidy.both_apps import hub_app, unit_app  # noqa: PLC0415 - it needs a database

    with tempfile.TemporaryDirectory() as folder:
        found = {"The unit": unit_app(Path(folder)), "The hub": hub_app(Path(folder))}
        HUB.close()
    return found


# --- words ---------------------------------------------------------------------------------------


def _sentence(kind: type) -> str:
    return " ".join(inspect.cleandoc(kind.__doc__ or "").split("\n\n", maxsplit=1)[0].split())


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def main() -> None:
    """Write, or check."""
    if "--check" in sys.argv:
        names = stale()
        sys.stdout.write("".join(f"stale: docs/reference/{name}\n" for name in names))
        sys.exit(1 if names else 0)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
