#!/usr/bin/env python3
"""Sizes, sleeps, leftovers: the house rules that no compiler checks."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIMITS = {".hpp": 200, ".cpp": 400}


def tracked():
    names = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                           capture_output=True, text=True).stdout.split("\n")
    return [pathlib.Path(name) for name in names if name and (ROOT / name).is_file()]


def main():
    problems = []
    sources = [f for f in tracked() if f.suffix in LIMITS]
    for file in sources:
        text = (ROOT / file).read_text()
        is_test = re.search(r"_test\.[ch]pp$|^(fake|test)_", file.name) or file.parts[0] in ("tests", "fuzz", "bench")
        lines = text.count("\n")
        if not is_test and lines > LIMITS[file.suffix]:
            problems.append(f"{file}: {lines} lines; at most {LIMITS[file.suffix]}")
        if re.search(r"sleep_for|sleep_until|\busleep\(|this_thread::sleep", text) and not (
                file.parts[:2] in (("src", "shell"), ("tests", "interop"), ("apps", "cli"))):
            problems.append(f"{file}: sleeps; time is an argument")
        if re.search(r"\b(TODO|FIXME|XXX)\b", text):
            problems.append(f"{file}: an unowned TODO, FIXME or XXX")
        for host in re.findall(r"\b(?:ws|http)s?://([a-z0-9-]+(?:\.[a-z0-9-]+)+)", text) if is_test else []:
            if not re.fullmatch(r"[0-9.]+|.*\.?example(\.(com|org))?|.*\.(test|invalid|local)|www\.(webrtc|ietf)\.org", host):
                problems.append(f"{file}: a test names the public host {host}")
    print("\n".join(problems) if problems else f"house rules: {len(sources)} files keep them")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
