# Two commands: `make run` shows the authorizer at work, `make test` runs all tests. `make help` lists
# the others, by the line with `##` above each.
# The tools that they need are pinned and install themselves into ignored folders.

.PHONY: run help invoke test bench bench-cold bench-burst counts soak faults fuzz fuzz-quick wycheproof release cache-keys build tools clean check unit \
	validate deny msrv advisories

VENV := .tools/venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# cargo-lambda uses zig by default; cargo alone serves for this machine's own architecture.
export CARGO_LAMBDA_COMPILER ?= cargo
CARGO_DENY_VERSION := 0.20.2

## Shows the authorizer at work on loopback.
run:
	cargo run --locked -p atlauth -- demo

## Lists these commands.
help:
	@awk '/^## / { text = substr($$0, 4); next } \
		text && /^[a-z-]+:/ { sub(/:.*/, ""); printf "  make %-11s %s\n", $$0, text } { text = "" }' $(MAKEFILE_LIST)

## Sends every sample event through cargo-lambda's Invoke API.
invoke: .tools/run
	$(VENV)/bin/python tools/run.py

## Runs all tests and checks, but for advisories and msrv.
test: check deny validate unit fuzz-quick

# Formatting, lints and documentation: of all, and of the Lambda as it is built for itself.
## Checks formatting, lints and documentation.
check:
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
	cargo clippy --locked -p atlassian-authorizer -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --workspace --all-features

## Checks licences, sources and banned crates of dependencies.
deny: .tools/deny
	.tools/cargo-deny/bin/cargo-deny --workspace --all-features check --hide-inclusion-graph bans licenses sources

# Not part of `make test`: the database of advisories comes from the network, and grows by itself.
## Checks dependencies against RustSec's advisories.
advisories: .tools/deny
	.tools/cargo-deny/bin/cargo-deny --workspace --all-features check --hide-inclusion-graph advisories

# rustup would look for `1.95` in the network where only `1.95.0` is installed, hence the search.
MSRV = $(shell sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)

## Compiles with the oldest Rust that Cargo.toml allows.
msrv:
	@toolchain=$$(rustup toolchain list 2>/dev/null | sed -n 's/^\($(MSRV)[.-][^ ]*\).*/\1/p' | head -n 1); \
	if [ -z "$$toolchain" ]; then \
		echo "Rust $(MSRV) is not installed. Install it: rustup toolchain install $(MSRV) --profile minimal" >&2; \
		exit 1; \
	fi; \
	echo "Compiling with $$toolchain"; \
	rustup run "$$toolchain" cargo check --locked --workspace --all-features

## Checks template.yaml.
validate: .tools/build
	SAM_CLI_TELEMETRY=0 sam validate --lint --template template.yaml --region eu-west-1
	cfn-lint template.yaml

# The tests build the Lambda by themselves; built before, it keeps none of them waiting. The benchmarks are
# examples, which `cargo test` would build too; Clippy has looked at them by then.
## Runs unit, property and integration tests.
unit: .tools/test
	cargo build --locked -p atlassian-authorizer --bin atlassian-authorizer
	cargo test --locked --workspace --all-features --tests
	cargo test --locked --workspace --all-features --doc

# The Lambda as it is deployed. By itself, for together with others it would have features that they
# need.
release:
	cargo build --locked --release -p atlassian-authorizer --bin atlassian-authorizer

# What only drives others, on a core of its own, need not be fast.
DRIVE := cargo run --locked -p atlassian-authorizer --example

## Measures, and compares with other authorizers.
bench: .tools/bench
	cargo build --locked --release -p atlassian-authorizer --example bare --example bare_verify --example compare
	cargo run --locked --release -p atlassian-authorizer --example decide -- --bench
	$(MAKE) release
	target/release/examples/compare
	$(MAKE) counts

## Counts instructions for each event, and compares them with benches/counts.txt; RECORD=1 writes it.
counts:
	@command -v valgrind >/dev/null || { echo "valgrind is not installed. Install it: apt-get install valgrind" >&2; exit 1; }
	cargo build --locked --release -p atlassian-authorizer --example bare --example bare_verify
	$(MAKE) release
	$(if $(RECORD),RECORD=1) $(DRIVE) counts

