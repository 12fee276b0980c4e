"""The stage as images show it: backlash, repeatability and settling."""

from calibration.stage.procedure import PROCEDURE as PROCEDURE
