# All commands of this repository. They need Python 3.11 or newer, git and make, and fetch uv if it's missing.
# `make help` prints the comments after `##`.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# A uv that starts: version managers may leave a broken one on PATH.
UV := $(shell uv --version >/dev/null 2>&1 && command -v uv || echo .local/uv/bin/uv)
BIN := .venv/bin
# Python is downloaded only if the machine's own is too old.
export UV_PYTHON_DOWNLOADS ?= $(shell python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo never || echo automatic)

# The tests start hundreds of Python processes, which would each compile all that they import.
unexport PYTHONDONTWRITEBYTECODE

PYTHON_FOLDERS := packages services simulators tests proofs benchmarks charts
OURS := git ls-files --cached --others --exclude-standard --
SHELL_SCRIPTS = $(shell $(OURS) .ci/run '*.sh')
DOCKERFILES = $(shell $(OURS) '*Dockerfile')

.PHONY: help
help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Use

.PHONY: run
run: $(BIN)/.runs ## Run the whole product here, with simulated Telegram and ComfyUI (DATA= PORT= BOT_TOKEN= COMFYUI_URL= PICTURES_URL= WORKFLOW=)
	@$(BIN)/python -m local_stack

.PHONY: sync
sync: $(BIN)/.runs ## Download what `make run` needs

.PHONY: cli
cli: $(BIN)/.runs ## Run the command line of `make run DATA=FOLDER` (DATA= ARGS=status, docs/cli.md)
	@$(BIN)/python -m local_stack.run.command $(or $(ARGS),--help)

.PHONY: backup
backup: $(BIN)/.runs ## Back up a stopped `make run DATA=FOLDER` into a file, for docs/backup.md (DATA= TO=FILE)
	@$(BIN)/python -m local_stack.run.backup

##@ Develop

.PHONY: lint
lint: lint-python lint-files ## Check style, types and architecture

.PHONY: lint-python
lint-python: $(BIN)/.synced
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(PYTHON_FOLDERS)
	$(BIN)/lint-imports
	$(BIN)/python .ci/check_complexity.py

.PHONY: lint-files
lint-files: $(BIN)/.synced
	$(BIN)/yamllint --strict .
	$(BIN)/shellcheck $(SHELL_SCRIPTS)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/actionlint
	$(BIN)/zizmor --offline --quiet --persona pedantic .github
	$(if $(DOCKERFILES),$(BIN)/hadolint $(DOCKERFILES))

.PHONY: checkov
checkov: | $(filter .local/%,$(UV)) ## Scan chart, Dockerfiles and workflows with Checkov
	$(UV) tool run checkov==3.3.30 --config-file .checkov.yaml

SITE ?= /tmp/qwenedit-site

.PHONY: site
site: | $(filter .local/%,$(UV)) ## Build the documentation as an HTML site, and fail if a link is broken (SITE=FOLDER)
	NO_MKDOCS_2_WARNING=1 $(UV) tool run --from mkdocs==1.6.1 --with mkdocs-material==9.8.2 \
		mkdocs build --strict --config-file .ci/site/mkdocs.yml --site-dir "$(abspath $(SITE))"

.PHONY: format
format: $(BIN)/.synced ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The tests of a file share fixtures.
PYTEST := $(BIN)/pytest --dist loadfile --no-loadscope-reorder

