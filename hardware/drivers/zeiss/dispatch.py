"""SmartSEM's COM class as an object whose methods are called by name.

``pywin32`` (win32com, pythoncom) is imported here and nowhere else, and only when an object is wanted.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol, TypeAlias

from hardware.errors import ConnectionLost

Value: TypeAlias = "float | str"

NEEDS = r"`.venv\Scripts\pip install pywin32` in the program's folder"


class Dispatched(Protocol):
    """What COM calls IDispatch: the API's methods by their names.

    A method returns its code, 0 for success, or a tuple of the code and what it wrote into its
    arguments, as pywin32 makes of them: ``Get("AP_WD", 0.0)`` is ``(0, 0.0045)``. It may raise
    anything when the connection is gone. Made, called and closed on one thread.
    """

    def invoke(self, method: str, *arguments: Value) -> object: ...

    def close(self) -> None: ...


Dispatch: TypeAlias = Callable[[], Dispatched]


class ComObject:
    """An object of pywin32 on the thread that made it, which is an apartment of COM's from then on.

    Raises ``ConnectionLost`` where pywin32 is missing; what pywin32 raises passes.
    """

    def __init__(self, program_id: str) -> None:
        self._com, client = _pywin32(program_id)
        self._com.CoInitialize()
        self._variant = client.VARIANT
        try:
            self._object = client.Dispatch(program_id)
        except BaseException:
            self._com.CoUninitialize()
            raise

    def invoke(self, method: str, *arguments: Value) -> object:
        """Values of parameters travel as variants of 4-byte floats or strings, as the API wants them."""
        if method in ("Get", "Set"):
            name, value = arguments
            return getattr(self._object, method)(name, self._typed(value))
        return getattr(self._object, method)(*arguments)

    def close(self) -> None:
        self._object = None
        self._com.CoUninitialize()

    def _typed(self, value: Value) -> object:
        kind = self._com.VT_BSTR if isinstance(value, str) else self._com.VT_R4
        return self._variant(kind, value)


def _pywin32(program_id: str) -> tuple[Any, Any]:
    try:
        return import_module("pythoncom"), import_module("win32com.client")
    except ImportError as error:
        advice = f"On the computer of the microscope: {NEEDS}."
        raise ConnectionLost(program_id, "pywin32 is not installed", advice) from error


def dispatch_of(program_id: str, address: str) -> Dispatch:
    """How to make the object: a COM class, or ``module:function`` that is called with ``address``.

    Raises ``ConnectionLost`` when there is no such function.
    """
    module, colon, function = program_id.partition(":")
    if not colon:
        return lambda: ComObject(program_id)
    try:
        stand_in: Callable[[str], Dispatched] = getattr(import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise ConnectionLost(program_id, f"cannot be loaded: {error}", "Correct program_id.") from error
    return lambda: stand_in(address)
