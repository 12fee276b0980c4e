"""What the window says, and what it has said."""
