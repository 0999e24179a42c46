"""A network that can fail: a TCP relay between phones and daemon whose connections a test cuts."""

import selectors
import socket
import struct
import threading


class Relay:
    """Listens on 127.0.0.1 and carries every connection to `port` there, byte by byte. One thread."""

    def __init__(self, port: int) -> None:
        self._to = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._wake, self._woken = socket.socketpair()
        self._commands: list = []
        self._peers: dict = {}
        self._selector = selectors.DefaultSelector()
        for source in (self._listener, self._woken):
            self._selector.register(source, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """Resets every connection that runs, on both sides, as a router does that has forgotten them."""
        self._tell("cut")

    def stop(self) -> None:
        self._tell("stop")

    def _tell(self, command: str) -> None:
        done = threading.Event()
        self._commands.append((command, done))
        self._wake.send(b"x")
        if not done.wait(10):
            raise AssertionError("the relay hangs")
        if command == "stop":
            self._thread.join()

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj is self._woken:
                    self._woken.recv(1)
                    command, done = self._commands.pop(0)
                    for one in list(self._peers):
                        self._drop(one, reset=True)
                    if command == "stop":
                        for source in (self._listener, self._woken, self._wake):
                            source.close()
                        done.set()
                        return
                    done.set()
                elif key.fileobj in self._peers:
                    self._carry(key.fileobj)

    def _accept(self) -> None:
        phone, _ = self._listener.accept()
        try:
            daemon = socket.create_connection(self._to)
        except OSError:
            phone.close()
            return
        self._peers[phone], self._peers[daemon] = daemon, phone
        for one in (phone, daemon):
            self._selector.register(one, selectors.EVENT_READ)

    def _carry(self, one: socket.socket) -> None:
        try:
            data = one.recv(65536)
            if data:
                self._peers[one].sendall(data)
                return
        except OSError:
            pass
        self._drop(one, reset=False)

    def _drop(self, one: socket.socket, reset: bool) -> None:
        peer = self._peers.pop(one, None)
        if peer is None:
            return
        self._peers.pop(peer)
        for each in (one, peer):
            self._selector.unregister(each)
            if reset:
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            each.close()
