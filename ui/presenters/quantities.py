"""Numbers as people type them: with a decimal point or comma, and a unit where they like."""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation

from hardware.types import Range

LONGEST = 64
"""Characters; nothing longer is a number of ours."""

_PI = Decimal("3.14159265358979323846264338328")


def _scaled(symbols: str, *exponents: int) -> dict[str, Decimal]:
    return {s: Decimal(1).scaleb(e) for s, e in zip(symbols.split(), exponents, strict=True)}


_KINDS: tuple[dict[str, Decimal], ...] = (
    _scaled("pm nm um mm cm m", -12, -9, -6, -3, -2, 0),
    _scaled("ns us ms s", -9, -6, -3, 0) | {"min": Decimal(60), "h": Decimal(3600), "d": Decimal(86400)},
    _scaled("fA pA nA uA mA A", -15, -12, -9, -6, -3, 0),
    _scaled("mV V kV", -3, 0, 3),
    _scaled("pC nC uC mC C", -12, -9, -6, -3, 0),
    _scaled("Pa hPa kPa MPa ubar mbar bar", 0, 2, 3, 6, -1, 2, 5),
    _scaled("mW W kW", -3, 0, 3),
    _scaled("mHz Hz kHz MHz", -3, 0, 3, 6),
    _scaled("B kB MB GB TB", 0, 3, 6, 9, 12),
    {"degrees": _PI / 180, "rad": Decimal(1), "mrad": Decimal("0.001")},
)
"""Units that can be converted into each other, in units of a common one."""

_SPELLINGS = {"\N{DEGREE SIGN}": "degrees", "deg": "degrees", "degree": "degrees"}
_SHOWN = {
    "degrees": "\N{DEGREE SIGN}",
    "V peak to peak": "V pp",
    "ohm": "\N{GREEK CAPITAL LETTER OMEGA}",
    "um per stigmator unit": "µm/unit",
    "um per um": "µm/µm",
    "um per Vpp": "µm/V pp",
    "10^27 eV/cm^3": "10²⁷ eV/cm³",
    "mm^2": "mm²",
    "uC/mm^2": "µC/mm²",
    "10^-8 m^3/C": "10⁻⁸ m³/C",
}

_MICRO = re.compile(r"\bu(?=(?:m|C|A|bar)(?:\b|[23]\b))")
_AREA = re.compile(r"\b([cmnµ]?m)\^?([23])\b")
_POWER = re.compile(r"(?<=\d)\^(-?\d+)")
_DEGREES = re.compile(r"(?<=\d) degrees\b|(?<=\[)degrees(?=\])")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

_NUMBER = re.compile(r"[+-]?(?P<mantissa>[0-9][0-9., ']*|[.,][0-9]+)(?P<exponent>[eE][+-]?[0-9]{1,3})?")
_SPACES = re.compile(r"[\s\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}]+")


class Unreadable(ValueError):
    """What was typed cannot be taken for a value; the text says why, in a sentence."""


def unit_shown(unit: str) -> str:
    """How a unit (of :func:`scopeacq.plan.templates.unit_of`) stands beside its number."""
    return _SHOWN.get(unit) or re.sub(r"\bu(?=[A-Za-z])", "µ", unit)


def units_shown(text: str) -> str:
    """A sentence or label of a terminal, which is ASCII, with its units as a window writes them.

    ``3 um off`` is ``3 µm off``; likewise ``uC``, ``nm2`` and ``um^3``, ``10^27``, and ``3 degrees``.
    """
    text = _AREA.sub(lambda found: found[1] + found[2].translate(_RAISED), _MICRO.sub("µ", text))
    text = _POWER.sub(lambda found: found[1].translate(_RAISED), text)
    return _DEGREES.sub("\N{DEGREE SIGN}", text)


def parse(text: str, unit: str = "", limits: Range | None = None, *, whole: bool = False) -> float:
    """The number that was typed, in ``unit``.

    ``1.5`` and ``1,5`` are the same; groups of thousands are taken where they cannot be decimals
    (``1.234,5``, ``1 234``), and ``1.234`` alone, which may be either, is refused. A unit of the same kind
    is converted: ``0,2 us`` is 200 where ``unit`` is ``ns``.

    Args:
        whole: only whole numbers are taken.

    Raises:
        Unreadable: it is no such number, with what to type instead.
    """
    typed = (
        _SPACES.sub(" ", text)
        .strip()
        .replace("\N{MINUS SIGN}", "-")
        .replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    )
    if not typed:
        raise Unreadable("A number is missing.")
    found = _NUMBER.match(typed) if len(typed) <= LONGEST else None
    if found is None:
        raise Unreadable(f"{_short(typed)} is not a number.")
    number = _decimal(typed[: found.end()].strip(), found)
    value = float(number * _factor(typed[found.end() :].strip(), unit))
    if not math.isfinite(value):
        raise Unreadable(f"{_short(typed)} is too large.")
    if whole and value != round(value):
        raise Unreadable("Only whole numbers make sense here.")
    if limits is not None and value not in limits:
        raise Unreadable(_outside(value, unit, limits))
    return value


