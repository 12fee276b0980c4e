"""How well focus is found: every estimator on the same images, one row for each promise.

``python -m benchmarks.focus --help`` says how to run it. Images are made here at the full pixel
size with the probe of ``hardware.optics``; textures and machines are those that no network was
trained on, and nothing is fitted to them.
"""
