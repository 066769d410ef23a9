# Everything that is done with this repository. Users need git, make and Python 3.12 or newer; nothing else.
SHELL := /bin/bash
PORT ?= 8000
KILLS ?= 40
export MILEPOST_DATA ?= $(CURDIR)/data
# The first Python that is new enough (pyenv's python3 follows .python-version).
PYTHON ?= $(shell for p in python3.13 python3 python3.14 python3.12; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
# The system's programs and the packages of Python come side by side.
MAKEFLAGS += --jobs=2

.DEFAULT_GOAL := help

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

up: $(BIN)/.installed ## Start Milepost on http://localhost:8000 (PORT= changes it)
	@$(BIN)/milepost up --demo --port $(PORT)

dev: $(BIN)/.installed-dev ## The same for those who work on it: server and worker reload, errors are shown
	@MILEPOST_DEBUG=1 $(BIN)/milepost up --demo --reload --port $(PORT)

install: $(BIN)/.installed ## Install what running needs into .venv, by hash

$(BIN)/.installed: requirements/base.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Milepost needs Python 3.12 or newer, and none was found. Install it, or name it: make PYTHON=/path/to/python3.13"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/base.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(BIN)/.installed-dev: $(BIN)/.installed requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

.PHONY: help up dev install system test thorough check lint audit sbom release format messages lock vendor screenshots bench storm attack
system:
	@$(PYTHON) scripts/programs.py

test: system $(BIN)/.installed-dev ## Lint, types, import contract, and every test on SQLite and PostgreSQL
	@$(BIN)/python scripts/run_checks.py

thorough: system $(BIN)/.installed-dev ## The same with each kill, race and hostile value, where every day takes some (hours)
	@THOROUGH=1 $(BIN)/python scripts/run_checks.py

check: $(BIN)/.installed-dev ## What you changed, in under a minute: lint, types, the tests of its rooms on SQLite
	@$(BIN)/python scripts/check_changes.py

lint: $(BIN)/.installed-dev ## Lint, types and import contract only
	@$(BIN)/python scripts/run_checks.py --only lint

audit: $(BIN)/.installed-dev ## Hold the lock files against the known weaknesses of others (asks osv.dev)
	@$(BIN)/python scripts/audit.py

sbom: $(BIN)/.installed-dev ## Write the list of all that a release holds (CycloneDX) into dist/
	@$(BIN)/python scripts/sbom.py

release: audit sbom ## Build what is released into dist/: the wheel, and the list of what is in it
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

format: $(BIN)/.installed-dev ## Put the code into its one form
	$(BIN)/ruff check --fix --quiet src scripts tests
	$(BIN)/ruff format --quiet src scripts tests

messages: $(BIN)/.installed-dev ## Collect the texts for translation, and compile them (needs gettext)
	@$(BIN)/python scripts/messages.py

lock: $(BIN)/.installed-dev ## Write the lock files anew from pyproject.toml (needs uv)
	uv pip compile -q --universal --python-version 3.12 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --extra build pyproject.toml -o requirements/base.txt
	uv pip compile -q --universal --python-version 3.12 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --extra build --extra dev pyproject.toml -o requirements/dev.txt

vendor: ## Fetch the pinned front-end files with npm, and the fonts of documents (needs npm and Debian's apt)
	$(PYTHON) scripts/vendor.py
	$(PYTHON) scripts/vendor_fonts.py

screenshots: system $(BIN)/.installed-dev ## Take the README's pictures from a fresh demonstration
	@$(BIN)/python scripts/screenshots.py

storm: system $(BIN)/.installed-dev ## Kill processes and databases under load (hours with KILLS=500), and count what was lost
	@$(BIN)/python scripts/storm.py --kills $(KILLS)

attack: system $(BIN)/.installed-dev ## Attack a running product on both databases, and measure what requests cost
	@$(BIN)/python scripts/attack.py

bench: system $(BIN)/.installed-dev ## Measure import, enrolment and pages on both databases
	@$(BIN)/python scripts/bench.py
