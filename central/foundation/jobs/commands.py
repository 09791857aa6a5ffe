"""``tearoff-hub jobs``: what the hub does by the clock, messages that wait, alerts."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable
from zoneinfo import ZoneInfo

import click

from central.config import HubConfig
from central.foundation.command import Command
from central.foundation.jobs import outbox, schedule
from central.foundation.jobs.alerts import alerts
from central.foundation.jobs.schedule import Schedule

_ACTOR = "cli"
_json = click.option("--json", "as_json", is_flag=True, help="JSON for scripts.")


def group(schedule_of: Callable[[HubConfig], Schedule]) -> click.Group:
    """Return the commands.

    Args:
        schedule_of: Returns the jobs of a hub with these settings.
    """

    @click.group("jobs")
    def jobs() -> None:
        """What the hub does by the clock, and what needs somebody's eyes."""

    _add_reading(jobs)
    _add_messages(jobs)
    _add_running(jobs, schedule_of)
    return jobs


def _add_reading(jobs: click.Group) -> None:
    @jobs.command("list")
    @_json
    @click.pass_obj
    def list_(command: Command, *, as_json: bool) -> None:
        """List the jobs: their newest run and their next one."""
        with command.hub() as hub:
            found, zone = schedule.views(), ZoneInfo(hub.config.timezone)
        for one in found:
            if as_json:
                click.echo(json.dumps(one._asdict(), ensure_ascii=False))
                continue
            due = "rests" if one.is_paused else _moment(one.next_at_s, zone)
            click.echo(f"{one.name:20} {one.outcome or '-':8} next {due:20} {one.said}".rstrip())
        if not found and not as_json:
            click.echo("The hub has not been served yet; its jobs begin then.")

    @jobs.command("alerts")
    @click.option("--all", "all_of_them", is_flag=True, help="Also those that are over.")
    @_json
    @click.pass_obj
    def alerts_(command: Command, *, all_of_them: bool, as_json: bool) -> None:
        """List the alerts. Exit code 1 if one is open."""
        with command.hub() as hub:
            found, zone = alerts(all_of_them=all_of_them), ZoneInfo(hub.config.timezone)
        for one in found:
            if as_json:
                click.echo(json.dumps(one._asdict(), ensure_ascii=False))
            else:
                click.echo(f"{_moment(one.opened_at_s, zone)} {one.kind} {one.subject}: {one.said}")
        if not found and not as_json:
            click.echo("There is no alert.")
        sys.exit(1 if any(one.cleared_at_s is None for one in found) else 0)


def _add_messages(jobs: click.Group) -> None:
    @jobs.command("messages")
    @click.option(
        "--state", type=click.Choice(["waiting", "sending", "sent", "dead"]), help="Only these."
    )
    @_json
    @click.pass_obj
    def messages(command: Command, state: str | None, *, as_json: bool) -> None:
        """List the newest messages that were not delivered."""
        with command.hub():
            found = outbox.messages(state)
        for one in found:
            if as_json:
                click.echo(json.dumps(one._asdict(), ensure_ascii=False))
            else:
                click.echo(
                    f"{one.id:8} {one.state:8} {one.kind} {one.key} {one.attempts} {one.said}"
                )

    @jobs.command("send-again")
    @click.argument("message_id", type=int)
    @click.pass_obj
    def send_again(command: Command, message_id: int) -> None:
        """Give the message MESSAGE_ID, which was given up, all its tries again."""
        with command.hub():
            outbox.send_again(message_id, command.now_s())
        click.echo(f"{message_id} is sent again")


def _add_running(jobs: click.Group, schedule_of: Callable[[HubConfig], Schedule]) -> None:
    @jobs.command("run")
    @click.argument("name")
    @click.pass_obj
    def run(command: Command, name: str) -> None:
        """Run the job NAME now. Exit code 1 if it comes to nothing good."""
        with command.hub() as hub:
            report = schedule_of(hub.config).run_now(name, _ACTOR)
        click.echo(report.said)
        sys.exit(0 if report.is_good else 1)

    @jobs.command("pause")
    @click.argument("name")
    @click.pass_obj
    def pause(command: Command, name: str) -> None:
        """Let the job NAME rest until it is resumed."""
        with command.hub():
            schedule.pause(name, is_paused=True)
        click.echo(f"{name} rests")

    @jobs.command("resume")
    @click.argument("name")
    @click.pass_obj
    def resume(command: Command, name: str) -> None:
        """Let the job NAME go on."""
        with command.hub():
            schedule.pause(name, is_paused=False)
        click.echo(f"{name} goes on")


def _moment(at_s: int, zone: ZoneInfo) -> str:
    return dt.datetime.fromtimestamp(at_s, zone).strftime("%Y-%m-%d %H:%M:%S")
