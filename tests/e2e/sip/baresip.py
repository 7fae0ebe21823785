"""baresip as a PBX: a telephone of others, with media, steered by its TCP interface."""

from __future__ import annotations

import json
import queue
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Self

from tests.mariadb import free_port, program

START_SECONDS, PATIENCE = 10.0, 15.0
# (The module aufile of Debian 13 ends baresip when a call is answered.)
CONFIG = """\
sip_listen {address}:{port}
module_path {modules}
module account.so
module g711.so
module aubridge.so
module menu.so
module ctrl_tcp.so
audio_source aubridge,nothing
audio_player aubridge,nothing
ctrl_tcp_listen {address}:{control}
net_interface lo
"""


class Baresip:
    """A running baresip at ``address``, which calls as ``user``. Use it as a context manager."""

    def __init__(self, folder: Path, address: str, user: str) -> None:
        folder.mkdir()
        self.port, control = free_port(), free_port()
        binary = Path(program("baresip", "baresip-core")).resolve()
        modules = binary.parent.parent / "lib" / "baresip" / "modules"
        text = CONFIG.format(address=address, port=self.port, control=control, modules=modules)
        (folder / "config").write_text(text, encoding="ascii")
        (folder / "accounts").write_text(f"<sip:{user}@{address}>;regint=0\n", encoding="ascii")
        (folder / "contacts").write_text("", encoding="ascii")
        self._log = folder / "log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(binary), "-f", str(folder)], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder
            )
        self._events: queue.Queue[dict[str, Any]] = queue.Queue()
        self._socket = self._connect(address, control)
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._socket.close()

    def do(self, command: str, params: str = "") -> None:
        """Give a command, such as ``dial`` with a SIP URI, ``hold`` or ``hangup``."""
        text = json.dumps({"command": command, "params": params}).encode("ascii")
        self._socket.sendall(b"%d:%s," % (len(text), text))

    def wait_for(self, kind: str) -> dict[str, Any]:
        """Wait for an event such as ``CALL_ESTABLISHED``, and return it; those before it are dropped."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                event = self._events.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {kind}:\n{self._log.read_text(errors='replace')[-3000:]}") from None
            if event.get("type") == kind:
                return event

    def _connect(self, address: str, port: int) -> socket.socket:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                return socket.create_connection((address, port), timeout=START_SECONDS)
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self._process.kill()
                    raise AssertionError(self._log.read_text(errors="replace")[-3000:]) from None
                time.sleep(0.05)

    def _read(self) -> None:
        """Take the events off the stream of netstrings."""
        self._socket.settimeout(None)
        buffer = b""
        while True:
            try:
                received = self._socket.recv(65536)
            except OSError:
                return
            if not received:
                return
            buffer += received
            while b":" in buffer:
                length, _, rest = buffer.partition(b":")
                if len(rest) <= int(length):
                    break
                self._events.put(json.loads(rest[: int(length)]))
                buffer = rest[int(length) + 1 :]
