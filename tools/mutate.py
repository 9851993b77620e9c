#!/usr/bin/env python3
"""Changes src/core at random places, one at a time, and expects the folder's tests to notice.

usage: mutate.py [--count N] [--seed S] [--folder NAME]

Works on a copy of the build tree's sources: each mutant is written over the file, the folder's test program is built and
run with a deadline, and the file is restored. Exit code 1 when fewer than 80 % of the mutants were killed.
"""
import argparse
import pathlib
import random
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/dev"
RULES = [
    (r"(?<![<>=!-])<(?![<=])(?= )", "<="), (r"<=", "<"), (r"(?<![->])>(?![>=])(?= )", ">="), (r">=", ">"),
    (r"==", "!="), (r"!=", "=="), (r"&&", "||"), (r"\|\|", "&&"), (r"(?<= )\+(?= )", "-"), (r"(?<= )-(?= )", "+"),
    (r"\btrue\b", "false"), (r"\bfalse\b", "true"), (r"\b([1-9][0-9]*)\b", lambda m: str(int(m.group(1)) + 1)),
    (r"\+\+", "--"), (r"\+=", "-="),
]
TIMEOUT = 120


def sites(folder):
    for file in sorted((ROOT / "src/core").glob(f"{folder}/*.cpp")):
        if file.name.endswith("_test.cpp"):
            continue
        for number, line in enumerate(file.read_text().splitlines()):
            code = line.split("//")[0]
            if not code.strip() or code.lstrip().startswith(("#", "static_assert", "template", "using ")):
                continue
            for pattern, into in RULES:
                for match in re.finditer(pattern, code):
                    yield file, number, match, into


def run(command):
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, timeout=TIMEOUT).returncode
    except subprocess.TimeoutExpired:
        return 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", default="*")
    options = parser.parse_args()
    chosen = list(sites(options.folder))
    random.Random(options.seed).shuffle(chosen)
    killed = survived = 0
    for file, number, match, into in chosen:
        if killed + survived == options.count:
            break
        original = file.read_text()
        lines = original.splitlines(keepends=True)
        text = into(match) if callable(into) else into
        lines[number] = lines[number][:match.start()] + text + lines[number][match.end():]
        program = f"{file.parent.name}_test"
        try:
            file.write_text("".join(lines))
            if run(["cmake", "--build", str(BUILD), "--target", program]) != 0:
                continue  # does not compile: no mutant
            if run([str(BUILD / "src" / program), "--gtest_brief=1", "--gtest_fail_fast"]) != 0:
                killed += 1
            else:
                survived += 1
                print(f"survived: {file.relative_to(ROOT)}:{number + 1}: {match.group(0)} -> {text}", flush=True)
        finally:
            file.write_text(original)
    total = killed + survived
    print(f"mutants: {killed} of {total} killed ({100 * killed // max(total, 1)} %)")
    sys.exit(0 if total and killed * 100 >= total * 80 else 1)


if __name__ == "__main__":
    main()
