"""Sidetone to Sidetone: `sidetone publish` and `sidetone record` in two processes, real speech, through both servers."""
import json

from harness import sound, test

SENTENCES, ALIKE = 8, 0.95  # 0.98 to 0.99 is usual


def call(world, kind):
    server = world.server(kind)
    spoken = world.speech(SENTENCES)
    seconds = len(sound.read(spoken)) / sound.RATE
    heard = world.path("heard.wav")
    ear = world.cli(server, "record", "--identity", "ear", "--from", "mouth", "--out", heard, "--seconds", f"{seconds + 2:.1f}", "--json")
    mouth = world.cli(server, "publish", "--identity", "mouth", "--json", "--wait-for-listener", "10", spoken)
    mouth.child.communicate(timeout=seconds + 30)
    recorded, _ = ear.child.communicate(timeout=seconds + 30)
    assert mouth.child.returncode == 0, f"publish ended with {mouth.child.returncode}"
    assert ear.child.returncode == 0, f"record ended with {ear.child.returncode}"
    likeness = world.likeness(heard, SENTENCES)
    world.note(f"correlation {likeness:.3f}, {json.loads(recorded)['packets']['received']} packets")
    assert likeness >= ALIKE, f"correlation {likeness:.3f} is below {ALIKE}"


@test("sidetone.livekit", needs=["livekit-server", "speech"], ci=True, alone=True)
def through_livekit_server(world):
    call(world, "livekit")


@test("sidetone.embedded", needs=["speech"], ci=True, alone=True)
def through_the_embedded_server(world):
    call(world, "embedded")
