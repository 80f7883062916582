# Two commands: `make run` shows the authorizer at work, `make test` runs all tests. `make invoke`
# shows it behind cargo-lambda.
# The tools that they need are pinned and install themselves below .tools.

.PHONY: run invoke test bench build tools clean check unit validate deny

VENV := .tools/venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# cargo-lambda uses zig by default; cargo alone serves for this machine's own architecture.
export CARGO_LAMBDA_COMPILER ?= cargo
CARGO_DENY_VERSION := 0.20.2

run:
	cargo run --locked -p atlauth -- demo

# Every sample event through cargo-lambda's Invoke API.
invoke: .tools/run
	$(VENV)/bin/python tools/run.py

test: check deny validate unit

# Formatting, lints and documentation: of all, and of the Lambda as it is built for itself.
check:
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
	cargo clippy --locked -p atlassian-authorizer -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --workspace --all-features

# Licences, sources and duplicates of dependencies. Advisories need a database from the network:
# `cargo deny check advisories` by hand, or in a pipeline that may fetch it.
deny: .tools/deny
	.tools/cargo-deny/bin/cargo-deny --workspace --all-features check --hide-inclusion-graph bans licenses sources

validate: .tools/test
	SAM_CLI_TELEMETRY=0 sam validate --lint --template template.yaml --region eu-west-1
	cfn-lint template.yaml

# The tests build the Lambda by themselves; built before, it keeps none of them waiting.
unit: .tools/test
	cargo build --locked -p atlassian-authorizer --bin atlassian-authorizer
	cargo test --locked --workspace --all-features

# The Lambda by itself and last: together with the examples it would have features that they need.
bench: .tools/bench
	cargo build --locked --release -p atlassian-authorizer --examples
	cargo build --locked --release -p atlassian-authorizer --bin atlassian-authorizer
	target/release/examples/decide --bench
	target/release/examples/compare

# What `sam deploy` uploads, for the processor that the stack's parameter Architecture names. Linked
# by zig, cargo-lambda's default, against a glibc that Lambda has.
ARCHITECTURE ?= arm64
RUST_TARGET = $(if $(filter arm64,$(ARCHITECTURE)),aarch64,x86_64)-unknown-linux-gnu

build: .tools/test
	@case "$(ARCHITECTURE)" in arm64|x86_64) ;; *) echo "ARCHITECTURE: expected arm64 or x86_64" >&2; exit 1;; esac
	if command -v rustup >/dev/null; then rustup target add $(RUST_TARGET); fi
	env -u CARGO_LAMBDA_COMPILER SAM_CLI_TELEMETRY=0 sam build --template template.yaml \
		--parameter-overrides Architecture=$(ARCHITECTURE)

tools: .tools/test .tools/deny

.tools/run: tools/requirements-run.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps -r $<
	touch $@

.tools/test: tools/requirements-test.txt tools/oidc/package-lock.json .tools/run
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps -r $<
	cd tools/oidc && npm ci --no-audit --no-fund
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

clean:
	rm -rf target .aws-sam .tools