# The longest files have the fewest tests; they come first, so that no core waits for them at the end. Tests wait more
# than they compute: on two cores, eight processes take two thirds of the time of four.
LONG_FIRST := tests/proofs $(filter-out %/proofs %/unit %/e2e %__pycache__,$(patsubst %/,%,$(wildcard tests/*/))) tests/unit

.PHONY: test
test: $(BIN)/.synced $(if $(TESTS),,tools) ## Run all tests that need no cluster (TESTS= some of them)
	$(PYTEST) -n 8 $(or $(TESTS),$(LONG_FIRST))

# Builds the S3 server before the tests that need it, since that may take longer than a test. If it can't be built, these
# tests say so.
.PHONY: tools
tools: $(BIN)/.synced
	@! command -v go > /dev/null || $(BIN)/python -m qwenedit_testkit.object_server > /dev/null || true

.PHONY: quick
quick: $(BIN)/.synced ## Run the unit tests, in 20 seconds on two cores
	$(PYTEST) -q -n 2 tests/unit

.PHONY: e2e
e2e: $(BIN)/.synced ## Test the product on KUBECONFIG's cluster, or on a kind cluster (TESTS= IMAGE_LOADER= NODE_TOOL= CONTAINER_TOOL=)
	tests/e2e/prepare.sh
	$(PYTEST) -n 2 $(or $(TESTS),tests/e2e)

FACTS := $(patsubst %,tests/integration/comfyui_simulator/test_%.py,uploads prompts events outcomes inventory)

.PHONY: conformance
conformance: $(BIN)/.synced ## Check your ComfyUI against the simulator's facts (COMFYUI_URL= COMFYUI_OUTPUT_DIR=)
	@test -n "$${COMFYUI_URL:-}" || { echo "Set COMFYUI_URL, see simulators/comfyui/README.md" >&2; exit 2; }
	$(BIN)/pytest --timeout=400 $(FACTS)

.PHONY: prove
prove: $(BIN)/.synced ## Run a proof, which fails if a promise breaks (NAME=chaos ARGS="--jobs 100"; no NAME lists them)
	@UV="$(abspath $(UV))" $(BIN)/python -m proofs $(NAME) $(ARGS)

.PHONY: measure
measure: $(BIN)/.synced ## Run a benchmark (NAME=peers ARGS="ours rq"; no NAME lists them)
	@UV="$(abspath $(UV))" $(BIN)/python -m benchmarks $(NAME) $(ARGS)

.PHONY: clean
clean: ## Remove everything that was built here
	rm -rf .venv .local .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

##@ Deliver

.PHONY: images
images: ## Build the images that need no GPU (CONTAINER_TOOL=docker|podman|buildah TAG=dev)
	k8s/build-images.sh

.PHONY: comfyui-lock
comfyui-lock: $(filter .local/%,$(UV)) ## Write the lock of ComfyUI's image from its requirements.in (UPGRADE=1: newest versions)
	cd services/comfyui/image && $(abspath $(UV)) pip compile --quiet --python-version 3.13 \
		--python-platform x86_64-manylinux_2_40 --exclude-newer "7 days" --generate-hashes --excludes left-out.txt \
		--custom-compile-command "make comfyui-lock" $(if $(UPGRADE),--upgrade) --output-file requirements.txt requirements.in

.PHONY: version
version: ## Set the next version (VERSION=0.2.0, docs/releases.md)
	.ci/release/version.py set "$(VERSION)"
	$(MAKE) chart

.PHONY: try
try: ## Run the product with simulators on a kind cluster and chat with it (PORT= OBSERVE=1)
	k8s/try/kind.sh
	k8s/try/install.sh

.PHONY: chart
chart: $(BIN)/.synced ## Regenerate the files made from alerts, dashboards and examples
	$(BIN)/python -m charts.derived
	UPDATE_GOLDENS=1 $(BIN)/pytest --quiet tests/chart/test_examples.py tests/chart/test_models.py

# The environment, synced again if its sources have changed. `.runs` leaves out the development tools, which are most of it.
PROJECTS := uv.lock pyproject.toml $(wildcard */*/pyproject.toml)

$(BIN)/.synced: $(PROJECTS) | $(filter .local/%,$(UV))
	$(UV) sync --frozen --all-packages --quiet
	@touch $@ $(BIN)/.runs

$(BIN)/.runs: $(PROJECTS) | $(filter .local/%,$(UV))
	$(UV) sync --frozen --all-packages --no-dev --inexact --quiet
	@touch $@

.local/uv/bin/uv:
	@python3 -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "python3 has no venv; on Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 2; }
	python3 -m venv .local/uv
	.local/uv/bin/pip install --quiet --disable-pip-version-check 'uv>=0.9'
