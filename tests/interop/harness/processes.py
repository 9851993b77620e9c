"""Processes that cannot outlive their test, and peers that are told what to do line by line."""
import collections
import json
import os
import queue
import shutil
import signal
import subprocess
import threading
import time

# The kernel ends the child when this process dies, however it dies.
GUARD = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []


class Process:
    """A child in its own process group; what it says goes to a file, stdout only where nothing else is asked."""

    def __init__(self, command, name, folder, **options):
        self.name = name
        self.log = folder / f"{name}.log"
        with open(self.log, "a") as log:
            self.child = subprocess.Popen([*GUARD, *map(str, command)], start_new_session=True, cwd=folder,
                                          **{"stdout": log, "stderr": log, **options})

    def alive(self):
        return self.child.poll() is None

    def stop(self, gently=signal.SIGTERM, seconds=3):
        """Asks, waits, insists. Returns the exit code."""
        if self.alive():
            self.child.send_signal(gently)
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        return self.child.wait(5)

    def last_words(self, lines=12):
        words = collections.deque(self.log.read_text(errors="replace").splitlines(), lines)
        return "".join(f"    {self.name}: {line}\n" for line in words)


class Peer(Process):
    """A peer's program (peers/README.md): commands go in, answers and events come out, one JSON object per line."""

    def __init__(self, command, name, folder, **options):
        super().__init__(command, name, folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)
        self.events = []  # all that came, in order; ["at"] is time.monotonic()
        self._taken = set()
        self._lines = queue.Queue()
        self._asked = 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.child.stdout:
            try:
                said = json.loads(line)
            except ValueError:
                said = {"event": "noise", "line": line}
            said["at"] = time.monotonic()
            self._lines.put(said)
        self._lines.put(None)

    def _next(self, until):
        try:
            said = self._lines.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            return False
        if said is None:
            self._lines.put(None)
            raise AssertionError(f"{self.name} ended with {self.child.wait(5)}")
        if "event" in said:
            self.events.append(said)
        return said

    def ask(self, command, seconds=20, **arguments):
        """Returns the answer's fields; raises with the peer's own words when it could not."""
        self._asked += 1
        number = self._asked
        try:
            self.child.stdin.write(json.dumps({"do": command, "id": number, **arguments}, default=str) + "\n")
            self.child.stdin.flush()
        except BrokenPipeError:
            raise AssertionError(f"{self.name} has ended; it cannot {command}") from None
        until = time.monotonic() + seconds
        while said := self._next(until):
            if said.get("done") == number:
                if "error" in said:
                    raise AssertionError(f"{self.name} could not {command}: {said['error']}")
                return said
        raise AssertionError(f"{self.name} did not answer '{command}' within {seconds} s")

    def wait(self, event, seconds=15, **fields):
        """The first event of this kind with these fields that no earlier wait has returned."""
        until = time.monotonic() + seconds
        looked = 0
        while True:
            for said in self.events[looked:]:
                if said["event"] == event and id(said) not in self._taken and fields.items() <= said.items():
                    self._taken.add(id(said))
                    return said
            looked = len(self.events)
            if not self._next(until):
                wanted = " ".join([event, *(f"{key}={value}" for key, value in fields.items())])
                seen = ", ".join(said["event"] for said in self.events[-12:])
                raise AssertionError(f"{self.name} did not report '{wanted}' within {seconds} s (it reported: {seen})")

    def drain(self, seconds=0.0):
        """Takes in what has been said, for so long; returns all events so far."""
        until = time.monotonic() + seconds
        while self._next(until):
            pass
        return self.events

    def count(self, event):
        return sum(said["event"] == event for said in self.drain())
