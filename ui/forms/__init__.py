"""Forms of settings models as widgets."""
