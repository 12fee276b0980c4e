"""The page Calibrate: what is calibrated and how well it fits, and a wizard for each calibration."""
