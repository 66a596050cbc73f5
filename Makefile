# Everything that this project is built, tested and shown with. `make help` lists it.
# Each target does its own set-up and may be interrupted and run again; what is slow to make is kept.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.ONESHELL:
MAKEFLAGS += --no-print-directory --no-builtin-rules

# The images have Python 3.11, so that one is taken where a machine has several.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
CLUSTER := $(PYTHON) hack/cluster
UV_VERSION := 0.13.8
PIP_AUDIT_VERSION := 2.10.1
PYTEST := $(BIN)/python -m pytest

# Before a command that needs a whole cluster with our images in it.
define WITH_CLUSTER
images=$$($(BIN)/python hack/images.py)
loads=(); for image in $$images; do loads+=(--load "$${image#*=}"); done
SHADOW_IMAGES="$$(echo $$images)" $(PYTHON) hack/with_cluster.py "$${loads[@]}" --
endef

# The packages are run from their sources: installed editable they would hide that a wheel lacks a file.
export PYTHONPATH := $(CURDIR)/operator:$(CURDIR)

##@ See it work

.PHONY: demo
demo: venv ## Bring up a cluster and play the demo on it; it stays up for looking around
	@begun=$$SECONDS
	$(CLUSTER) up
	images=$$($(BIN)/python hack/images.py)
	for image in $$images; do $(CLUSTER) load-image "$${image#*=}"; done
	tools=$$($(CLUSTER) tools)
	kubeconfig=$$($(CLUSTER) kubeconfig)
	prometheus=$$($(CLUSTER) status --json | $(BIN)/python -c 'import json, sys; print(json.load(sys.stdin)["images"]["prometheus"])')
	$(BIN)/python examples/demo/play.py --tools "$$tools" --kubeconfig "$$kubeconfig" \
	  --images $$images "prometheus=$$prometheus" --cluster-seconds "$$((SECONDS - begun))" $(DEMO_OPTIONS)

.PHONY: down
down: ## Take the cluster down and remove what was made here, except the caches and the demo's report
	@$(CLUSTER) down
	$(CLUSTER) down --control-plane
	rm -rf build/context build/test build/cluster
	find build -mindepth 1 -maxdepth 1 -type d -empty -delete 2> /dev/null || true

##@ Test it

