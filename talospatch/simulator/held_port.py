"""A TCP port that stays ours while nothing listens on it, so that a node which is down refuses connections and comes back on its port."""

from __future__ import annotations

import socket


class HeldPort:
    """Bound and never listening: dialling it is refused, and nobody else gets it.

    Args:
        host: address to bind.
        number: port, or 0 for a free one.

    Raises:
        OSError: the address cannot be bound.
    """

    def __init__(self, host: str, number: int = 0) -> None:
        self._host = host
        self._holder: socket.socket | None = _bound(host, number)
        self.number: int = self._holder.getsockname()[1]

    def listen(self, backlog: int = 128) -> socket.socket:
        """Return a listening socket on this port. Close it to refuse connections again."""
        try:
            listener = _bound(self._host, self.number)
        except OSError:
            # Not every system lets two sockets share a port, however little they do with it.
            self.release()
            listener = _bound(self._host, self.number)
        listener.listen(backlog)
        return listener

    def release(self) -> None:
        """Give the port back. Safe to call twice."""
        if self._holder is not None:
            self._holder.close()
            self._holder = None


def _bound(host: str, number: int) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setblocking(False)
        made.bind((host, number))
    except OSError:
        made.close()
        raise
    return made
