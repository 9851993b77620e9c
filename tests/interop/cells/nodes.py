"""Two livekit-servers that share a Redis: a participant on each node's URL, one room; sound and data cross."""
import socket

from harness import test
from harness.servers import free_port, livekit, wait_for_port


def two_nodes(world):
    port = free_port(socket.SOCK_STREAM)
    redis = world.start(["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"], "redis")
    wait_for_port(redis, port)
    return [world.keep(livekit(world.site, world.folder, name=name, redis_port=port)) for name in ("node-a", "node-b")]


def crosses(world, one_kind, other_kind):
    first, second = two_nodes(world)
    one = world.peer(one_kind, first, "one")
    other = world.peer(other_kind, second, "other")
    for mouth, ear in ((one, other), (other, one)):
        world.hears(ear, mouth)
        mouth.ask("data", payload=f"from {mouth.name}", topic="nodes", reliable=True)
        ear.wait("data", identity=mouth.name, payload=f"from {mouth.name}", topic="nodes", reliable=True)


@test("nodes.sidetone", needs=["livekit-server", "redis-server", "speech"], ci=True)
def sidetone_on_two_nodes(world):
    crosses(world, "sidetone", "sidetone")


@test("nodes.python", needs=["livekit-server", "redis-server", "python-sdk", "speech"])
def python_on_the_other_node(world):
    crosses(world, "sidetone", "python")
