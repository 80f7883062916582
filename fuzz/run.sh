#!/bin/sh
# Builds the fuzzer, and runs its targets two at a time: fuzz/run.sh SECONDS [TARGET...].
# SECONDS is for each target. What is found in passing stays below target/fuzz, or in FUZZ_FOLDER; a crash is written
# there as well, and ends the script with an error after the others have ended.
set -eu
cd "$(dirname "$0")/.."
seconds=$1
shift
out=${FUZZ_FOLDER:-target/fuzz}
targets=${*:-event header jwt keys settings introspection userinfo oauth1 readings rules}
echo "Building the fuzzer"
# With the features of the tests, whose dependencies are then used again.
RUSTC_WORKSPACE_WRAPPER="$PWD/fuzz/instrument.sh" \
	cargo build --locked --quiet --workspace --all-features --example fuzz
mkdir -p "$out"
cp target/debug/examples/fuzz "$out/fuzz"

one() {
	mkdir -p "$out/corpus/$1" "$out/crashes"
	# An exit code of its own for what is slow, and no unit of more than 10 KB: API Gateway takes that much.
	if FUZZ_TARGET=$1 "$out/fuzz" -max_total_time="$seconds" -timeout=5 -report_slow_units=2 \
		-max_len=10240 -rss_limit_mb=1024 -use_value_profile=1 -print_final_stats=1 \
		-artifact_prefix="$out/crashes/$1-" \
		"$out/corpus/$1" "fuzz/corpus/$1" >"$out/$1.log" 2>&1; then
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$1.log")
		found=$(grep -o 'cov: [0-9]* ft: [0-9]*' "$out/$1.log" | tail -n 1)
		echo "$1: $runs runs, $found"
	else
		echo "$1: FAILED" >&2
		grep -v '^#' "$out/$1.log" | tail -n 30 >&2
		return 1
	fi
}

status=0
set -- $targets
while [ $# -gt 0 ]; do
	first=$1
	shift
	one "$first" &
	pid=$!
	if [ $# -gt 0 ]; then
		second=$1
		shift
		one "$second" || status=1
	fi
	wait $pid || status=1
done
exit $status
