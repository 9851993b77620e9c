"""One test's world: servers, peers and files, all gone when it ends."""
import dataclasses
import os
import pathlib
import subprocess
import tempfile

from . import install, servers
from .processes import Peer, Process
from .relay import Relay


@dataclasses.dataclass(frozen=True)
class Site:
    program: pathlib.Path  # the `sidetone` program
    cache: pathlib.Path
    folder: pathlib.Path  # tests/interop

    @property
    def sidetone_peer(self):
        return self.program.parents[2] / "tests" / "interop" / "interop_peer"


class World:
    def __init__(self, site, name):
        self.site, self.name = site, name
        self.room = f"{name}-{os.getpid()}"
        self.notes = []  # what the line of a passed test says besides
        self._started = []

    def __enter__(self):
        self._temporary = tempfile.TemporaryDirectory(prefix="sidetone-interop-")
        self.folder = pathlib.Path(self._temporary.name)
        return self

    def __exit__(self, *_):
        for process in reversed(self._started):
            process.stop(seconds=2)
        self._temporary.cleanup()

    def note(self, text):
        self.notes.append(text)

    def path(self, name):
        return self.folder / name

    def last_words(self):
        return "".join((getattr(one, "process", one)).last_words() for one in self._started)

    def keep(self, process):
        """It is stopped with the test; anything that has stop() and last_words()."""
        self._started.append(process)
        return process

    def server(self, kind, **options):
        make = {"livekit": servers.livekit, "embedded": servers.embedded}[kind]
        return self.keep(make(self.site, self.folder, **options))

    def relay(self, server):
        """Stands between a peer (url=relay.url) and the server, and can cut()."""
        return self.keep(Relay(server.port))

    def start(self, command, name, **options):
        return self.keep(Process(command, name, self.folder, **options))

    def program(self, peer):
        """The command that starts a peer."""
        if peer == "sidetone":
            return [self.site.sidetone_peer]
        if peer == "python":
            return [install.python_sdk(self.site.cache)[0], self.site.folder / "peers" / "python_peer.py"]
        if peer in ("node", "chromium"):
            return ["node", self.site.folder / "peers" / f"{peer}_peer.mjs"]
        raise ValueError(f"there is no peer called {peer}")

    def peer(self, kind, server, identity, attributes=None, url=None, grants=None, **options):
        """Started and in the room of this test. `url` in place of the server's own, for a relay between."""
        environment = {**os.environ, "SIDETONE_NODE_MODULES": str(install.node_modules(self.site.cache)[0])} if kind in ("node", "chromium") else None
        peer = self.keep(Peer(self.program(kind), identity, self.folder, env=environment))
        if kind == "chromium":
            options.setdefault("seconds", 60)  # on a busy machine a browser is slow to start
        self.join(peer, server, identity, attributes, url, grants, **options)
        return peer

    def join(self, peer, server, identity, attributes=None, url=None, grants=None, **options):
        """The same process again, after it has left."""
        token = servers.token(identity, self.room, attributes, **(grants or {}))
        return peer.ask("connect", url=url or server.url, token=token, **options)

    def cli(self, server, command, *arguments, seconds=60):
        """`sidetone COMMAND …` (one word or two) into this test's room; returns the process, whose stdout is a pipe."""
        environment = {**os.environ, "LIVEKIT_URL": server.url, "LIVEKIT_API_KEY": servers.KEY, "LIVEKIT_API_SECRET": servers.SECRET}
        environment.pop("LIVEKIT_TOKEN", None)
        name = f"{command.replace(' ', '-')}-{len(self._started)}"
        return self.keep(Process([self.site.program, *command.split(), "--room", self.room, *arguments], name, self.folder,
                                 env=environment, stdout=subprocess.PIPE, text=True))

    def speech(self, sentences=3):
        """A WAV file of so many spoken sentences (Debian's alsa-utils), about 1.5 s each, 48 kHz mono."""
        from . import sound
        path = self.path(f"speech-{sentences}.wav")
        if not path.exists():
            sound.write(path, sound.sentences(sentences))
        return path

    def likeness(self, heard, sentences=3):
        from . import sound
        return sound.likeness(sound.read(self.speech(sentences)), sound.read(heard))

    def hears(self, ear, mouth, at_least=0.85):
        """`mouth` publishes and speaks, `ear` records: the speech is found in the recording, half second by half second.

        Other speech has a likeness of 0.2 at most; a playout that stretches time, as libwebrtc's does the more the busier the
        machine is, 0.90 to 0.98."""
        from . import sound
        heard, spoken = self.path(f"{ear.name}-hears-{mouth.name}.wav"), self.path("speech-after-a-pause.wav")
        # A subscription that has just been announced gets its first word.
        sound.write(spoken, sound.np.concatenate([sound.np.zeros(sound.RATE // 2), sound.sentences(3)]))
        ear.ask("record", identity=mouth.name, wav=heard)
        mouth.ask("publish")
        ear.wait("track_subscribed", identity=mouth.name)
        mouth.ask("play", wav=spoken)
        mouth.wait("played", seconds=20)
        ear.drain(0.5)
        ear.ask("stop_record")
        found = list(sound.fits(sound.sentences(3), sound.read(heard)))
        likeness = sum(energy * fit for energy, fit in found) / sum(energy for energy, _ in found)
        self.note(f"{mouth.name} to {ear.name} {likeness:.3f}")
        assert likeness >= at_least, (f"{mouth.name} to {ear.name}: likeness {likeness:.3f} is below {at_least}; "
                                      f"half seconds {', '.join(f'{fit:.2f}' for _, fit in found)}")
