# One command for each thing. Everything is installed into .venv, nothing outside this folder.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test lint bench

demo: $(VENV)/.ready  ## learn a matte from five painted frames, and matte the whole shot
	test -f demo/graph.toml || $(BIN)/understudy new roto demo
	$(BIN)/understudy run demo/graph.toml

# The tests that stop a training by a signal each have a process of their own: behind some two thousand other
# tests the signal ended Python itself. Loading all libraries and computing with them does not bring it about.
test: $(VENV)/.ready-dev  ## everything that CI runs
	$(BIN)/python -m pytest -q --ignore tests/nodes
	$(BIN)/python -m pytest -q tests/nodes/*/
	set -e; for file in tests/nodes/test_*.py; do $(BIN)/python -m pytest -q $$file; done

lint: $(VENV)/.ready-dev  ## style, types, and the four floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.ready-dev  ## the tables of benchmarks/
	set -e; for name in executor loop inference backends image_io quality meshes tables; do $(BIN)/python benchmarks/$$name.py; done

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) torch==2.13.0
	$(PIP) -e .
	touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	$(PIP) -e '.[dev]'
	touch $@
