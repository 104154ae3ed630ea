# Two commands are all a newcomer needs: `make train` and `make test`.
# Everything lives in .venv; nothing outside this folder is touched, and no environment need be
# activated. Steps that are done are remembered in stamp files, so a second call starts at once.

PYTHON ?= python3
VENV   ?= .venv
ARGS   ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq

# A user's own pip setting `user = true` would fight the environment.
export PIP_USER := 0

.DEFAULT_GOAL := help
.PHONY: help train test lint format types floors wheel bench bench-doctor bench-weights docs-pictures notebooks docs-screenshots docs-reference clean

help:  ## say what there is to make
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' Makefile | expand -t 18
	@echo
	@echo "Options go in ARGS:  make train ARGS=\"mnist --hidden 128,128\"  make test ARGS=\"-k losses\""
	@echo "Another Python:      make train PYTHON=/path/to/python3"

train: $(VENV)/.installed  ## install into .venv and train on handwritten digits
	@$(BIN)/python -m unstuck train $(ARGS)

test: $(VENV)/.installed-test  ## install what the tests need and run them all
	@$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.installed-dev  ## check style and format (ruff)
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .

format: $(VENV)/.installed-dev  ## rewrite the sources in the house's format
	@$(BIN)/python -m ruff check --fix .
	@$(BIN)/python -m ruff format .

types: $(VENV)/.installed-dev  ## check types (mypy --strict)
	@$(BIN)/python -m mypy --strict

floors: $(VENV)/.installed-test  ## check that imports only go down (import-linter)
	@$(BIN)/lint-imports --no-logo

wheel: $(VENV)/.installed-dev  ## build the wheel and the source archive into dist/
	@rm -rf dist
	@$(BIN)/python -m build --outdir dist . > /dev/null
	@ls dist

bench: $(VENV)/.installed-bench  ## measure against PyTorch, JAX and scikit-learn (minutes)
	@$(BIN)/python -m benchmarks $(ARGS)

bench-doctor: $(VENV)/.installed  ## judge the doctor on seeds, cases and mutants (hours)
	@$(BIN)/python -m benchmarks.doctor $(ARGS)

bench-weights: $(VENV)/.installed  ## judge the advice on initial weights (hours; ARGS="--cells 12")
	@$(BIN)/python -m benchmarks.weights $(ARGS)

docs-pictures: $(VENV)/.installed  ## draw the pictures of the documentation anew
	@$(BIN)/python docs/pictures.py $(ARGS)

docs-screenshots: $(VENV)/.installed-test  ## photograph the report page for the documentation (Chromium)
	@$(BIN)/python docs/screenshots.py $(ARGS)

notebooks: $(VENV)/.installed-test  ## run the example notebooks, keep them with their outputs (minutes)
	@$(BIN)/python examples/notebooks/make.py $(ARGS)

docs-reference: $(VENV)/.installed  ## write docs/reference/public-names.md from the docstrings
	@$(BIN)/python docs/reference/generate.py

clean:  ## remove .venv and everything that tools left behind
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@rm -rf src/unstuck.egg-info
	@find src tests benchmarks examples -name __pycache__ -prune -exec rm -rf {} +

# ------------------------------------------------------------------------------------ environment

$(VENV)/.created:
	@command -v "$(PYTHON)" > /dev/null 2>&1 || { \
	  echo "unstuck needs Python 3.11 or later, and there is no '$(PYTHON)' here."; \
	  echo "Install Python, or say where it is: make train PYTHON=/path/to/python3"; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "unstuck needs Python 3.11 or later; '$(PYTHON)' is" \
	    "$$("$(PYTHON)" -c 'import sys; print(*sys.version_info[:3], sep=".")')."; \
	  echo "Say where a newer one is: make train PYTHON=/path/to/python3.12"; exit 1; }
	@echo "Creating $(VENV) ..."
	@"$(PYTHON)" -m venv "$(VENV)" || { rm -rf "$(VENV)"; \
	  echo "Python could not create $(VENV). On Debian and Ubuntu it needs: apt install python3-venv"; \
	  exit 1; }
	@touch $@

# The package is installed editable: a change in src/ is live at once.
$(VENV)/.installed: pyproject.toml | $(VENV)/.created
	@echo "Installing unstuck and what it needs (about 600 MB, a minute or two the first time) ..."
	@$(PIP) install --editable .
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(VENV)/.created
	@echo "Installing unstuck and what its tests need ..."
	@$(PIP) install --editable ".[test]"
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-dev: pyproject.toml | $(VENV)/.created
	@echo "Installing the checkers ..."
	@$(PIP) install --editable ".[test,dev]"
	@touch $@ $(VENV)/.installed $(VENV)/.installed-test

$(VENV)/.installed-bench: pyproject.toml | $(VENV)/.created
	@echo "Installing the peers: PyTorch, JAX, optax (about 1 GB) ..."
	@$(PIP) install --editable ".[bench]"
	@touch $@ $(VENV)/.installed
