"""Services of several sets that come, go and are killed, compared with what addresses mean.

The model: a socket covers its address, or with 0.0.0.0 all those of its set. It can be bound if
nobody covers any of these on that port, and what is sent to an address reaches who covers it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from testhost import TestHost

ADDRESSES = tuple(f"192.0.2.{number}" for number in range(10, 14))

# Obeys lines on standard input: binds and closes sockets, and answers each peer with their names.
SERVER = """
import errno, select, sys
from socket import *
sockets = {}
def bind(name, kind, address, port):
    made = socket(AF_INET6 if ":" in address else AF_INET, getattr(sys.modules[__name__], kind))
    if kind == "SOCK_STREAM":
        made.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)  # for what is in TIME_WAIT
    try:
        made.bind((address, int(port)))
    except OSError as error:
        return errno.errorcode[error.errno]
    if kind == "SOCK_STREAM":
        made.listen()
    sockets[made] = name
    return "bound"
def close(name):
    for made in [made for made in sockets if sockets[made] == name]:
        del sockets[made]
        made.close()
    return "closed"
def answer(server):
    if server.type == SOCK_DGRAM:
        server.sendto(sockets[server].encode(), server.recvfrom(9)[1])
    else:
        with server.accept()[0] as connection:
            connection.send(sockets[server].encode())
while True:
    for ready in select.select([0, *sockets], [], [])[0]:
        if ready:
            answer(ready)
        else:
            do, *words = (input() or "exit").split()
            print({"bind": bind, "close": close}[do](*words), flush=True)
            break
"""

MODEL = """
import random, subprocess, sys
from socket import *
_, addresses, server, seed, steps = sys.argv
A, B, C, D = addresses.split()
SETS = (A, B), (C, B), (B,), (C, D), (D, A), (A, B, C, D)
PORTS, KINDS = (5001, 5002), ("SOCK_STREAM", "SOCK_DGRAM")
random.seed(int(seed))

class Service:
    def __init__(self, addresses):
        self.addresses, self.sockets = addresses, {}
        self.start()
    def start(self):
        words = [word for address in self.addresses for word in ("--ip", address)]
        words = ["chbind", "--silent", *words, "python3", "-ISuc", server]
        self.process = subprocess.Popen(words, stdin=-1, stdout=-1, text=True, bufsize=1)
    def tell(self, *words):
        print(*words, file=self.process.stdin)
        return self.process.stdout.readline().strip()
    def bind(self, name):
        address = random.choice(["0.0.0.0", "0.0.0.0", "::", *self.addresses])
        covered = self.addresses if address in ("0.0.0.0", "::") else (address,)
        kind, port = random.choice(KINDS), random.choice(PORTS)
        free = not any(who(kind, covers, port) for covers in covered)
        said = self.tell("bind", name, kind, address, port)
        if said != ("bound" if free else "EADDRINUSE"):
            print("bind", name, kind, address, port, "of", self.addresses, said, state())
        if said == "bound":
            self.sockets[name] = {(kind, covers, port) for covers in covered}
    def close(self):
        name = random.choice(list(self.sockets))
        del self.sockets[name]
        self.tell("close", name)
    def kill(self):
        self.process.kill()
        self.process.wait()
        self.sockets = {}

services = [Service(addresses) for addresses in SETS for _ in range(2)]
def state(): return [(s.addresses, s.sockets) for s in services if s.sockets]
def who(*endpoint):
    return [n for s in services for n, covered in s.sockets.items() if endpoint in covered]
def ask(kind, address, port):
    with socket(type=getattr(sys.modules[__name__], kind)) as asking:
        asking.settimeout(5)
        try:
            asking.connect((address, port))
            asking.send(b"")
            return [asking.recv(9).decode()]
        except ConnectionRefusedError:
            return []
def look():
    for endpoint in [(k, a, p) for k in KINDS for a in (A, B, C, D) for p in PORTS]:
        answered = ask(*endpoint)
        if answered != who(*endpoint):
            print("ask", *endpoint, answered, state())

for step in range(int(steps)):
    service, act = random.choice(services), random.random()
    if act < 0.6:
        service.bind(f"s{step}")
    elif act < 0.9 and service.sockets:
        service.close()
    elif act > 0.95:
        service.kill()
        service.start()
    if step % 20 == 19:
        look()
for service in services:
    service.kill()
look()
"""


@pytest.mark.parametrize("seed", range(2))
def test_services_of_several_sets_do_as_the_model(host: TestHost, seed: int) -> None:
    for address in ADDRESSES[1:]:
        assert host.run(f"ip addr add {address}/24 dev eth0").status == 0
    words = ["python3", "-c", MODEL, " ".join(ADDRESSES), SERVER, str(seed), "300"]
    result = host.run(words)
    assert (result.status, result.out, result.err) == (0, "", "")