# Its servers speak TLS, which takes time that is measured: so it is built like the function. `compare`
# shares a core, and with it the caches, with what it measures.
## Measures cold starts at the share of a core that Lambda gives.
bench-cold:
	cargo build --locked --release -p atlassian-authorizer --example cold
	$(MAKE) release
	target/release/examples/cold

## Measures many starts at once, while SSM throttles.
bench-burst: release
	$(DRIVE) burst

REQUESTS ?= 1000000

## Sends a million mixed requests, and checks every answer; REQUESTS=20000 sends fewer.
soak:
	cargo build --locked --release -p atlassian-authorizer --example soak
	$(MAKE) release
	target/release/examples/soak $(REQUESTS)

# Part of `make unit`, too.
## Prints what becomes of callers while a service fails.
faults:
	cargo test --locked -p atlassian-authorizer --all-features --test faults

TIME ?= 300

## Fuzzes each target for five minutes; TIME=3600 for an hour, TARGETS="event rules" for some.
fuzz:
	fuzz/run.sh $(TIME) $(TARGETS)

# Two targets run at once.
## Fuzzes each target for ten seconds.
fuzz-quick:
	fuzz/run.sh 10

# No registry has these vectors: VECTORS is a checkout of https://github.com/C2SP/wycheproof.
## Runs Wycheproof's vectors for JWS and JWK; VECTORS=<checkout>.
wycheproof:
	cargo run --locked -p atlassian-authorizer --all-features --example jose -- $(VECTORS)

## Measures how often each cache key lets API Gateway ask the authorizer.
cache-keys: .tools/test
	cargo build --locked --release -p atlauth
	$(VENV)/bin/python tools/bench/cache_keys.py target/release/atlauth

# What `sam deploy` uploads, for the processor that the stack's parameter Architecture names. Linked
# by zig, cargo-lambda's default, against a glibc that Lambda has.
ARCHITECTURE ?= arm64
RUST_TARGET = $(if $(filter arm64,$(ARCHITECTURE)),aarch64,x86_64)-unknown-linux-gnu

## Builds what `sam deploy` uploads; ARCHITECTURE=x86_64 for the other processor.
build: .tools/build
	@case "$(ARCHITECTURE)" in arm64|x86_64) ;; *) echo "ARCHITECTURE: expected arm64 or x86_64" >&2; exit 1;; esac
	@echo "Building the function for $(ARCHITECTURE) into .aws-sam/build"
	if command -v rustup >/dev/null; then rustup target add $(RUST_TARGET); fi
	env -u CARGO_LAMBDA_COMPILER SAM_CLI_TELEMETRY=0 sam build --template template.yaml \
		--parameter-overrides Architecture=$(ARCHITECTURE)

## Installs the tools of the tests.
tools: .tools/test .tools/deny

.tools/run: tools/requirements-run.txt
	@echo "Installing cargo-lambda below .tools"
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps -r $<
	touch $@

.tools/build: tools/requirements-build.txt .tools/run
	@echo "Installing the SAM CLI below .tools"
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps -r $<
	touch $@

.tools/test: tools/requirements-test.txt crates/testing/oidc/package-lock.json \
		crates/testing/clients/package-lock.json .tools/build
	@echo "Installing what the tests need below .tools"
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps -r $<
	cd crates/testing/oidc && npm ci --no-audit --no-fund
	cd crates/testing/clients && npm ci --no-audit --no-fund
	touch $@

.tools/bench: tools/requirements-bench.txt tools/bench/package-lock.json .tools/test
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps -r $<
	cd tools/bench && npm ci --no-audit --no-fund
	touch $@

# Built without optimisation: it runs for a second, and builds in two minutes instead of six.
.tools/deny: Makefile
	CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --debug --locked --root .tools/cargo-deny \
		--target-dir .tools/cargo-deny-build cargo-deny@$(CARGO_DENY_VERSION)
	rm -rf .tools/cargo-deny-build
	touch $@

## Removes what was built and installed.
clean:
	rm -rf target .aws-sam .tools crates/testing/oidc/node_modules crates/testing/clients/node_modules \
		tools/bench/node_modules
