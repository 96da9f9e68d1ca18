# NovaPulse: the commands a person needs. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

NOVAPULSE_LISTEN ?= 127.0.0.1:8080
NOVAPULSE_DATA ?= ./data

.PHONY: run test bench lint format sbom help

run: ## Build everything and start NovaPulse in dev mode on http://127.0.0.1:8080
	cargo build --release --locked
	exec ./target/release/novapulse serve --dev --listen $(NOVAPULSE_LISTEN) --data $(NOVAPULSE_DATA)

test: ## Install what the tests need and is missing, then run all of them
	scripts/test

bench: ## Measure against the ceilings of this machine (release build, some minutes)
	cargo bench --locked --bench novapulse

lint: ## Check formatting, lints, licences and the UI sources
	scripts/lint

format: ## Format Rust and UI sources
	cargo fmt
	if command -v npm >/dev/null; then cd ui && npm run --silent format; fi

sbom: ## Write the list of the parts of a release, target/novapulse.cdx.json (CycloneDX)
	mkdir -p target && scripts/sbom target/novapulse.cdx.json

help: ## List these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-8s %s\n", $$1, $$2 }'
