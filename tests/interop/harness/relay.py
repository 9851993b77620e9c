"""A TCP relay on 127.0.0.1 that can cut what runs through it: the signalling socket of one participant."""
import asyncio
import threading


class Relay:
    """Listens until stop(); cut() resets every connection, new ones are relayed as before."""

    def __init__(self, port):
        self._to = port
        self._writers = set()
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait(5)
        self.url = f"ws://127.0.0.1:{self._port}"
        self.connections = 0

    def _run(self, ready):
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self._port = server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()
        server.close()

    async def _accept(self, reader, writer):
        self.connections += 1
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:  # the server is down: so is the relay
            writer.transport.abort()
            return
        pair = {writer, far_writer}
        self._writers |= pair
        try:
            await asyncio.wait([asyncio.ensure_future(self._copy(reader, far_writer)), asyncio.ensure_future(self._copy(far_reader, writer))],
                               return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in pair:
                one.transport.abort()
            self._writers -= pair

    @staticmethod
    async def _copy(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass

    def cut(self):
        def abort():
            for writer in list(self._writers):
                writer.transport.abort()
        self._loop.call_soon_threadsafe(abort)

    def stop(self, **_):
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def last_words(self):
        return ""
