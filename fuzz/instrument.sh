#!/bin/sh
# Stands before the compiler of this workspace's own packages (RUSTC_WORKSPACE_WRAPPER): instruments them
# for libFuzzer, and leaves dependencies as tests have them. `sancov-module` is a pass of LLVM, so that
# the stable compiler will do.
case " $* " in
*" --crate-type proc-macro "* | *" build_script_build "*) exec "$@" ;;
*" --crate-name "*)
	exec "$@" --cfg fuzzing -Copt-level=3 -Cdebug-assertions=on -Ccodegen-units=4 \
		-Cpasses=sancov-module \
		-Cllvm-args=-sanitizer-coverage-level=4 \
		-Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
		-Cllvm-args=-sanitizer-coverage-pc-table \
		-Cllvm-args=-sanitizer-coverage-trace-compares
	;;
*) exec "$@" ;;
esac
