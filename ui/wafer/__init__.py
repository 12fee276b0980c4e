"""The wafer in the window, in step with its run."""
