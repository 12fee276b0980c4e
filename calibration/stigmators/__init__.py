"""The stigmators' frame, what they do to the place of the image, and the angle of the beam."""
