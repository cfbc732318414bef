# Postroom on one machine: `make up` runs it, `make test` checks it. Nothing here asks a question.
SHELL := /bin/sh
.DEFAULT_GOAL := help

# uv and pip trust what this machine trusts, also behind a proxy that signs anew.
export UV_NATIVE_TLS := 1
ifeq ($(PIP_CERT),)
PIP_CERT := $(or $(SSL_CERT_FILE),$(wildcard /etc/ssl/certs/ca-certificates.crt))
export PIP_CERT
endif

BIN := .venv/bin
UV := $(BIN)/uv
MEMBERS := schemas plumbing $(sort $(patsubst %/pyproject.toml,%,$(wildcard services/*/pyproject.toml))) deploy/local
READY := .venv/postroom-ready

.PHONY: help up test lint types imports unit chaos bench corpus fuzz lock clean

help:
	@echo "make up     run Postroom here until Ctrl-C"
	@echo "make test   lint, types, import rules and all tests"
	@echo "also: lint types imports unit chaos bench corpus fuzz lock clean"

up: $(READY)
	@exec $(BIN)/postroom up

test: $(READY)
	@$(MAKE) --no-print-directory lint || { echo "make test: lint failed" >&2; exit 1; }
	@$(MAKE) --no-print-directory types || { echo "make test: types failed" >&2; exit 1; }
	@$(MAKE) --no-print-directory imports || { echo "make test: import rules failed" >&2; exit 1; }
	@$(MAKE) --no-print-directory unit || { echo "make test: tests failed" >&2; exit 1; }
	@echo "make test: all passed"

lint: $(READY)
	@echo "== ruff check"; $(BIN)/ruff check .
	@echo "== ruff format --check"; $(BIN)/ruff format --check .

types: $(READY)
	@echo "== mypy"; $(BIN)/mypy $(MEMBERS) tests

imports: $(READY)
	@echo "== import rules"; $(BIN)/lint-imports

unit: $(READY)
	@echo "== pytest"; $(BIN)/pytest -m "not chaos and not bench"

chaos: $(READY)
	@$(BIN)/pytest -m chaos -s tests/chaos

bench: $(READY)
	@$(BIN)/python -m tests.bench $(ARGS)

# Random input for an hour: make fuzz SECONDS=3600 (or CASES=...). Atheris is for this alone, so it has a place of its own.
fuzz: $(READY) .fuzz/lib/atheris
	@PYTHONPATH=.fuzz/lib SECONDS=$(SECONDS) CASES=$(CASES) JOBS=$(JOBS) $(BIN)/python -m tests.fuzz

.fuzz/lib/atheris:
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --target .fuzz/lib atheris==3.0.0

# Real mails with their sources' own expectations; POSTROOM_CORPUS names their folder.
corpus: $(READY)
	@PYTHONPATH=tests $(BIN)/python -m corpus $(ARGS)

# requirements.lock is what gets installed: pinned, hashed, naming no download address. uv.lock stays here.
lock: $(READY)
	@echo "== uv lock"; $(UV) lock --quiet
	@echo "== requirements.lock"; $(UV) export --quiet --all-packages --no-emit-workspace --no-header \
	    --format requirements.txt -o requirements.lock

clean:
	rm -rf .venv .fuzz .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment, made anew where the lock or a member's pyproject.toml changed. uv itself comes, with its hashes,
# from the same lock as everything else.
$(READY): requirements.lock $(MEMBERS:%=%/pyproject.toml)
	@sh deploy/local/bootstrap.sh .venv $(MEMBERS)
	@touch $@
