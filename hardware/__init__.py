"""Protocols of what a GCIB-SEM is made of, the guard of its ion beam, and its drivers."""
