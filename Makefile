# Two commands are enough: `make demo` and `make test`. Each sets up all that it needs.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PORT ?= 8000
# Many tests wait for processes of their own, so more than one a core are worth it.
TEST_PROCESSES ?= 4
# Where tests use the database; they run once more on PostgreSQL.
DATABASE_TESTS := tests/architecture tests/freight tests/kargoweb tests/projects tests/promotions
VENV := .venv
BIN := $(VENV)/bin
# The newest Python from 3.11 on that is on PATH; `make PYTHON=/path/to/python demo` chooses another.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)

.PHONY: help
help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "kargoweb needs Python 3.11 or newer with venv. Debian and Ubuntu: apt-get install python3-venv. Or name one: make PYTHON=/path/to/python ..."; exit 1; }
	@command -v git >/dev/null || { echo "kargoweb needs git. Debian and Ubuntu: apt-get install git."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

.PHONY: setup
setup: $(VENV)/.dev ## Make the virtual environment with all packages

.PHONY: demo
demo: $(VENV)/.run ## Start everything with demo data on http://localhost:8000 (PORT=... for another port)
	@exec $(BIN)/kargoweb up --demo --port $(PORT)

.PHONY: run
run: $(VENV)/.run ## Start everything with your own data
	@exec $(BIN)/kargoweb up --port $(PORT)

.PHONY: worker
worker: $(VENV)/.run ## Start one more worker
	@exec $(BIN)/celery -A kargoweb worker --pool threads --without-gossip --without-mingle --without-heartbeat

.PHONY: test
test: $(VENV)/.dev ## Run every test, on SQLite and on PostgreSQL
	@tests/install-system-packages
	@tests/install-binaries $(BIN)
	$(BIN)/pytest -n $(TEST_PROCESSES) --dist worksteal
	$(BIN)/python tests/servers/postgres.py $(BIN)/pytest -n $(TEST_PROCESSES) -m "database and not browser and not slow" $(DATABASE_TESTS)

.PHONY: forge
forge: $(VENV)/.dev ## Build Gitea (once, some minutes) and run the tests that drive a real git provider
	@tests/install-forge
	$(BIN)/pytest tests/promotions/steps/test_on_a_real_forge.py

.PHONY: check
check: $(VENV)/.dev ## Format, lint, types, layers and migrations; without the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy .
	$(BIN)/djlint --lint templates
	$(BIN)/python manage.py makemigrations --check --dry-run

.PHONY: format
format: $(VENV)/.dev ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: lock
lock: $(VENV)/.dev ## Lock the newest allowed versions of all packages
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --upgrade --quiet pyproject.toml --generate-hashes --no-header --universal --no-emit-index-url -o requirements/run.txt
	$(BIN)/uv pip compile --upgrade --quiet pyproject.toml --group dev --generate-hashes --no-header --universal --no-emit-index-url -o requirements/dev.txt

.PHONY: bench
bench: $(VENV)/.dev ## Run the benchmarks; each prints ratios and percentiles
	$(BIN)/python -m benchmarks

.PHONY: docs
docs: $(VENV)/.run ## Write the reference of steps from their modules
	@$(BIN)/kargoweb step docs > docs/reference/steps.md.new && mv docs/reference/steps.md.new docs/reference/steps.md

.PHONY: nightly
nightly: $(VENV)/.dev ## Look for what nobody has thought of: random expressions, schedules and kills (hours)
	@tests/install-system-packages
	HYPOTHESIS_PROFILE=nightly $(BIN)/pytest tests/expressions/test_properties.py --timeout 3600
	KARGOWEB_SCHEDULES=10000 $(BIN)/pytest tests/promotions/test_simulation.py
	$(BIN)/python -m benchmarks.kill

.PHONY: clean
clean: ## Remove the virtual environment and all data of the demo
	rm -rf $(VENV) var build *.egg-info
