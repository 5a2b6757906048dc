# One front door: `make help` lists what there is.
SHELL := /bin/bash
PYTHON ?= python3
PORT ?= 8080
BIN := .venv/bin
UV_VERSION := $(shell sed -n 's/^uv==\([0-9.]*\).*/\1/p' requirements.txt)
ENV := .venv/.made-from-lock

.DEFAULT_GOAL := help
.PHONY: help env run chromium test check lint format lock docs bench up down airflow clean

help: ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env: $(ENV) ## the environment, exactly as locked, in .venv

$(ENV): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; say make PYTHON=/path/to/python3.11" >&2; exit 4; }
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

run: $(ENV) ## the sample department's months through Airflow, then the league table and the report
	@$(BIN)/kpi sample --if-missing
	@$(BIN)/python -m kpi_tasks.airflow_local run --from 2026-05 --to 2026-10
	@$(BIN)/kpi show --period 2026-10 --teams

chromium: ## the browser of the tests, from Debian, where there is none and root may install it
	@command -v chromium || command -v chromium-browser || command -v google-chrome || \
	  { [ "$$(id -u)" = 0 ] && apt-get --quiet --quiet update && DEBIAN_FRONTEND=noninteractive apt-get install --quiet --quiet --yes --no-install-recommends chromium; } || \
	  echo "no Chromium: the tests in a browser are skipped (Debian: apt-get install chromium)" >&2

test: $(ENV) chromium ## all tests: databases, Airflow and browser for real
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

check: lint test ## what has to be green before a commit: format, lint, types, import contracts, tests

lint: $(ENV) ## format, lint, types and import contracts, without the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(ENV) ## put the code into its format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(ENV) ## write requirements.txt anew from pyproject.toml
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --universal --python-version 3.11 --group dev -o requirements.txt pyproject.toml

docs: $(ENV) ## write the generated pages and the scheme's JSON Schema anew
	$(BIN)/kpi scheme schema > schemes/scheme.schema.json
	$(BIN)/python -m kpi_tasks.cli.reference > docs/commands.md
	$(BIN)/python -m tests.rules.rulepage > docs/rules.md

bench: $(ENV) ## speed and memory, as ratios against baselines of the same run
	@for file in benchmarks/bench_*.py; do $(BIN)/python $$file || exit 1; done

up: $(ENV) ## Airflow's web UI and scheduler on 127.0.0.1
	@$(BIN)/python -m kpi_tasks.airflow_local up --port $(PORT)

airflow: $(ENV) ## a command of Airflow's own while it is up: make airflow ARGS="dags list"
	@$(BIN)/python -m kpi_tasks.airflow_local airflow $(ARGS)

down: $(ENV) ## stop what `make up` started
	@$(BIN)/python -m kpi_tasks.airflow_local down

clean: ## remove the environment and what the runs have written
	rm -rf .venv var
