# Everything runs inside .venv, which any target builds when it is missing or when the pinned requirements change.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help demo demo-reset run test check torture bench story screenshots format manifest lock clean
PORT ?= 8765

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Two steps, so that whoever only tries it does not wait for the tests' tools.
.venv/ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Otherwise needs Python 3.11 or newer. Say which: make PYTHON=python3.11"; exit 1; }
	@echo "Building the environment in .venv; this takes a minute, once."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/tested: .venv/ready requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

demo: .venv/ready ## a made-up sales floor in your browser, with a tour of three minutes (PORT=8765)
	@$(BIN)/python -m bot demo --port $(PORT)

demo-reset: .venv/ready ## forget what happened in the demo
	@$(BIN)/python -m bot demo --forget

run: .venv/ready ## start the bot (settings from the environment or .env)
	$(BIN)/python -m bot run

test: .venv/tested ## every test; builds its environment first
	$(BIN)/python -m pytest -n 4 --dist worksteal

check: .venv/tested ## format, lint, types, rooms, migrations, known vulnerabilities
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/test_migrations.py tests/test_drift.py
	$(BIN)/python bench/audit.py

torture: .venv/tested ## the promises of docs/reliability.md in their long form: 102 kills, 10,000 letters
	OTHERWISE_TORTURE=34 $(BIN)/python -m pytest tests/promises -n auto --maxprocesses 4 --timeout 3600

bench: .venv/tested ## speed, as ratios against bare floors in the same run; some minutes
	$(BIN)/python -m bench
	$(BIN)/python -m bench.digest --leads 200000
	$(BIN)/python -m bench.during --leads 100000
	$(BIN)/python -m bench.replicas

story: .venv/tested ## the long replay over real leads, with 100 kills (needs FILE=telemarketing.csv.gz)
	$(BIN)/python -m bench.replay $(FILE)

screenshots: .venv/tested ## the README's pictures anew (needs Chromium)
	$(BIN)/python -m tests.browser.screenshots docs/screenshots

format: .venv/tested ## mend format and imports
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

manifest: .venv/ready ## manifest.json anew from manifest.yml
	$(BIN)/python -m bot manifest > manifest.json

lock: .venv/tested ## pin and hash the requirements anew
	$(BIN)/pip-compile -q --generate-hashes --strip-extras --allow-unsafe --no-header --no-emit-options -o requirements.txt requirements.in
	$(BIN)/pip-compile -q --generate-hashes --strip-extras --allow-unsafe --no-header --no-emit-options -o requirements-dev.txt requirements-dev.in
	$(BIN)/pip-compile -q --generate-hashes --strip-extras --allow-unsafe --no-header --no-emit-options -o requirements-parquet.txt requirements-parquet.in

clean: ## forget the environment
	rm -rf .venv *.egg-info
