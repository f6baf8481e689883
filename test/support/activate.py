# Stands in for systemd: makes sockets, passes them as descriptors 3, 4, ..., and becomes the command.
# Usage: activate.py '{"sockets": [["tcp", "127.0.0.1"], ["unix", "/tmp/a.sock"]], "environment": {...}}' COMMAND ARGUMENT...

import fcntl
import json
import os
import socket
import sys

HIGH = 100
kept = []


def keep(other):
    """Keeps a socket open in the command, out of the way of its descriptors."""
    fcntl.fcntl(other, fcntl.F_DUPFD, 2 * HIGH)


def descriptor(kind, place=None):
    family = {"unix": socket.AF_UNIX, "tcp6": socket.AF_INET6}.get(kind, socket.AF_INET)
    if kind == "pipe":
        return os.pipe()[0]
    if kind == "file":
        return os.open("/dev/null", os.O_RDONLY)
    if kind == "udp":
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind(("127.0.0.1", 0))
    elif kind == "packets":
        made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        made.bind(place)
        made.listen()
    elif kind == "pair":
        made, other = socket.socketpair()
        keep(other)
    elif kind in ("connection", "reset"):
        listening = socket.create_server(("127.0.0.1", 0))
        made = socket.create_connection(listening.getsockname())
        keep(listening) if kind == "connection" else listening.close()
    elif kind == "unbound":
        made = socket.socket()
    else:
        made = socket.socket(family)
        made.bind(place if kind == "unix" else (place, 0))
        made.listen()
    kept.append(made)
    return made.fileno()


order = json.loads(sys.argv[1])
high = [fcntl.fcntl(descriptor(*wanted), fcntl.F_DUPFD_CLOEXEC, HIGH) for wanted in order["sockets"]]
os.closerange(3, HIGH)
for i, fd in enumerate(high):
    os.dup2(fd, 3 + i, inheritable=True)
os.environ.update({"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(high)), **order.get("environment", {})})
os.execvp(sys.argv[2], sys.argv[2:])
