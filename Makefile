# Shorthands; bootstrap.py does the work.
PYTHON ?= python3
RUN = .venv/bin/python -m

.PHONY: demo gui test bench soak setup pictures

demo:
	$(PYTHON) bootstrap.py demo

gui:
	$(PYTHON) bootstrap.py gui --simulate

test:
	$(PYTHON) bootstrap.py test

setup:
	$(PYTHON) bootstrap.py setup

# figures of speed and of focus: minutes each, half an hour for focus, on a machine that does nothing else
bench: setup
	$(RUN) benchmarks.write_planes
	$(RUN) benchmarks.engine_overhead
	$(RUN) benchmarks.overlap
	$(RUN) benchmarks.wire_overhead
	$(RUN) benchmarks.window_start
	$(RUN) benchmarks.focus --trials 9

# the window's pictures for README and manual, and the manual's page of all keys
pictures: setup
	$(RUN) tests.screenshots

# hours of random kills and faults, every crash point, and thirty virtual days
soak: setup
	$(PYTHON) bootstrap.py test -m soak --timeout=0
	$(PYTHON) bootstrap.py test -m hypothesis --hypothesis-profile=search
	$(RUN) benchmarks.soak_kills --count 200
	$(RUN) benchmarks.fault_sequences --count 10000 --workers 2
	$(RUN) benchmarks.unplugging
	$(RUN) benchmarks.memory_30_days
