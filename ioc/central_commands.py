"""`ioc central …`: run central, bring its database up to date, and say who may come in."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from ioc.output import LogLevel, UserMistake, emit, err, out

if TYPE_CHECKING:
    from central.config import CentralConfig
    from central.store import Store

central_app = typer.Typer(
    name="central", help="Run central: inbox, store, incidents and the operators' console.", no_args_is_help=True
)
user_app = typer.Typer(name="user", help="People who may log in to the console.", no_args_is_help=True)
central_app.add_typer(user_app)

File = Annotated[Path | None, typer.Option("--config", help="central's file; central.yaml here when left out")]
Json = Annotated[bool, typer.Option("--json", help="one JSON object on standard output")]


def register(app: typer.Typer) -> None:
    app.add_typer(central_app)


@central_app.command()
def run(
    file: Annotated[Path | None, typer.Argument(help="central's file (YAML); central.yaml here when left out")] = None,
    listen: Annotated[str | None, typer.Option(help="address:port instead of the file's")] = None,
    log_level: Annotated[LogLevel, typer.Option(help="what is logged")] = "info",
) -> None:
    """Run central until it is told to stop (Ctrl-C or SIGTERM)."""
    from central.app import serve
    from common import logs

    config = _config(file)
    if listen is not None:
        config = _listening(config, listen)
    _may_listen(config)
    logs.set_up(level=log_level)
    serve(config)


@central_app.command()
def migrate(
    file: Annotated[Path | None, typer.Argument(help="central's file (YAML); central.yaml here when left out")] = None,
    as_json: Json = False,
) -> None:
    """Bring the database to the schema of this version. SQLite is also migrated whenever central starts."""
    from central.store import migrate as bring_up

    with_store = _open(_config(file), migrated=False)
    before, after = bring_up(with_store)

    def show(result: Mapping[str, Any]) -> None:
        same = result["before"] == result["after"]
        out.print(f"up to date at {after}" if same else f"migrated from {before or 'nothing'} to {after}")

    emit({"before": before, "after": after}, as_json, show)


@central_app.command()
def token(
    name: Annotated[str, typer.Argument(help="what the machine is called, such as the node's id")],
    role: Annotated[str, typer.Option(help="node (sends pictures) or reader (reads incidents and events)")],
    file: File = None,
    as_json: Json = False,
) -> None:
    """Make a bearer token for a machine. It is shown once; a token of the same name stops working."""
    from central.accounts import TOKEN_ROLES, make_token

    if role not in TOKEN_ROLES:
        raise UserMistake(f"there is no role {role!r} for a token; there are {', '.join(TOKEN_ROLES)}")
    secret = _account(make_token, _open(_config(file)), name, role)
    emit({"name": name, "role": role, "token": secret}, as_json, lambda result: typer.echo(result["token"]))


@user_app.command("add")
def user_add(
    name: Annotated[str, typer.Argument(help="the name to log in with")],
    role: Annotated[str, typer.Option(help="viewer, operator or admin; the first user is an admin")] = "",
    password_stdin: Annotated[bool, typer.Option(help="read the password from standard input")] = False,
    file: File = None,
    as_json: Json = False,
) -> None:
    """Add a user. Without --password-stdin a password is generated and shown once."""
    from central.accounts import USER_ROLES, add_user, generate_password, list_users

    store = _open(_config(file))
    role = role or ("operator" if list_users(store) else "admin")
    if role not in USER_ROLES:
        raise UserMistake(f"there is no role {role!r}; there are {', '.join(USER_ROLES)}")
    password = _from_stdin() if password_stdin else generate_password()
    _account(add_user, store, name, role, password)
    _tell_password(name, role, None if password_stdin else password, as_json)


@user_app.command("password")
def user_password(
    name: Annotated[str, typer.Argument(help="whose password")],
    password_stdin: Annotated[bool, typer.Option(help="read the password from standard input")] = False,
    file: File = None,
    as_json: Json = False,
) -> None:
    """Set a new password, and end every session of that user."""
    from central.accounts import generate_password, set_password

    password = _from_stdin() if password_stdin else generate_password()
    _account(set_password, _open(_config(file)), name, password)
    _tell_password(name, None, None if password_stdin else password, as_json)


@user_app.command("remove")
def user_remove(name: Annotated[str, typer.Argument(help="who goes")], file: File = None) -> None:
    """Remove a user, and end every session of theirs. What they did stays in the audit."""
    from central.accounts import remove_user

    _account(remove_user, _open(_config(file)), name)
    err.print(f"{name} is removed", markup=False)


@user_app.command("list")
def user_list(file: File = None, as_json: Json = False) -> None:
    """List the users and their roles."""
    from central.accounts import list_users

    emit({"users": list_users(_open(_config(file)))}, as_json, _show_users)


def _config(file: Path | None) -> CentralConfig:
    from central.config import CentralConfig
    from common.config import read_config

    if file is None and not Path("central.yaml").exists():
        return CentralConfig()
    return read_config(file or Path("central.yaml"), CentralConfig)


def _listening(config: CentralConfig, listen: str) -> CentralConfig:
    from central.config import split_listen

    try:
        split_listen(listen)
    except ValueError as error:
        raise UserMistake(f"--listen: {error}") from error
    return config.model_copy(update={"listen": listen})


def _may_listen(config: CentralConfig) -> None:
    """Find out before anything starts, so that a taken port is one sentence."""
    import socket

    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((config.host, config.port))
        except OSError as error:
            reason = error.strerror or error
            raise UserMistake(f"central cannot listen on {config.listen}: {reason}; --listen names another") from error


def _open(config: CentralConfig, *, migrated: bool = True) -> Store:
    from central.store import Store, prepare

    store = Store(config.store.url)
    if migrated:
        prepare(store)
    return store


def _account(do: Any, *arguments: Any) -> Any:
    from central.accounts import AccountError

    try:
        return do(*arguments)
    except AccountError as error:
        raise UserMistake(str(error)) from error


def _from_stdin() -> str:
    if sys.stdin.isatty():
        password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return password
    return sys.stdin.readline().rstrip("\r\n")


def _tell_password(name: str, role: str | None, password: str | None, as_json: bool) -> None:
    def show(_result: Mapping[str, Any]) -> None:
        if password is not None:
            err.print(f"{name}'s password, shown this once:", markup=False)
            typer.echo(password)

    told = {"name": name, **({"role": role} if role else {}), **({"password": password} if password else {})}
    emit(told, as_json, show)


def _show_users(result: Mapping[str, Any]) -> None:
    table = Table("name", "role", "since")
    for user in result["users"]:
        table.add_row(user["name"], user["role"], f"{user['created_at']:%Y-%m-%d}")
    out.print(table)
