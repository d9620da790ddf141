"""Find every implementation in a folder, so that adding one is adding one file."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import ClassVar, Protocol, TypeVar


class Named(Protocol):
    kind: ClassVar[str]


T = TypeVar("T", bound=Named)


def load_catalog(package: ModuleType, base: type[T]) -> dict[str, type[T]]:
    """Import each module of `package` and index the `base` subclasses by their `kind`.

    A module that fails to import stops the program: a rule that silently disappears is a
    camera that silently stops watching.
    """
    catalog: dict[str, type[T]] = {}
    for found in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        module = importlib.import_module(found.name)
        for member in vars(module).values():
            if not (isinstance(member, type) and issubclass(member, base)):
                continue
            if member.__module__ != module.__name__ or "kind" not in vars(member):
                continue
            if member.kind in catalog:
                other = catalog[member.kind].__module__
                raise ValueError(f"kind {member.kind!r} is claimed by {other} and by {found.name}")
            catalog[member.kind] = member
    return catalog
