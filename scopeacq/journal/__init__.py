"""What happened: the journal, and folds over it."""
