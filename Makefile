# `make` lists what can be done here. The two that matter: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
export PIP_NO_INPUT := 1

.DEFAULT_GOAL := help
.PHONY: help demo test lint types unit packages docs lock bench clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */  make \1\t/' | expand -t 18

# The environment follows the lock file: it is made anew only when the lock or the project's own list changes.
$(VENV)/.runtime: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; this is $$($(PYTHON) -V)"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "python3-venv is missing: apt install python3-venv"; exit 2; }
	@echo "Installing what the lock file names (once; about a minute) …"
	@$(PIP) install --quiet --progress-bar off --require-hashes --no-deps -r requirements.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@$(PIP) install --quiet --progress-bar off --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

demo: $(VENV)/.runtime  ## the whole product on this machine: cameras, broker, edge node, central, console
	@exec $(BIN)/ioc demo $(DEMO)

test: packages $(VENV)/.dev lint types unit  ## everything: lint, types, unit, contract, integration, browser

packages:  ## Debian packages that the tests drive (only as root; otherwise those tests are skipped by name)
	@sh tests/install-packages.sh

lint: $(VENV)/.dev  ## ruff: style and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.dev  ## mypy, strict
	@$(BIN)/mypy

unit: $(VENV)/.dev  ## all tests, with the skipped ones counted and named
	@$(BIN)/pytest -rs

bench: $(VENV)/.dev  ## measure this box; the page is var/bench/report.html
	@$(BIN)/ioc bench report

docs: $(VENV)/.dev  ## write docs/reference from the code
	@$(BIN)/python -c 'from pathlib import Path; from ioc.reference import write; write(Path("docs/reference"))'

lock: $(VENV)/.dev  ## resolve the dependencies again
	@sh tests/lock.sh $(BIN)

clean:  ## remove the environment and what ran here
	rm -rf $(VENV) var build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
