"""Sections in a picture of a wafer: found, told apart, outlined, reviewed. Without Qt.

Heavy imports happen in the modules: ``unlearned`` and ``learned`` find sections in pictures, ``candidates``
is what was found on the wafer, ``review`` what an operator makes of it.
"""
