#!/usr/bin/env python3
"""Changes src/core at random places, one at a time, and expects the tests to notice.

usage: mutate.py [--count N] [--seed S] [--folder NAME]

Each mutant is written over the file, which is restored afterwards. The folder's own test program is built and run with a
deadline; what it lets live goes to those of the folders that stand on it, and to the simulation. Exit code 1 when fewer than
80 % of the mutants were killed.
"""
import argparse
import functools
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
TIMEOUT = 180
WHOLE = ["peer_test", "session_test", "server_test", "sim_test"]  # of many folders together, the quickest first


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


def killed_by(program):
    """None: it does not compile, so it is no mutant."""
    if run(["cmake", "--build", str(BUILD), "--target", program]) != 0:
        return None
    folder = "tests/sim" if program == "sim_test" else "src"
    return run([str(BUILD / folder / program), "--gtest_brief=1", "--gtest_fail_fast"]) != 0


@functools.cache
def check_healthy(program):
    """A test that fails by itself would seem to kill everything."""
    if killed_by(program) is not False:
        sys.exit(f"mutate: {program} fails without a mutant")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", default="*")
    options = parser.parse_args()
    chosen = list(sites(options.folder))
    random.Random(options.seed).shuffle(chosen)
    killed = survived = 0
    for program in WHOLE:
        check_healthy(program)
    for file, number, match, into in chosen:
        if killed + survived == options.count:
            break
        original = file.read_text()
        lines = original.splitlines(keepends=True)
        text = into(match) if callable(into) else into
        lines[number] = lines[number][:match.start()] + text + lines[number][match.end():]
        own = f"{file.parent.name}_test"
        check_healthy(own)
        try:
            file.write_text("".join(lines))
            verdict = killed_by(own)
            if verdict is None:
                continue
            if verdict or any(killed_by(program) for program in WHOLE if program != own):
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
