#!/usr/bin/env bash
# fuzz_one.sh TARGET SECONDS: runs one libFuzzer program from its saved inputs (fuzz/corpus/NAME) plus what it finds;
# prints one line, and the log's end with the failing input when it fails. In CI it always takes the same road, so that a
# change is judged by what it changed; anywhere else each run takes another.
set -u
target="$1" seconds="$2"
seed=0
[ -n "${CI:-}" ] && seed=1
name="$(basename "$target")"
found="$(dirname "$target")/found/$name"
saved="fuzz/corpus/$name"
mkdir -p "$found"
inputs=("$found")
[ -d "$saved" ] && inputs+=("$saved")
log="$found.log"
if "$target" -seed="$seed" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=4096 -print_final_stats=1 \
  -artifact_prefix="$found.crash-" "${inputs[@]}" >"$log" 2>&1; then
  printf '%-28s clean, %s runs\n' "$name" "$(sed -nE 's/^stat::number_of_executed_units: +//p' "$log")"
else
  printf '%-28s FAILED\n' "$name"
  tail -n 60 "$log"
  exit 1
fi
