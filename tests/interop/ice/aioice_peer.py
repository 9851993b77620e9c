"""aioice (PyPI) as a peer of our ICE agent (README.md).

usage: aioice_peer.py ADDRESS controlling|controlled
"""
import asyncio
import json
import sys

import aioice
import aioice.ice


def say(**fields):
    print(json.dumps(fields), flush=True)


class Peer:
    def __init__(self, address, controlling):
        # It leaves loopback out by itself; this test must not leave it.
        aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: [address]
        self.ice = aioice.Connection(ice_controlling=controlling, components=1, stun_server=None)
        self.tasks = []

    async def connect(self):
        try:
            await self.ice.connect()
        except ConnectionError:
            say(event="state", state="failed")
            return
        say(event="state", state="connected")
        while True:
            data = await self.ice.recv()
            say(event="data", text=data.decode(errors="replace"))

    async def obey(self, command):
        answer = {"done": command["id"]}
        if command["do"] == "describe":
            answer.update(ufrag=self.ice.local_username, pwd=self.ice.local_password, complete=True,
                          candidates=["candidate:" + one.to_sdp() for one in self.ice.local_candidates])
        elif command["do"] == "remote":
            self.ice.remote_username = command["ufrag"]
            self.ice.remote_password = command["pwd"]
            for text in command["candidates"]:
                await self.ice.add_remote_candidate(aioice.Candidate.from_sdp(text.removeprefix("candidate:")))
            await self.ice.add_remote_candidate(None)
            self.tasks.append(asyncio.ensure_future(self.connect()))
        elif command["do"] == "send":
            await self.ice.send(command["text"].encode())
        say(**answer)

    async def run(self):
        await self.ice.gather_candidates()
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            await self.obey(json.loads(line))
        await self.ice.close()


asyncio.run(Peer(sys.argv[1], sys.argv[2] == "controlling").run())
