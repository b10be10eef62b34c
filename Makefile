# `make help` lists what can be made. Everything that is made lies in build/, apart from what `make setup`
# installs on the machine and the caches in ~/.cache (compiler cache, Python environments).

PREFIX ?= /usr/local
JOBS ?= $(shell nproc)

# One compiler cache for every checkout on this machine: paths are stored relative to the checkout.
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1
export CCACHE_MAXSIZE ?= 5G

.DEFAULT_GOAL := help
.PHONY: help setup setup-build build demo test test-full bench conformance format lint install clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what building and testing need (Debian 12; asks sudo when not root)
	@tools/setup.sh build test

setup-build:
	@tools/setup.sh build

build: setup-build ## Build build/release/regatta and build/release/regatta-agent
	@tools/with_node.sh cmake --preset release
	@tools/with_node.sh cmake --build build/release --parallel $(JOBS) --target regatta regatta-agent

demo: build ## Train a real model in a real sweep with four agents, and look at it
	@python3 tools/demo.py

test: setup ## Run every test that belongs before a commit (last line: N passed, N failed)
	@python3 tools/test.py

test-full: setup ## The same and the slow ones: 10,000 seeds, 1,000 kills, minutes of fuzzing, threads
	@python3 tools/test.py --full

bench: setup ## Measure speed, with peers beside where they can be installed
	@python3 tools/bench.py

conformance: setup ## Run upstream's own system tests (WANDB_SRC=checkout of wandb/wandb at the tag)
	@python3 tools/conformance.py

format: ## Lay out all C++ sources with clang-format
	@git ls-files -co --exclude-standard -- '*.cc' '*.h' | xargs -r clang-format-19 -i

lint: setup-build ## Check layout and run clang-tidy over all C++ sources
	@python3 tools/lint.py

install: build ## Install both programs below PREFIX (/usr/local)
	install -D -m 755 build/release/regatta $(DESTDIR)$(PREFIX)/bin/regatta
	install -D -m 755 build/release/regatta-agent $(DESTDIR)$(PREFIX)/bin/regatta-agent

clean: ## Remove everything that was made in the checkout
	rm -rf build web/dist web/node_modules
