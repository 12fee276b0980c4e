"""The docks of the main window: widgets that show a view and say what their operator wants."""
