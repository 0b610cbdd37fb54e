"""Length-prefixed messages over a Unix socket: a JSON header, binary blobs, file descriptors.

Frame: two big-endian unsigned 32-bit numbers (header bytes, blob bytes), the header in JSON,
the blobs one after the other. The header's `sizes` entry says where each blob ends.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import Any

PREFIX = struct.Struct("!II")
MAX_HEADER = 8 << 20
MAX_BLOBS = 64 << 20


class FrameError(RuntimeError):
    """The peer sent something that is not a frame, or more than is allowed."""


class PeerGone(FrameError):
    """The peer closed the socket, or died."""


@dataclass
class Message:
    """One received frame."""

    header: dict[str, Any]
    blobs: list[bytes] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)


def send(
    sock: socket.socket,
    header: dict[str, Any],
    blobs: list[bytes] | None = None,
    descriptors: list[int] | None = None,
    deadline: float | None = None,
) -> None:
    """Send one frame; descriptors travel with its first bytes (SCM_RIGHTS).

    Raises:
        PeerGone: the other side has closed the socket.
        TimeoutError: `deadline` (seconds of `time.monotonic`) has passed.
    """
    blobs = blobs or []
    body = json.dumps({**header, "sizes": [len(blob) for blob in blobs]}).encode()
    _set_timeout(sock, deadline)
    prefix = PREFIX.pack(len(body), sum(map(len, blobs)))
    try:
        sent = socket.send_fds(sock, [prefix], descriptors or [])
        sock.sendall(b"".join([prefix[sent:], body, *blobs]))
    except (BrokenPipeError, ConnectionError) as error:
        raise PeerGone(str(error)) from None


def receive(
    sock: socket.socket,
    deadline: float | None = None,
    *,
    descriptors: int = 0,
    most: int = MAX_HEADER + MAX_BLOBS,
) -> Message:
    """Receive one frame of at most `most` bytes, with at most `descriptors` file descriptors.

    Raises:
        PeerGone: the other side has closed the socket.
        FrameError: the bytes are not a frame, or it is larger than allowed.
        TimeoutError: `deadline` has passed.
    """
    prefix, received = _take_prefix(sock, deadline, descriptors)
    try:
        size, blob_bytes = PREFIX.unpack(prefix)
        if size > MAX_HEADER or blob_bytes > MAX_BLOBS or size + blob_bytes > most:
            raise FrameError(f"a message of {size + blob_bytes:,} bytes is too long")
        header = _parse(_take(sock, size, deadline))
        data = _take(sock, blob_bytes, deadline)
        blobs = _split(data, header.pop("sizes", []))
    except BaseException:
        for descriptor in received:
            os.close(descriptor)
        raise
    return Message(header, blobs, received)


def _set_timeout(sock: socket.socket, deadline: float | None) -> None:
    if deadline is None:
        sock.settimeout(None)
        return
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("no time left")
    sock.settimeout(left)


def _take_prefix(
    sock: socket.socket, deadline: float | None, descriptors: int
) -> tuple[bytes, list[int]]:
    if not descriptors:
        return _take(sock, PREFIX.size, deadline), []
    _set_timeout(sock, deadline)
    data, received, _, _ = socket.recv_fds(sock, PREFIX.size, descriptors)
    if not data:
        raise PeerGone("the other side closed the connection")
    return data + _take(sock, PREFIX.size - len(data), deadline), list(received)


def _take(sock: socket.socket, size: int, deadline: float | None) -> bytes:
    data = bytearray()
    while len(data) < size:
        _set_timeout(sock, deadline)
        try:
            part = sock.recv(min(size - len(data), 1 << 20))
        except ConnectionError as error:
            raise PeerGone(str(error)) from None
        if not part:
            raise PeerGone("the other side closed the connection")
        data += part
    return bytes(data)


def _parse(body: bytes) -> dict[str, Any]:
    try:
        header = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise FrameError(f"unreadable message: {type(error).__name__}") from None
    if not isinstance(header, dict):
        raise FrameError("a message must be a JSON object")
    return header


def _split(data: bytes, sizes: Any) -> list[bytes]:
    if not isinstance(sizes, list) or not all(type(n) is int and n >= 0 for n in sizes):
        raise FrameError("bad blob sizes")
    if sum(sizes) != len(data):
        raise FrameError("blob sizes do not add up")
    blobs, start = [], 0
    for size in sizes:
        blobs.append(data[start : start + size])
        start += size
    return blobs
