"""The view of slices: pictures of planes through all cycles."""
