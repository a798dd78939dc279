# The two commands of the README are `make run` and `make test`. Each does all its own
# set-up; where it was done already, that takes no time. See `make help`.

SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
ROOMS := app proxy discovery wizard resources

# Where make is told nothing it says what there is.
.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

.PHONY: run
run: ## Start Turnout: the tray where a display is, else the gateway alone
	@$(PYTHON) setup/prepare.py run
	@exec $(BIN)/turnout

.PHONY: test
test: ## Run all tests, real clients and the real tray included
	@$(PYTHON) setup/prepare.py test
	@$(BIN)/python -m pytest -m "not bench and not more_clients" $(ARGS)

.PHONY: test-clients
test-clients: ## Run the tests of further real clients as well (needs a large download)
	@$(PYTHON) setup/prepare.py test-clients
	@$(BIN)/python -m pytest -m "more_clients" $(ARGS)

.PHONY: setup
setup: ## Only make everything ready that `make test` needs
	@$(PYTHON) setup/prepare.py test

.PHONY: bench
bench: ## Measure against nginx and write docs/bench.md
	@$(PYTHON) setup/prepare.py bench
	@PYTHONPATH=tests $(BIN)/python -m bench $(ARGS)

# Everything that is checked without running the product. Quick checks first.
.PHONY: lint
lint: ## Check style, types, imports, generated pages, packages, licences, secrets
	@$(PYTHON) setup/prepare.py test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python checks/secret_scan.py
	$(BIN)/lint-imports --no-logo --cache-dir .cache/import-linter
	$(BIN)/python docs/generate.py --check
	$(BIN)/python checks/licences.py
	$(BIN)/python checks/advisories.py
	$(BIN)/mypy

.PHONY: docs
docs: ## Write the generated reference pages anew
	@$(PYTHON) setup/prepare.py test
	$(BIN)/python docs/generate.py
	$(BIN)/python checks/licences.py --write

.PHONY: format
format: ## Format the code
	@$(PYTHON) setup/prepare.py test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only .

.PHONY: lock
lock: ## Write the hash-pinned requirements and npm locks anew (ARGS=--upgrade raises them)
	@$(PYTHON) setup/prepare.py test
	@sh setup/lock.sh $(ARGS)
	@$(PYTHON) setup/prepare.py test
	@$(BIN)/python checks/licences.py --write

.PHONY: clean
clean: ## Remove all that was made here; your settings and records stay
	rm -rf .venv .clients .cache build dist
	find $(ROOMS) checks docs setup tests -name __pycache__ -type d -prune -exec rm -rf {} +
