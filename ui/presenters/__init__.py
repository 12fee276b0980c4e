"""What the windows show, decided without Qt: frozen views, and the pure functions that make them."""
