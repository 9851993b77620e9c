#!/usr/bin/env bash
# tidy.sh [--all]: clang-tidy on the sources that differ from the previous landing, or on all of them. Each file that is
# not clean is named with what was found in it; the rest is looked at all the same, then the script fails.
set -euo pipefail
list() {
  if [ "${1:-}" = --all ]; then
    git ls-files -- 'src/*.cpp' 'apps/*.cpp'
  else
    local base
    base="$(git rev-parse -q --verify HEAD~1 || git hash-object -t tree /dev/null)"
    git diff --name-only --diff-filter=d "$base" -- 'src/*.cpp' 'apps/*.cpp'
  fi | grep -v '_test\.cpp$' || true
}
tidy() {
  local found
  if found="$(clang-tidy-14 -p build/dev --quiet --extra-arg=-Wno-unknown-warning-option "$1" 2>&1)"; then return 0; fi
  # What the analyser blames a library's header for is not ours to mend.
  grep -qE "^$PWD/[^:]+:[0-9:]+ (error|warning):|^error:" <<<"$found" || return 0
  printf 'clang-tidy: %s is not clean\n%s\n' "$1" "$(grep -vE '^[0-9]+ warnings? (and [0-9]+ errors? )?generated' <<<"$found")"
  return 1
}
export -f tidy
mapfile -t files < <(list "${1:-}")
[ ${#files[@]} -eq 0 ] && { echo "no source changed"; exit 0; }
# xargs goes on to the end and then answers 123 when one of them failed.
printf '%s\0' "${files[@]}" | xargs -0 -P "$(nproc)" -n 1 bash -c 'tidy "$1"' tidy || exit 1
echo "clang-tidy: ${#files[@]} files clean"
