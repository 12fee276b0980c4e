"""How bytes reach a device and come back: channels, dialogues on them, and the log of the wire."""
