"""``tearoff-hub people`` and ``api-key``: who may log in, and which programs may call."""

from __future__ import annotations

import click

from central.foundation.command import Command
from central.foundation.people import login, second_factor
from central.foundation.people.roles import ROLES
from central.foundation.people.tables import Person

role_option = click.option(
    "--role", type=click.Choice(sorted(ROLES)), default="viewer", show_default=True,
    help="What it may do.",
)  # fmt: skip


@click.command("api-key")
@click.argument("name")
@role_option
@click.option("--agent", help="For this agent's own program: it sees and orders for him alone.")
@click.pass_obj
def api_key(command: Command, name: str, role: str, agent: str | None) -> None:
    """Make a key for the program NAME; it is shown once."""
    with command.hub():
        click.echo(login.add_api_key(name, role, command.now_s(), agent))


@click.group()
def people() -> None:
    """Who works at headquarters."""


@people.command("add")
@click.argument("name")
@role_option
@click.pass_obj
def people_add(command: Command, name: str, role: str) -> None:
    """Add a person called NAME; the password is shown once."""
    with command.hub():
        password = login.add_person(name, role, command.now_s())
    click.echo(f"The password of {name} is {password}. It is shown only now.")


@people.command("list")
@click.pass_obj
def people_list(command: Command) -> None:
    """Who works at headquarters, in which role, and whether with a second factor."""
    with command.hub():
        for person in Person.select().order_by(Person.name):
            second = "second factor" if second_factor.has(person.id) else "password alone"
            state = "" if person.active else ", may not log in"
            click.echo(f"{person.name}: {person.role}, {second}{state}")


@people.command("new-password")
@click.argument("name")
@click.pass_obj
def people_new_password(command: Command, name: str) -> None:
    """Give NAME a new password, shown once; whoever is logged in as NAME is logged out."""
    with command.hub():
        password = login.new_password(name)
    click.echo(f"The password of {name} is {password}. It is shown only now.")


@people.command("reset-second-factor")
@click.argument("name")
@click.pass_obj
def people_reset_second_factor(command: Command, name: str) -> None:
    """Let NAME log in by the password alone again: the phone and the recovery codes are lost."""
    with command.hub():
        gone = second_factor.remove(login.person_named(name).id)
    click.echo(f"{name} logs in by the password alone." if gone else f"{name} had none.")


@people.command("stop")
@click.argument("name")
@click.pass_obj
def people_stop(command: Command, name: str) -> None:
    """Let NAME log in no more; what NAME did stays on record. ``people let-in`` undoes it."""
    with command.hub():
        login.let_work(name, active=False)
    click.echo(f"{name} may not log in any more.")


@people.command("let-in")
@click.argument("name")
@click.pass_obj
def people_let_in(command: Command, name: str) -> None:
    """Let NAME, who was stopped, log in again."""
    with command.hub():
        login.let_work(name, active=True)
    click.echo(f"{name} may log in again.")
