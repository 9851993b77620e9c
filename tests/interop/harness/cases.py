"""Tests by name: which there are, which are asked for, how each ended."""
import contextlib
import ctypes
import importlib.util
import json
import os
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
    def __init__(self, name, function, needs, seconds, ci, alone):
        self.name, self.function, self.needs, self.seconds, self.ci, self.alone = name, function, needs, seconds, ci, alone


def test(name, needs=(), seconds=60, ci=False, alone=False):
    """Registers a function of one World; `needs` are words of install.py, numpy is always among them. `alone`: it measures, so
    nothing may run beside it."""
    def register(function):
        assert name not in _tests, f"two tests are called {name}"
        _tests[name] = Test(name, function, ["numpy", *needs], seconds, ci, alone)
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


def is_alone(one, attempt):
    return one.alone or attempt > 1


CLEANING_SECONDS = 30  # beyond a test's own deadline


class Running:
    """A test in a process of its own, which ends with this one, and by force after its deadline."""

    def __init__(self, one, site, attempt):
        self.one, self.attempt, self.began = one, attempt, time.monotonic()
        self.alone = is_alone(one, attempt)
        self._pipe, answer = os.pipe()
        sys.stdout.flush()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
                os.write(answer, json.dumps(run_one(one, site)).encode()[:60_000])  # a pipe takes 64 KiB without a reader
                sys.stdout.flush()
            finally:
                os._exit(0)
        os.close(answer)

    def outcome(self):
        """What run_one returned, once it has; else None."""
        if time.monotonic() > self.began + self.one.seconds + CLEANING_SECONDS:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        elif os.waitpid(self._pid, os.WNOHANG)[0] == 0:
            return None
        with os.fdopen(self._pipe) as pipe:
            said = pipe.read()
        try:
            return json.loads(said)
        except ValueError:
            return "FAILED", "its process ended without a word"


def may_start(next_one, running, jobs):
    return not running or (len(running) < jobs and not running[0].alone and not is_alone(*next_one))


def run(selected, site, tries, jobs):
    """With two tries a test may fail once: it has real time, and a neighbour on the machine can steal its moment.
    The second try has the machine to itself, and its line says so."""
    count = {"passed": 0, "FAILED": 0, "skipped": 0}

    def tell(one, outcome, reason, seconds=0.0):
        count[outcome] += 1
        print(f"{outcome:7} {one.name}  {seconds:.1f} s{'  ' + reason if reason else ''}", flush=True)

    waiting, running = [], []
    for one in sorted(selected, key=lambda one: not one.alone):
        missing = next(filter(None, (install.missing(need, site.cache) for need in one.needs)), None)
        if missing:
            tell(one, "skipped", missing)
        else:
            waiting.append((one, 1))
    while waiting or running:
        while waiting and may_start(waiting[0], running, jobs):
            one, attempt = waiting.pop(0)
            running.append(Running(one, site, attempt))
        for job in list(running):
            ended = job.outcome()
            if ended is None:
                continue
            running.remove(job)
            outcome, reason = ended
            if outcome == "FAILED" and job.attempt < tries:
                print(f"  again {job.one.name}  {reason}", flush=True)
                waiting.append((job.one, job.attempt + 1))
                continue
            again = f"at try {job.attempt}  " if job.attempt > 1 else ""
            tell(job.one, outcome, again + reason, time.monotonic() - job.began)
        time.sleep(0.05)
    print(f"{count['passed']} passed, {count['FAILED']} failed, {count['skipped']} skipped")
    return 1 if count["FAILED"] or not selected else 0
