"""What the slices of a run tell of its milling: where the wafer came through, and after how much charge."""
