# Everything a newcomer, a developer and a CI run. Needs Python >= 3.11, make and a package index.
# Stamp files in .venv remember what is installed, so a second call installs nothing.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-config $(if $(UPGRADE),--upgrade)
# Everything that `make clean` may delete; nothing here is tracked.
LITTER := $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test conformance simulation lint types floors check wheel requirements mutation soak bench benchgateway docs clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-14s%s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/.local ## see routing, refusal and failover over a real model on this machine
	$(BIN)/zdr demo

test: $(VENV)/.dev ## run the tests, on every core
	$(BIN)/python -m pytest --numprocesses logical --dist loadfile --no-loadscope-reorder

conformance: $(VENV)/.mcp-conformance ## the official conformance suite of MCP, against the MCP server; needs npm
	$(BIN)/python -m pytest tests/hosts/mcp/test_conformance.py

simulation: $(VENV)/.dev ## 200 000 requests under virtual time with seeded faults (N=2000000: as many)
	$(BIN)/python tests/simulation.py --seeds 10 --requests $$(( $(or $(N),200000) / 10 ))

lint: $(VENV)/.dev ## ruff: rules and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.dev ## mypy, strict
	$(BIN)/mypy src hatch_build.py examples benchmarks tests/typing

floors: $(VENV)/.dev ## import-linter: imports point down only
	$(BIN)/lint-imports

check: lint types floors test ## everything that has to hold before a change lands

wheel: $(VENV)/.dev ## build the sdist, and the wheel from the sdist, into dist/
	rm -rf dist
	$(BIN)/python -m build --no-isolation

# dev.txt first: the others take their versions from it, so that all of them agree.
requirements: $(VENV)/.dev ## compile requirements/ from pyproject.toml (UPGRADE=1: newest versions)
	$(COMPILE) pyproject.toml --all-extras --group dev --output-file requirements/dev.txt
	$(COMPILE) pyproject.toml --extra local --group backend --constraint requirements/dev.txt --output-file requirements/local.txt
	$(COMPILE) pyproject.toml --constraint requirements/dev.txt --output-file requirements/run.txt
	$(COMPILE) pyproject.toml --extra redis --group bench --group backend --constraint requirements/dev.txt --output-file requirements/bench.txt

mutation: $(VENV)/.dev ## break policy and routing in small ways, and see that the tests notice (QUICK=20: every 20th)
	$(BIN)/python tests/mutation.py --quick $(or $(QUICK),1)

soak: $(VENV)/.dev ## keep many requests in flight to upstreams that fail, and see that nothing grows (SECONDS=1800, SEED=1)
	PYTHONPATH=tests $(BIN)/python -m soak --seconds $(or $(SECONDS),1800) --seed $(or $(SEED),1)

bench: $(VENV)/.bench ## measure a call next to other clients, and write docs/benchmarks/
	$(BIN)/python -m benchmarks --write docs/benchmarks

benchgateway: $(VENV)/.dev ## measure the gateway next to a pass-through (LITELLM=its command: and to litellm's proxy); needs wrk
	$(BIN)/python -m benchmarks.gateway --write docs/benchmarks $(if $(LITELLM),--litellm $(LITELLM))

docs: $(VENV)/.dev ## write the pages that are made from the code
	$(BIN)/python -m zdr_router.cli.manual docs

clean: ## delete the environment, builds and caches
	rm -rf $(LITTER)
	find src tests -type d -name __pycache__ -prune -exec rm -rf {} +

# The first Python that is new enough and can make environments; PYTHON=... names one.
$(VENV)/.made:
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
		if $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "$$python -m venv $(VENV)" && $$python -m venv --clear $(VENV) && touch $@ && exit 0; \
			exit 1; \
		fi; \
	done; \
	echo "error: no Python >= 3.11 with venv and ensurepip found (on Debian: apt-get install python3-venv); name one with PYTHON=..." >&2; \
	exit 1

# The suite needs Node 22; npm has that too, so that any Node that runs npm will do.
$(VENV)/.mcp-conformance: $(VENV)/.dev
	npm install --no-audit --no-fund --silent --no-save --prefix $(VENV)/mcp-conformance \
		node@24.21.0 @modelcontextprotocol/conformance@0.2.0-alpha.12
	@touch $@

$(VENV)/.local: requirements/local.txt pyproject.toml $(VENV)/.made
	$(PIP) install --require-hashes --requirement requirements/local.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.bench: requirements/bench.txt pyproject.toml $(VENV)/.made
	$(PIP) install --require-hashes --requirement requirements/bench.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml $(VENV)/.made
	$(PIP) install --require-hashes --requirement requirements/dev.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@
