"""DeepFocus recalibrated on microscopes that it has never seen, by the wizard's own procedure.

    python -m benchmarks.recalibration [--twins N] [--out FILE] [--go-on] [--plots FOLDER]

Each twin has another landing energy, convergence angle, probe floor, stigmators turned by 0 to 90
degrees and 0.3 to 3 times as strong, another texture, and half of them scan turned by 90 degrees. The
program is told what an operator knows, landing energy and current, and believes in the home machine for
the rest. Traces begin 8 to 12 um from focus with both stigmators off by 2 to 4 units of 4 um, and correct
three times; what is left is the twin's truth. The home machine is measured alike, with the weights that
are shipped.
"""
