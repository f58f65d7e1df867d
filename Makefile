# Everything runs inside .venv, which any target builds when it is missing or when the pinned requirements change.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help run test check bench story format manifest lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/ready: requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Otherwise needs Python 3.11 or newer. Say which: make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: .venv/ready ## start the bot (settings from the environment or .env)
	$(BIN)/python -m bot run

test: .venv/ready ## every test; builds its environment first
	$(BIN)/python -m pytest

check: .venv/ready ## format, lint, types, rooms, migrations, known vulnerabilities
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/test_migrations.py tests/test_drift.py
	$(BIN)/python bench/audit.py

bench: .venv/ready ## speed, as ratios against bare floors in the same run
	$(BIN)/python -m bench

story: .venv/ready ## the long replay over real leads, with 100 kills (needs FILE=telemarketing.csv.gz)
	$(BIN)/python -m bench.replay $(FILE)

format: .venv/ready ## mend format and imports
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

manifest: .venv/ready ## manifest.json anew from manifest.yml
	$(BIN)/python -m bot manifest > manifest.json

lock: .venv/ready ## pin and hash the requirements anew
	$(BIN)/pip-compile -q --generate-hashes --strip-extras --allow-unsafe --no-header --no-emit-options -o requirements.txt requirements.in
	$(BIN)/pip-compile -q --generate-hashes --strip-extras --allow-unsafe --no-header --no-emit-options -o requirements-dev.txt requirements-dev.in

clean: ## forget the environment
	rm -rf .venv *.egg-info
