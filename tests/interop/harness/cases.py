"""Tests by name: which there are, which are asked for, how each ended."""
import contextlib
import importlib.util
import signal
import sys
import time
import traceback

from . import install, world as worlds

_tests = {}
ALSO_CALLED = {"smoke": "sidetone.livekit"}


class Skipped(Exception):
    pass


def skip(reason):
    raise Skipped(reason)


class Test:
    def __init__(self, name, function, needs, seconds, ci):
        self.name, self.function, self.needs, self.seconds, self.ci = name, function, needs, seconds, ci


def test(name, needs=(), seconds=60, ci=False):
    """Registers a function of one World; `needs` are words of install.py, numpy is always among them."""
    def register(function):
        assert name not in _tests, f"two tests are called {name}"
        _tests[name] = Test(name, function, ["numpy", *needs], seconds, ci)
        return function
    return register


def load(folder):
    for file in sorted(folder.glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"cells.{file.stem}", file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)


def select(names, ci):
    if ci and not names:
        return [one for one in _tests.values() if one.ci]
    chosen = {}
    for name in names or [""]:
        name = ALSO_CALLED.get(name, name)
        found = [one for one in _tests.values() if one.name == name or one.name.startswith(name)]
        if not found:
            sys.exit(f"interop: no test is called '{name}'; there are: {' '.join(_tests)}")
        chosen.update((one.name, one) for one in found)
    return list(chosen.values())


@contextlib.contextmanager
def deadline(seconds):
    def late(*_):
        raise TimeoutError(f"not done within {seconds} s")
    signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


def run_one(one, site):
    """('passed' | 'FAILED' | 'skipped', reason)"""
    for need in one.needs:
        missing = install.missing(need, site.cache)
        if missing:
            return "skipped", missing
    try:
        with worlds.World(site, one.name) as world:
            try:
                with deadline(one.seconds):
                    one.function(world)
            except Skipped as why:
                return "skipped", str(why)
            except Exception as error:
                frame = traceback.extract_tb(error.__traceback__)[-1]
                for own in traceback.extract_tb(error.__traceback__):
                    if "/cells/" in own.filename:
                        frame = own
                print(world.last_words(), end="", flush=True)
                return "FAILED", f"{error or type(error).__name__} ({frame.filename.split('/')[-1]}:{frame.lineno}: {frame.line})"
            return "passed", "; ".join(world.notes)
    except Exception as error:
        return "FAILED", f"could not be cleaned up: {error}"


def run(selected, site, tries):
    """With two tries a test may fail once: it has real time, and a neighbour on the machine can steal its moment. Its line says so."""
    count = {"passed": 0, "FAILED": 0, "skipped": 0}
    for one in selected:
        began = time.monotonic()
        for attempt in range(1, tries + 1):
            outcome, reason = run_one(one, site)
            if outcome != "FAILED" or attempt == tries:
                break
            print(f"  again {one.name}  {reason}", flush=True)
        if attempt > 1:
            reason = f"at try {attempt}  {reason}"
        count[outcome] += 1
        print(f"{outcome:7} {one.name}  {time.monotonic() - began:.1f} s{'  ' + reason if reason else ''}", flush=True)
    print(f"{count['passed']} passed, {count['FAILED']} failed, {count['skipped']} skipped")
    return 1 if count["FAILED"] or not selected else 0
