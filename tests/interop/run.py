#!/usr/bin/env python3
"""Sidetone beside what people already run: one line per test, then 'N passed, N failed, N skipped'.

usage: run.py PATH_TO_SIDETONE [--ci] [NAME…]      ./dev interop does this; a NAME stands for all names that begin with it

How to add a test: write a function in a file of tests/interop/cells:

    from harness import test

    @test("python.from-sidetone.embedded", needs=["python-sdk"], seconds=40)
    def hears(world):
        server = world.server("embedded")              # or "livekit"
        mouth = world.peer("sidetone", server, "mouth")  # or "python": a process that joined the room of this test
        ear = world.peer("python", server, "ear")
        world.hears(ear, mouth)                        # real speech, found again in the recording
        mouth.ask("mute", muted=True)
        ear.wait("track_muted", identity="mouth")

It passes by returning, fails by raising, and is skipped when something it needs could not be installed (install.py knows
the words) or when it calls skip(reason). After `seconds` it fails. Servers, peers and files end with the test, whatever happened.
What a peer can do stands in peers/README.md; ci=True puts a test into the selection that .ci/run takes, with `--ci`: at
most six minutes; two run side by side, except for those that say alone=True, and what fails is tried once more.
"""
import os
import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))

from harness import install  # noqa: E402


def main():
    cache = pathlib.Path(os.environ.get("SIDETONE_CACHE", ".cache")).absolute()
    python, _ = install.python_sdk(cache)
    if python and pathlib.Path(sys.prefix).resolve() != python.parent.parent.resolve():
        os.execv(python, [str(python), *sys.argv])  # where numpy is
    from harness import cases, world
    cases.load(FOLDER / "cells")
    options = [argument for argument in sys.argv[2:] if argument.startswith("-")]
    names = [argument for argument in sys.argv[2:] if not argument.startswith("-")]
    ci = "--ci" in options
    for option in options:
        if option != "--ci":
            sys.exit(f"interop: there is no option '{option}'; --ci takes the short selection")
    selected = cases.select(names, ci=ci)
    site = world.Site(program=pathlib.Path(sys.argv[1]).absolute(), cache=cache, folder=FOLDER)
    sys.exit(cases.run(selected, site, tries=2 if ci else 1, jobs=2 if ci else 1))


if __name__ == "__main__":
    main()
