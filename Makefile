# One command for each thing. Everything is installed into .venv, nothing outside this folder.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test lint bench

demo: $(VENV)/.ready  ## learn a matte from five painted frames, and matte the whole shot
	test -f demo/graph.toml || $(BIN)/understudy new roto demo
	$(BIN)/understudy run demo/graph.toml

test: $(VENV)/.ready-dev  ## everything that CI runs
	$(BIN)/python -m pytest -q

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
