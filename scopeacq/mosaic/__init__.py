"""A picture of the whole wafer from many tiles: laid out, taken, fitted together, written."""