.PHONY: test
test: venv ## Run all that tests the project, and leave the machine as it was
	@begun=$$SECONDS
	rm -rf build/test
	$(MAKE) lint
	$(MAKE) unit
	$(MAKE) test-presets
	$(MAKE) control-plane-tests
	$(MAKE) cluster-tests
	$(BIN)/python hack/tally.py build/test/*.xml
	echo "make test: everything passed, in $$((SECONDS - begun)) s"

.PHONY: lint
lint: venv ## Check style, types and who imports whom
	@$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy hack/*.py examples/models/shadow_models examples/demo/player examples/compare/make_series.py
	(cd hack/cluster && $(CURDIR)/$(BIN)/mypy --strict --config-file= .)
	MYPYPATH=operator:.:examples/models $(BIN)/mypy tests
	$(BIN)/lint-imports

.PHONY: unit
unit: venv ## Run the tests that need no cluster
	@echo "unit and property tests"
	$(PYTEST) -m "not control_plane and not cluster and not prometheus" --junitxml=build/test/unit.xml $(PYTEST_OPTIONS)

.PHONY: test-presets
test-presets: venv ## Replay the gate templates that ship, from recorded series in a real Prometheus
	@echo "presets on a real Prometheus"
	$(PYTEST) -m prometheus --junitxml=build/test/presets.xml $(PYTEST_OPTIONS)

.PHONY: control-plane-tests
control-plane-tests: venv ## Run the tests that need an API server
	@echo "tests against an API server"
	$(PYTHON) hack/with_cluster.py --control-plane -- \
	  $(PYTEST) -m control_plane --junitxml=build/test/control-plane.xml $(PYTEST_OPTIONS)

.PHONY: cluster-tests
cluster-tests: venv ## Run the tests that need a whole cluster
	@echo "tests on a whole cluster"
	$(WITH_CLUSTER) $(PYTEST) -m cluster --junitxml=build/test/cluster.xml $(PYTEST_OPTIONS)

.PHONY: chaos
chaos: venv ## Break everything around the operator, 200 times (CHAOS_FAULTS) on an API server and 40 on a whole cluster; CHAOS_SEED repeats
	@rm -rf build/test/chaos
	export CHAOS_SEED="$${CHAOS_SEED:-$$(date +%s)}"
	echo "chaos on an API server, seed $$CHAOS_SEED"
	CHAOS_FAULTS="$${CHAOS_FAULTS:-200}" $(MAKE) control-plane-tests PYTEST_OPTIONS="tests/chaos $(PYTEST_OPTIONS)"
	echo "chaos on a whole cluster"
	CHAOS_CLUSTER_FAULTS="$${CHAOS_CLUSTER_FAULTS:-40}" $(MAKE) cluster-tests PYTEST_OPTIONS="tests/e2e/chaos $(PYTEST_OPTIONS)"
	$(BIN)/python -m tests.chaos.told

# An environment of its own: what asks about the locked packages must not come to be one of them.
.PHONY: audit
audit: ## Ask whether a package that the operator is locked to has a known vulnerability; needs the network
	@rm -rf build/audit
	trap 'rm -rf build/audit; rmdir build 2> /dev/null || true' EXIT
	$(PYTHON) -m venv build/audit
	build/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==$(PIP_AUDIT_VERSION)
	build/audit/bin/pip-audit --requirement requirements/operator.lock --require-hashes --disable-pip --strict --progress-spinner off

##@ Measure it

.PHONY: bench-stats
bench-stats: venv ## Measure error rates, power and speed of the statistics; writes docs/error-rates.md
	@$(BIN)/python -m bench.stats

.PHONY: bench-rollback
bench-rollback: venv ## Measure on a whole cluster how fast a share is taken back; writes docs/rollback.md (BENCH_OPTIONS)
	@$(WITH_CLUSTER) $(BIN)/python -m bench.rollback $(BENCH_OPTIONS)

##@ Change it

.PHONY: venv
venv: $(VENV)/.complete ## Make the virtual environment from requirements/dev.lock

# Written last, so that an interrupted installation is taken up again.
$(VENV)/.complete: requirements/dev.lock
	@[ -n "$(PYTHON)" ] || { echo "there is no python3 on PATH: install Python 3.11" >&2; exit 1; }
	if ! $(PYTHON) -c 'import ensurepip, venv' 2> /dev/null; then
	  if [ "$$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
	    echo "$(PYTHON) has no venv: install Debian's package python3-venv" >&2; exit 1
	  fi
	  echo "installs python3-venv"
	  apt-get update -qq
	  DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends python3-venv > /dev/null
	fi
	if ! $(BIN)/python -m pip --version > /dev/null 2>&1; then
	  rm -rf $(VENV)
	  $(PYTHON) -m venv $(VENV)
	fi
	echo "installs the locked packages into $(VENV)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	touch $@

.PHONY: images
images: venv ## Build the images of the operator and of the example models
	@$(BIN)/python hack/images.py

.PHONY: generate
generate: venv ## Write what follows from the code: the custom resource definitions, docs/gates.md, Argo CD's files
	@$(BIN)/python -m shadow_operator.api.crd .
	$(BIN)/python -m shadow_operator.api.gate_page .
	$(BIN)/python -m tests.gitops.argo_files .

.PHONY: format
format: venv ## Format the code
	@$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .

.PHONY: lock
lock: venv ## Lock the newest versions that pyproject.toml allows
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	compile=($(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate)
	"$${compile[@]}" pyproject.toml -o requirements/operator.lock
	"$${compile[@]}" pyproject.toml --group examples --group dev -o requirements/dev.lock
	"$${compile[@]}" examples/models/requirements.in -o requirements/examples.lock
	grep -E '^arch==' requirements/dev.lock | tr -d ' \\' | "$${compile[@]}" --no-deps - -o requirements/examples-nodeps.lock

.PHONY: help
help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
