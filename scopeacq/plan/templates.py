"""Commented settings files, written from the models that read them."""

from __future__ import annotations

from enum import Enum
from typing import Any, get_args

import tomlkit
from pydantic.fields import FieldInfo
from tomlkit.items import AoT, Array, Table

from scopeacq.plan.settings import Settings

_UNITS = {
    "um_per_unit": "um per stigmator unit",
    "um_per_um": "um per um",
    "deg_per_um": "degrees per um",
    "per_um": "per um",
    "um_per_s": "um/s",
    "deg_per_s": "degrees/s",
    "um_per_volt": "um per Vpp",
    "1e27_ev_per_cm3": "10^27 eV/cm^3",
    "1e_8_m3_per_c": "10^-8 m^3/C",
    "uc_per_azimuth": "uC",
    "uc_per_mm2": "uC/mm^2",
    "percent_per_h": "% per hour",
    "a_per_v": "A/V",
    "percent": "%",
    "mbar": "mbar",
    "mrad": "mrad",
    "deg": "degrees",
    "vpp": "V peak to peak",
    "ohm": "ohm",
    "bar": "bar",
    "mm2": "mm^2",
    "px": "px",
    "nm": "nm",
    "um": "um",
    "ns": "ns",
    "kv": "kV",
    "na": "nA",
    "ua": "uA",
    "uc": "uC",
    "hz": "Hz",
    "gb": "GB",
    "w": "W",
    "s": "s",
    "v": "V",
}
"""Units by the end of a key, longer ends first."""


def to_toml(settings: Settings, *header: str) -> str:
    """The text of a settings file that reads back as ``settings``.

    Each key carries its unit, choices and description as a comment; a value that is not given
    stands there commented out. ``header`` lines come first.
    """
    document = tomlkit.document()
    for line in header:
        document.add(tomlkit.comment(line))
    _fill(document, settings)
    return tomlkit.dumps(document)


def _fill(container: tomlkit.TOMLDocument | Table, settings: Settings) -> None:
    """Plain values first: what follows a table's header belongs to that table."""
    values = settings.model_dump(mode="json")
    fields = type(settings).model_fields
    tables = [name for name in fields if _is_table(getattr(settings, name))]
    for name, info in fields.items():
        if name not in tables:
            _add_value(container, name, info, values[name])
    for name in tables:
        container.add(name, _table(getattr(settings, name)))


def _is_table(value: object) -> bool:
    return isinstance(value, Settings | dict) or (
        isinstance(value, tuple) and bool(value) and all(isinstance(v, Settings) for v in value)
    )


def _add_value(container: tomlkit.TOMLDocument | Table, name: str, info: FieldInfo, value: object) -> None:
    comment = comment_on(name, info)
    if value is None:
        container.add(tomlkit.comment(f"{name} =  # {comment}" if comment else f"{name} ="))
        return
    item = _rows(value) if _is_plain_table(value) else tomlkit.item(value)
    if comment:
        item.comment(comment)
    container.add(name, item)


def _is_plain_table(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _rows(rows: Any) -> Array:
    """Rows without a model of their own: one line each."""
    array = tomlkit.array().multiline(True)
    for row in rows:
        line = tomlkit.inline_table()
        line.update(row)
        array.append(line)
    return array


def _table(value: Settings | dict[str, Any] | tuple[Settings, ...]) -> Table | AoT:
    if isinstance(value, tuple):
        rows = tomlkit.aot()
        for row in value:
            rows.append(_filled(row))
        return rows
    if isinstance(value, Settings):
        return _filled(value, _first_line(type(value)))
    table = tomlkit.table()
    table.update(value)
    return table


def _filled(settings: Settings, *header: str) -> Table:
    table = tomlkit.table()
    for line in header:
        table.add(tomlkit.comment(line))
    _fill(table, settings)
    return table


def _first_line(model: type[Settings]) -> str:
    return (model.__doc__ or model.__name__).strip().splitlines()[0]


def comment_on(name: str, info: FieldInfo) -> str:
    """What a file says of a key: its unit, its choices and its description."""
    parts = [unit_of(name), _choices(info.annotation), info.description or ""]
    return "; ".join(part for part in parts if part)


def unit_of(name: str) -> str:
    """The unit that a key's name ends in, or an empty string."""
    return _UNITS.get(_end_of(name), "")


def without_unit(name: str) -> str:
    """A key's name without its unit; a name that is nothing but a unit stays."""
    return name.removesuffix(f"_{end}") if (end := _end_of(name)) else name


def _end_of(name: str) -> str:
    return next((end for end in _UNITS if name == end or name.endswith(f"_{end}")), "")


def _choices(annotation: object) -> str:
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, Enum):
            return "one of: " + ", ".join(str(member.value) for member in kind)
    return ""