def shown(value: float, digits: int | None = None) -> str:
    """A number as a field shows it; :func:`parse` reads it back.

    ``digits``: decimals, at most; by default as many as it takes to read back the very same value.
    A fourth decimal is written where three could be taken for a thousand.
    """
    text = _plain(value) if digits is None else _rounded(value, digits)
    return f"{text}0" if _looks_grouped(text) else text


def stepped(value: float, steps: int, digits: int | None = None) -> float:
    """``value`` so many steps up or down: a step is a unit of its second digit, down from 100 as up to it.

    ``digits``: decimals that count; a step is never smaller.
    """
    number = Decimal(repr(float(value)))
    for _ in range(abs(steps)):
        number += _step(number, 1 if steps > 0 else -1, digits)
    return float(number)


def _step(number: Decimal, direction: int, digits: int | None) -> Decimal:
    if not number:
        return direction * (Decimal(1) if digits is None else Decimal(1).scaleb(-digits))
    decade = number.adjusted() - 1
    towards_zero = (number > 0) != (direction > 0)
    if towards_zero and abs(number) == Decimal(1).scaleb(number.adjusted()):
        decade -= 1
    return direction * Decimal(1).scaleb(decade if digits is None else max(decade, -digits))


def _decimal(text: str, found: re.Match[str]) -> Decimal:
    mantissa, exponent = found["mantissa"].strip(), found["exponent"] or ""
    sign = "-" if text.startswith("-") else ""
    try:
        return Decimal(f"{sign}{_with_point(mantissa, scientific=bool(exponent))}{exponent}")
    except InvalidOperation:
        raise Unreadable(f"{_short(text)} is not a number.") from None


def _with_point(mantissa: str, scientific: bool) -> str:
    """The digits with a decimal point and no groups. Raises ``Unreadable`` where either could be meant."""
    marks = re.findall(r"[., ']", mantissa)
    last = max(mantissa.rfind("."), mantissa.rfind(","))
    if not marks or (len(marks) == 1 and last >= 0):
        if _looks_grouped(mantissa) and not scientific:
            whole = mantissa.replace(mantissa[last], "")
            raise Unreadable(f"{mantissa} could be {whole} or a decimal: write {whole} or {mantissa}0.")
        return mantissa.replace(",", ".")
    group, decimal = marks[0], marks[-1] if marks[-1] != marks[0] else ""
    before, _, after = mantissa.partition(decimal) if decimal else (mantissa, "", "")
    grouped = re.fullmatch(rf"[1-9][0-9]{{0,2}}({re.escape(group)}[0-9]{{3}})+", before)
    if grouped is None or decimal in (" ", "'") or not re.fullmatch("[0-9]*", after):
        raise Unreadable(f"{mantissa} is not a number: the groups of digits are not thousands.")
    return f"{before.replace(group, '')}.{after}"


def _looks_grouped(text: str) -> bool:
    """Whether a single mark may part thousands as well as decimals."""
    return re.fullmatch(r"-?[1-9][0-9]{0,2}[.,][0-9]{3}", text) is not None


def _factor(typed: str, unit: str) -> Decimal:
    """What a number with the unit ``typed`` is multiplied with to be in ``unit``."""
    wanted = _spelled(unit)
    given = _spelled(typed)
    if not given or given in (wanted, _spelled(unit_shown(unit))):
        return Decimal(1)
    kind = next((k for k in _KINDS if wanted in k), {})
    if given in kind:
        return kind[given] / kind[wanted]
    if not unit:
        raise Unreadable(f"There is no unit here, and {_short(typed)} was typed after the number.")
    others = ", ".join(unit_shown(u) for u in kind) or unit_shown(unit)
    raise Unreadable(f"{_short(typed)} is no unit for this: use {others}.")


def _spelled(unit: str) -> str:
    """A unit as this module writes it: both signs for micro are a u, blanks do not count."""
    plain = unit.replace("\N{MICRO SIGN}", "u").replace("\N{GREEK SMALL LETTER MU}", "u").replace(" ", "")
    return _SPELLINGS.get(plain, plain)


def _plain(value: float) -> str:
    """The shortest text of the very same value, without an exponent while that is readable."""
    if value and not 1e-4 <= abs(value) < 1e16:
        mantissa, _, exponent = repr(float(value)).partition("e")
        return f"{mantissa.removesuffix('.0')}e{int(exponent)}" if exponent else mantissa
    return format(Decimal(repr(float(value))), "f").removesuffix(".0")


def _rounded(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _outside(value: float, unit: str, limits: Range) -> str:
    side = f"at least {shown(limits.low)}" if value < limits.low else f"at most {shown(limits.high)}"
    return f"{shown(value)} is outside the limits: {side} {unit_shown(unit)}".rstrip() + "."


def _short(text: str) -> str:
    return repr(text if len(text) <= 24 else f"{text[:21]}...")
