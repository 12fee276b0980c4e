"""What images say: where things are, and whether they may be kept."""
