"""What a new run can begin with, as cards: templates and copies, each with what a run of it takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scopeacq.plan.settings import SettingsError
from scopeacq.telling.wording import counted
from ui.presenters.costs import bytes_shown, grouped, three
from ui.presenters.durations import spoken

if TYPE_CHECKING:  # brings shapely, which the first window does without
    from scopeacq.plan.estimate import Estimate
    from scopeacq.plan.run_templates import Template

MOST_COPIES = 3


@dataclass(frozen=True, slots=True)
class TemplateCard:
    """A template: ``key`` is what it is asked for by, ``cost`` what a run of it takes, in a line each."""

    key: str
    title: str
    description: str
    cost: tuple[str, ...]
    is_copy: bool = False


def read_templates(recent: Iterable[Path]) -> tuple[TemplateCard, ...]:
    """All templates, then copies of the newest runs that can be read. Slow: reads files."""
    from scopeacq.plan.run_templates import TEMPLATES

    return (*(card_of(template) for template in TEMPLATES), *_copies(recent))


def card_of(template: Template, is_copy: bool = False) -> TemplateCard:
    """The card of a template."""
    return TemplateCard(
        template.key, template.title, template.description, cost_lines(template.cost()), is_copy
    )


def cost_lines(cost: Estimate) -> tuple[str, ...]:
    """What a run takes, in a few figures."""
    if not cost.sections:
        return ("What it takes shows once there are sections.",)
    return (
        f"{spoken(cost.total_s)} of the microscope's time",
        f"{counted(cost.sections, 'section')}, {counted(cost.cycles, 'cycle')}, "
        f"{grouped(cost.planes)} tiles",
        f"{bytes_shown(cost.bytes_most)}, {three(cost.milled_nm)} nm milled",
    )


def _copies(recent: Iterable[Path]) -> Iterator[TemplateCard]:
    from scopeacq.plan.run_templates import copy_of
    from scopeacq.plan.runfolder import Plan

    left = MOST_COPIES
    for root in recent:
        if not left:
            return
        try:
            yield card_of(copy_of(Plan.read(root)), is_copy=True)
        except SettingsError:
            continue  # the start page says of each recent run what is wrong with it
        left -= 1
