"""Pre-flight of calibrations: whether those in use fit the run, and whether the instrument is put back."""

from __future__ import annotations

from scopeacq.plan.as_found import ADVICE, left_changed
from scopeacq.plan.calibrations import Acceptance, Fit
from scopeacq.plan.findings import Findings, error, note
from scopeacq.plan.profiles import conditions_of, differences
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import SettingsError


def calibration_findings(plan: Plan) -> Findings:
    """What is to be said of the calibrations in use; nothing of values that were never calibrated."""
    yield from _left_changed(plan)
    for acceptance in plan.instrument.calibrations_in_use.values():
        yield from _fit(plan, acceptance)
        yield from _profiles(plan, acceptance)


def _left_changed(plan: Plan) -> Findings:
    try:
        left = left_changed(plan.instrument_folder)
    except SettingsError as trouble:
        yield error(str(trouble))
        return
    if left is not None:
        why = f"ended with an error ({left.failed})" if left.failed else "was cut off"
        what = f"A calibration {left.kind.value} {why}, and the instrument is not as it was before."
        yield error(" ".join(filter(None, (what, left.warning, ADVICE))))


def _fit(plan: Plan, acceptance: Acceptance) -> Findings:
    kind = acceptance.kind.value
    if differ := differences(acceptance.conditions, conditions_of(plan.instrument)):
        yield error(
            f"The calibration {kind} in use was measured at {', '.join(differ)}. Choose another with "
            f"`scopeacq calibrate adopt`, undo it, or measure it anew."
        )
    elif acceptance.fit is Fit.INTERPOLATED:
        yield note(
            f"The calibration {kind} in use is interpolated between {' and '.join(acceptance.profiles)}; "
            "none was measured at the run's conditions."
        )
    if scan_rot_deg := acceptance.conditions.scan_rot_deg:
        yield note(
            f"The calibration {kind} in use was measured with the scan turned by {scan_rot_deg:g} degrees; "
            "for other angles its values are turned along."
        )


def _profiles(plan: Plan, acceptance: Acceptance) -> Findings:
    missing = [name for name in acceptance.profiles if not (plan.folder.root / name).is_file()]
    if missing:
        yield note(
            f"The calibration {acceptance.kind.value} in use came from {', '.join(missing)}, which is not "
            "there any more; its values hold all the same."
        )
