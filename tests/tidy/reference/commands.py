"""docs/reference/commands.md, from the help of every command."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import click

import central.cli
import edge.cli
from tests.tidy.reference.markdown import table

_RUN = Path(__file__).parent.parent.parent.parent / "run"


def page() -> Iterator[str]:
    """Yield the page."""
    yield "# Commands\n"
    yield "Three programs: `./run` for whoever has the checkout, `tearoff-unit` at a till and"
    yield "`tearoff-hub` at headquarters. In the checkout, `./run unit …` and `./run hub …` are"
    yield "those two. Every command explains itself with `-h`, ends with 0 if it did what was asked"
    yield "and with 1 and a sentence if not; 2 means that the command line was not understood."
    yield "[Settings](settings.md) are given by `--config` and `--set` before the command.\n"
    yield "## `./run`\n"
    yield "```text"
    yield from _usage_of_run()
    yield "```"
    for name, command in (("tearoff-unit", edge.cli.main), ("tearoff-hub", central.cli.main)):
        yield from _chapter(name, command)


def _usage_of_run() -> Iterator[str]:
    for line in _RUN.read_text("utf-8").splitlines()[1:]:
        if not line.startswith("#"):
            return
        yield line.removeprefix("#").removeprefix(" ")


def _chapter(name: str, command: click.Command) -> Iterator[str]:
    yield f"\n## `{name}`\n"
    yield _help(command)
    yield from _options(command, name)
    for words, sub in below((name,), command):
        told = " ".join(words)
        yield f"\n### `{' '.join((told, *_arguments(sub)))}`\n"
        yield _help(sub)
        yield from _options(sub, told)


def below(
    words: tuple[str, ...], command: click.Command
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command that can be given, with the words that lead to it."""
    if not isinstance(command, click.Group):
        yield words, command
        return
    context = click.Context(command)
    for name in sorted(command.list_commands(context)):
        found = command.get_command(context, name)
        assert found is not None, f"{name} is listed"
        yield from below((*words, name), found)


def _arguments(command: click.Command) -> list[str]:
    context = click.Context(command)
    return [p.make_metavar(context) for p in command.params if isinstance(p, click.Argument)]


def _help(command: click.Command) -> str:
    return inspect.cleandoc(command.help or "")


def _options(command: click.Command, told: str) -> Iterator[str]:
    options = [p for p in command.params if isinstance(p, click.Option)]
    if options:
        yield "\n" + table(("option", "what it does"), (_option(o, told) for o in options))


def _option(option: click.Option, told: str) -> tuple[str, str]:
    context = click.Context(click.Command(told))
    assert option.help, f"{told} {option.opts[0]} has no help"
    shown = "/".join(option.opts)
    if not option.is_flag and not option.count:
        shown += " " + option.make_metavar(context)
    notes = []
    if option.required:
        notes.append("needed")
    elif option.show_default:
        notes.append(f"`{option.default}` if not given")
    return f"`{shown}`", option.help.rstrip(".") + (f" ({', '.join(notes)})" if notes else "") + "."
