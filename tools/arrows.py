#!/usr/bin/env python3
"""Fails on any #include against an arrow of src/CMakeLists.txt, and on any engine's header outside its folder."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ENGINES = {  # header prefix -> the folders that wrap it
    "openssl/": {"crypto", "dtls", "shell"},
    "usrsctp": {"sctp"},
    "srtp2/": {"srtp"},
    "opus/": {"codec"},
    "opus.h": {"codec"},
    "speex/": {"audio"},
    "boost/beast": {"shell"},
    "boost/asio": {"shell"},
    "boost/json": {"signal", "web"},
    "zlib.h": {"signal"},
    "sndfile": set(),
}
CORE_FORBIDS = ["<thread>", "<mutex>", "<shared_mutex>", "<condition_variable>", "<future>", "<sys/socket.h>",
                "std::this_thread", "_clock::now", "usleep(", "sleep_for"]
# usrsctp is one per process and may call from the thread of another Runtime: its mailbox is the named exception.
LEAKS = {"src/core/sctp/mailbox.cpp": ["<thread>", "std::this_thread"]}
BEAST_FILES = 2


def layers():
    text = (ROOT / "src/CMakeLists.txt").read_text()
    found = {}
    for path, name, rest in re.findall(r"^layer\(([^\s)]+) ([^\s)]+)([^)]*)\)", text, re.M):
        depends = re.search(r"DEPENDS ([a-z_ ]+)", rest)
        found[name] = (path, depends.group(1).split() if depends else [])
    return found


def reach(found, name, seen=None):
    seen = set() if seen is None else seen
    for depend in found.get(name, ("", []))[1]:
        if depend not in seen:
            seen.add(depend)
            reach(found, depend, seen)
    return seen


def check(found, name, path, file, problems):
    text = file.read_text()
    where = file.relative_to(ROOT)
    allowed = reach(found, name) | {name}
    for line, included in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s+["<]([^">]+)[">]', included)
        if not match:
            continue
        header = match.group(1)
        for other, (other_path, _) in found.items():
            if header.startswith(other_path + "/") and other not in allowed:
                problems.append(f"{where}:{line}: {name} must not include {header}: no arrow leads from {name} to {other}")
        for engine, owners in ENGINES.items():
            if header.startswith(engine) and name not in owners and not file.name.endswith("_test.cpp"):
                problems.append(f"{where}:{line}: {header} belongs behind {sorted(owners) or 'the program'}")
    if path.startswith("core/") and not file.name.endswith("_test.cpp"):
        for word in CORE_FORBIDS:
            if word in text and word not in LEAKS.get(str(where), []):
                problems.append(f"{where}: the core holds no {word}")


def main():
    found = layers()
    if len(found) < 15:
        sys.exit("arrows: src/CMakeLists.txt does not list the layers as expected")
    problems = []
    count = 0
    for name, (path, _) in found.items():
        for file in sorted((ROOT / "src" / path).glob("*.[ch]pp")):
            count += 1
            check(found, name, path, file, problems)
    sees_beast = re.compile(r'#include [<"](boost/beast|shell/beast_)')
    beast = [str(f.relative_to(ROOT)) for f in (ROOT / "src").rglob("*.cpp") if sees_beast.search(f.read_text())]
    if len(beast) > BEAST_FILES:
        problems.append(f"Beast belongs into at most {BEAST_FILES} .cpp files, found in: {', '.join(beast)}")
    print("\n".join(problems) if problems else f"arrows: {count} files in {len(found)} folders point one way")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
