# One command for each thing. Everything is installed into .venv, nothing outside this folder.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test lint bench

demo: $(READY)  ## learn a matte from five painted frames, and matte the whole shot
	test -f demo/graph.toml || $(BIN)/understudy new roto demo
	$(BIN)/understudy run demo/graph.toml

test: $(READY)  ## everything that CI runs
	$(BIN)/python -m pytest -q

lint: $(READY)  ## style, types, and the four floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)  ## the tables of benchmarks/
	set -e; for script in benchmarks/bench_*.py; do $(BIN)/python $$script; done

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check torch==2.13.0 -c constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]' -c constraints.txt
	touch $@
