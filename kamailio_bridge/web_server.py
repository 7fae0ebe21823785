"""The web server of ``manage.py runlocal``: waitress in a thread, so that one process can watch over Kamailio too."""

from __future__ import annotations

import threading
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from waitress.server import create_server

# Of these, asking.PLACES and two more may wait for nodes. The others answer whatever nodes do.
THREADS = 8


class WebServer:
    """Serve Django on one local port. Raises ``OSError`` when the port can't be used."""

    def __init__(self, address: str, port: int) -> None:
        self._server: Any = create_server(WSGIHandler(), host=address, port=port, threads=THREADS, ident=None)
        self._thread = threading.Thread(target=self._server.run, name="web server", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def stop(self, timeout: float = 5.0) -> None:
        """Take no more requests, and let those that are being answered end."""
        self._server.close()
        self._server.task_dispatcher.shutdown(timeout=timeout)
