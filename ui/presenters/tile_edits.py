"""Edits of single sections whose tiles are other than the project's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from scopeacq.plan.wafer import Section, SectionGrid
from ui.presenters.edits import Edit, each_of, named


def set_own_tiles(ids: Iterable[str], own: SectionGrid) -> Edit:
    """Give sections tiles of their own: what ``own`` says, and the rest as before."""
    ids = tuple(ids)

    def change(section: Section) -> Section:
        grid = (section.grid or SectionGrid()).model_copy(update=own.model_dump(exclude_none=True))
        # with other columns the tiles that were left out would be others
        left_out = section.inactive_tiles if own.columns is None else ()
        return replace(section, grid=grid, inactive_tiles=left_out)

    return Edit(f"Set the tiles of {named(ids)}", each_of(ids, change))


def share_tiles(ids: Iterable[str]) -> Edit:
    """Image sections with the settings of the project again."""
    ids = tuple(ids)
    change = each_of(ids, lambda s: replace(s, grid=None, inactive_tiles=()))
    return Edit(f"Give {named(ids)} the tiles of all", change)
