#!/usr/bin/env bash
# tidy.sh [--all]: clang-tidy on the sources that differ from the previous landing, or on all of them.
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
mapfile -t files < <(list "${1:-}")
[ ${#files[@]} -eq 0 ] && { echo "no source changed"; exit 0; }
printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -n 1 clang-tidy-14 -p build/dev --quiet \
  --extra-arg=-Wno-unknown-warning-option 2>/dev/null
echo "clang-tidy: ${#files[@]} files clean"
