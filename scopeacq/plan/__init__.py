"""What to do: the files of a run, read, written, checked and counted."""
