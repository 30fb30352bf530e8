"""What listen and ask share."""

from __future__ import annotations

import contextlib
import socket
import sys
from typing import NoReturn

PATIENCE = 2.0  # seconds


def endpoint(words: list[str]) -> tuple[socket.socket, tuple[str, int], str]:
    """The socket for ``[-u] ADDRESS:PORT [TEXT]``, its address and the text."""
    kind = socket.SOCK_STREAM
    if words[0] == "-u":
        kind = socket.SOCK_DGRAM
        words = words[1:]
    address, _colon, port = words[0].rpartition(":")
    family = socket.AF_INET6 if address.startswith("[") else socket.AF_INET
    text = words[1] if len(words) > 1 else ""
    return socket.socket(family, kind), (address.strip("[]"), int(port)), text


def serve(sock: socket.socket, address: tuple[str, int], text: str) -> NoReturn:
    """Answer for ever with ``text``."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    _must(sock.bind, address)
    if sock.type == socket.SOCK_STREAM:
        _must(sock.listen)
    print("listening", flush=True)
    while True:
        if sock.type == socket.SOCK_DGRAM:
            _data, peer = sock.recvfrom(1500)
            sock.sendto(_answer(sock, text), peer)
        else:
            connection, _peer = sock.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(_answer(connection, text))


def ask(sock: socket.socket, address: tuple[str, int], source: str) -> int:
    """Print the answer of ``address``, asked from ``source``; the exit status."""
    sock.settimeout(PATIENCE)
    if source:
        _must(sock.bind, (source, 0))
    try:
        sock.connect(address)
        if sock.type == socket.SOCK_DGRAM:
            sock.send(b"?")
        answer = sock.recv(1500)
    except OSError as error:
        print(f"ask: {error}", file=sys.stderr)
        return 1
    print(answer.decode())
    return 0


def _answer(sock: socket.socket, text: str) -> bytes:
    host, port = sock.getsockname()[:2]
    return (text or f"{host}:{port}").encode()


def _must(call: object, *args: object) -> None:
    try:
        call(*args)  # type: ignore[operator]
    except OSError as error:
        sys.exit(f"{sys.argv[0].rpartition('/')[2]}: {error.strerror}")
