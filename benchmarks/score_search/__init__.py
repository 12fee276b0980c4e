"""The search for focus by single images: what is minimised, how, and how far that leads."""
