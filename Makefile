# Shorthands; bootstrap.py does the work.
PYTHON ?= python3

.PHONY: demo test bench soak

demo:
	$(PYTHON) bootstrap.py demo

test:
	$(PYTHON) bootstrap.py test

bench:
	$(PYTHON) bootstrap.py setup
	.venv/bin/python -m benchmarks.write_planes
	.venv/bin/python -m benchmarks.focus_convergence

soak:
	$(PYTHON) bootstrap.py test -m soak --timeout=0
