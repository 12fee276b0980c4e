"""Puts the widgets of a run into its workspace: the one place that knows them all."""

from __future__ import annotations

from ui.banner import Banner
from ui.workspace import Workspace


def furnish(workspace: Workspace, banner: Banner) -> None:
    """Mount what belongs to the workspace's run; ``banner`` takes what is to be told."""
