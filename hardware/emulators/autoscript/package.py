"""The package as a program imports it, and a client whose attributes are the server's."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any
from unittest.mock import patch

from hardware.emulators.autoscript import structures
from hardware.emulators.autoscript.server import AutoScriptServer, Session

PACKAGE, CORE = "autoscript_sdb_microscope_client", "autoscript_core"


class Node:
    """A place in the tree of attributes: ``beams.electron_beam`` of a client."""

    def __init__(self, session: Session, path: str = "") -> None:
        object.__setattr__(self, "_session", session)
        object.__setattr__(self, "_path", path)

    def __getattr__(self, name: str) -> Any:
        path = f"{self._path}.{name}" if self._path else name
        return Node(self._session, path) if self._session.leads_on(path) else self._session.get(path)

    def __setattr__(self, name: str, value: object) -> None:
        self._session.set(f"{self._path}.{name}", value)


class Client(Node):
    """``SdbMicroscopeClient``."""

    def __init__(self, server: AutoScriptServer) -> None:
        super().__init__(Session(server))

    def connect(self, host: str = "localhost", port: int = 0) -> None:
        self._session.connect(host, port)

    def disconnect(self) -> None:
        self._session.disconnect()


@contextmanager
def installed(server: AutoScriptServer) -> Iterator[None]:
    """Inside, AutoScript's package can be imported, and whoever connects finds ``server``."""
    modules = {
        PACKAGE: _module(PACKAGE, SdbMicroscopeClient=lambda: Client(server)),
        f"{PACKAGE}.structures": _module(f"{PACKAGE}.structures", **vars(structures)),
        f"{PACKAGE}.enumerations": _module(
            f"{PACKAGE}.enumerations", ImagingDevice=structures.IMAGING_DEVICE
        ),
        CORE: _module(CORE),
        f"{CORE}.common": _module(
            f"{CORE}.common",
            ApplicationServerException=structures.ApplicationServerException,
            ApiException=structures.ApiException,
        ),
    }
    with patch.dict(sys.modules, modules):
        yield


def _module(name: str, **members: object) -> ModuleType:
    module = ModuleType(name)
    vars(module).update({key: value for key, value in members.items() if not key.startswith("__")})
    return module
