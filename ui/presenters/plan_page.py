"""What the plan's editor shows beside its fields: what is basic, and how the edits stand."""

from __future__ import annotations

from dataclasses import dataclass

from scopeacq.telling.wording import counted
from ui.presenters.forms import Path
from ui.presenters.messages import Message
from ui.presenters.tone import Tone

READ_ONLY = "Only shown: a run is active, or what it has done is still being read."


def _paths(**groups: str) -> frozenset[Path]:
    return frozenset((group, key) for group, keys in groups.items() for key in keys.split())


BASIC_PROJECT: frozenset[Path] = frozenset({("name",), ("cycles",)}) | _paths(
    imaging="tile_width_px tile_height_px pixel_size_nm dwell_ns grid_rows grid_columns overlap_px retakes",
    focus="policy estimators dwell_ns",
    milling="charge_uc_per_azimuth depth_nm irradiation_1e27_ev_per_cm3 azimuths_deg rounds",
    gate="accept_sections accept_tiles_per_cycle",
    cleaning="every_cycles",
    storage="images reserve_gb",
)
BASIC_INSTRUMENT: frozenset[Path] = frozenset({("name",)}) | _paths(
    driver="name folder",
    electron="eht_kv probe_current_na",
    stage="imaging_z_um safe_z_um",
    mill="glancing_deg ion_current_na fails_closed_confirmed",
)


@dataclass(frozen=True, slots=True)
class EditState:
    """How the edits stand, in a sentence."""

    tone: Tone
    text: str


def edit_state(editable: bool, unsaved: bool, wrong: tuple[str, ...]) -> EditState:
    """How the edits stand."""
    if not editable:
        return EditState(Tone.CAUTION, READ_ONLY)
    if wrong:
        return EditState(Tone.ALARM, f"{_wrong(wrong)} The rest counts.")
    if unsaved:
        return EditState(Tone.CAUTION, "Edited and not saved: runs go by the files.")
    return EditState(Tone.QUIET, "As in the files.")


def wrong_message(wrong: tuple[str, ...]) -> Message:
    """Why the plan is not saved or left."""
    return Message(
        Tone.CAUTION,
        _wrong(wrong),
        "What is marked is no part of the plan and would be lost.",
        "Correct it, or press Esc in the field to put back what was there.",
    )


def _wrong(wrong: tuple[str, ...]) -> str:
    listed = ", ".join(wrong[:3]) + (" and others" if len(wrong) > 3 else "")
    return f"{counted(len(wrong), 'value')} cannot be used: {listed}."
