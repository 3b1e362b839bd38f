# Storekeeper. Two commands matter: `make run` and `make test`; each does all its own set-up from a bare checkout.
#
# The set-up is one environment in .venv, made by uv where it is present, else by python3 -m venv and pip, from the
# locks with hashes. Stamp files make the second run instant. Variables: PYTHON (which Python makes .venv),
# ARGS (further arguments for the app or pytest), NAME (which benchmark), UPGRADE (for lock).

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
SERVERS := $(VENV)/.servers

# --no-deps: the lock is complete, and leaves out what the wheels ask for and nobody imports (CONTRIBUTING.md).
# --only-binary: a missing wheel is said at once, not after minutes of compiling.
PIP_FLAGS := --quiet --no-deps --require-hashes --only-binary :all:
UV := $(shell command -v uv 2>/dev/null)
ifdef UV
INSTALL := $(UV) pip install --python $(BIN)/python --compile-bytecode
else
INSTALL := PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore $(BIN)/python -m pip install
endif

.PHONY: install run test test-servers check bench pictures lock clean help

install: $(RUNTIME) ## set up .venv; .venv/bin/storekeeper is then the program

run: $(RUNTIME) ## set up, open the app, start the local engines, load demo data the first time
	@exec $(BIN)/storekeeper $(or $(ARGS),--with-demo)

test: $(DEV) ## set up and run every test (ARGS="tests/unit -k money" picks some)
	$(BIN)/pytest -n 3 -m "not serial" $(ARGS)
	$(BIN)/pytest -m serial $(ARGS) || [ $$? -eq 5 ]  # 5: none of the picked tests is a serial one

# What talks to a server of production, against that server: fetched once, started for this run, stopped in the end.
SERVER_TESTS := tests/servers tests/torture/test_reindex.py tests/contract/test_relay_products.py \
  tests/contract/test_carts.py tests/contract/test_cache_versions.py $(wildcard tests/contract/test_search*.py)
test-servers: $(SERVERS) ## the same on real Elasticsearch, ClickHouse and Redis servers, fetched the first time
	$(BIN)/python -m tests.servers -- $(BIN)/pytest -n 2 --dist loadfile $(or $(ARGS),$(SERVER_TESTS))

check: $(DEV) ## formatting, lint, types, directions of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(DEV) ## run one benchmark: make bench NAME=placement
	@if [ -z "$(NAME)" ]; then \
	  echo "Say which: make bench NAME=..., one of:" >&2; \
	  ls bench/*.py | sed -n 's|^bench/\([a-z][a-z_]*\)\.py$$|  \1|p' >&2; exit 2; fi
	@exec $(BIN)/python -m bench.$(NAME) $(ARGS)

pictures: $(DEV) ## make the pictures of the screens in docs/ anew, from the demo's shop
	$(BIN)/python -m tests.snapshots.pictures docs

UPGRADE := --upgrade
# What a wheel declares and this program never imports stays out of the locks; which, and why: CONTRIBUTING.md.
UNUSED := pandas pyarrow numpy
COMPILE = CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --strip-extras \
  --build-deps-for editable --no-allow-unsafe $(UNUSED:%=--unsafe-package %) --no-emit-index-url \
  --no-emit-trusted-host --no-emit-find-links --no-emit-options $(UPGRADE)

lock: $(DEV) ## refresh the locks within pyproject.toml's bounds (UPGRADE= keeps every pin that still fits)
	$(COMPILE) --output-file requirements.lock pyproject.toml
	$(COMPILE) --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml
	$(COMPILE) --extra dev --extra servers --constraint requirements-dev.lock --output-file requirements-servers.lock \
	  pyproject.toml
	@sed -i '/^# WARNING: The following packages were not pinned/,$$d' requirements*.lock

$(SERVERS): requirements-servers.lock $(DEV)
	@$(INSTALL) $(PIP_FLAGS) -r requirements-servers.lock
	@touch $@

clean: ## remove .venv and every cache (never the data of the local engines)
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name what; do \
	  printf '  make %-12s %s\n' "$$name" "$$what"; done

# Pythons with wheels for every local engine come first; 3.13 and later need a redis-server of their own (README.md).
# One that is named with PYTHON= is taken as it is, or refused.
PYTHONS := $(or $(PYTHON),python3 python3.12 python3.11 python3.13 python3.14)
define FIND_PYTHON
for below in $(if $(PYTHON),99,13 99); do \
  for python in $(PYTHONS); do \
    if "$$python" -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, $$below))" 2>/dev/null; \
    then break 2; fi; \
    python=""; \
  done; \
done; \
if [ -z "$$python" ]; then \
  echo "Storekeeper needs Python 3.11 or later, and none was found (tried $(PYTHONS))." >&2; \
  echo "On Debian 12 or Ubuntu 24.04: apt-get install python3 python3-venv. Or name one: make $@ PYTHON=/path/to/python3" >&2; \
  exit 1; \
fi
endef

$(BIN)/python:
ifdef UV
	@$(FIND_PYTHON); $(UV) venv --quiet --python "$$python" $(VENV)
else
	@$(FIND_PYTHON); \
	if ! "$$python" -c 'import venv, ensurepip' 2>/dev/null; then \
	  echo "$$python cannot make environments: its venv or ensurepip module is missing." >&2; \
	  echo "On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; \
	fi; \
	"$$python" -m venv $(VENV)
endif

$(RUNTIME): requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing Storekeeper into $(VENV) …" >&2
	@$(INSTALL) $(PIP_FLAGS) -r requirements.lock
	@$(INSTALL) --quiet --no-deps --no-build-isolation --editable .
	@# Where PYTHONDONTWRITEBYTECODE is set every start would compile these anew.
	@$(BIN)/python -m compileall -q cli data screens styles tui widgets
	@touch $@

$(DEV): requirements-dev.lock $(RUNTIME)
	@echo "Installing the tools for tests and checks into $(VENV) …" >&2
	@$(INSTALL) $(PIP_FLAGS) -r requirements-dev.lock
	@touch $@
