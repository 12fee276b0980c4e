"""The start page, and where runs that are opened come from."""
