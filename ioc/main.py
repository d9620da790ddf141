"""The front door: `ioc`, one command line for installers, operators and benchmark runners."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import typer

import ioc
from common.config import ConfigError
from ioc.output import UserMistake, err
from models.errors import ModelError, UnknownModel
from rtsp.errors import SourceError

app = typer.Typer(
    name="ioc",
    help="IOC Edge: from a province's cameras to incidents that an operator can act on.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def load_groups() -> None:
    """Let each file `ioc/*_commands.py` add its commands."""
    for found in pkgutil.iter_modules(ioc.__path__, "ioc."):
        if found.name.endswith("_commands"):
            importlib.import_module(found.name).register(app)


def main() -> None:
    """Run the command line: exit 0 on success, 2 on the user's mistake, 1 on a failure."""
    load_groups()
    try:
        app()
    except (ConfigError, UserMistake, UnknownModel) as mistake:
        err.print(str(mistake), style="red", markup=False, soft_wrap=True)
        sys.exit(2)
    except (ModelError, SourceError) as failure:
        err.print(str(failure), style="red", markup=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as failure:
        import logging

        logging.getLogger("ioc").debug("failed", exc_info=True)
        err.print(f"{type(failure).__name__}: {failure}", style="red", markup=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
