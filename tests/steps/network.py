"""The network: who listens, who is answered.

`listen` and `ask` are small programs of the test host (tests/programs): `listen ADDRESS:PORT`
answers each connection with the address and port that it was reached by; `ask ADDRESS:PORT`
prints the answer. Both take -u for UDP, ask also -b for a broadcast. The lan machine, 192.0.2.1,
is at the other end of eth0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_bdd import given, parsers, then, when

from steps import Shell, eventually

if TYPE_CHECKING:
    from testhost import Machine, TestHost


@given(parsers.parse('"{command}" is listening'))
@when(parsers.parse('"{command}" is listening'))
def start_listener(shell: Shell, host: TestHost, command: str) -> None:
    """``command`` ends in a call of listen, maybe under chbind or in a guest."""
    process = host.start(command)
    shell.background.append(process)
    process.expect("listening")


@then(parsers.parse('the lan machine gets the answer "{answer}" from {address}'))
def lan_is_answered(host: TestHost, answer: str, address: str) -> None:
    is_answered(host.lan, answer, address)


@then(parsers.parse('the host gets the answer "{answer}" from {address}'))
def host_is_answered(host: TestHost, answer: str, address: str) -> None:
    is_answered(host, answer, address)


@then(parsers.parse("the lan machine gets no answer from {address}"))
def lan_is_not_answered(host: TestHost, address: str) -> None:
    assert ask(host.lan, address) == ""


@then(parsers.parse("the host gets no answer from {address}"))
def host_is_not_answered(host: TestHost, address: str) -> None:
    assert ask(host, address) == ""


@then(parsers.parse('"{command}" shows "{text}" at {addresses}'))
def shows_at(host: TestHost, command: str, text: str, addresses: str) -> None:
    """``command`` is that of a client, with ADDRESS for each of the ``addresses`` in turn.

    Those of the loopback are asked from the host, the others from the lan machine.
    """
    for address in addresses.split(" and "):
        machine = host if address.startswith("127.") else host.lan
        wait_for_output(machine, command.replace("ADDRESS", address), text)


def wait_for_output(machine: Machine, command: str, text: str) -> None:
    """Run ``command`` on ``machine`` until its output has ``text``: a server may need a moment."""
    eventually(lambda: text in machine.run(command).out, f"{command} shows {text}")


def is_answered(machine: Machine, answer: str, address: str) -> None:
    """AssertionError unless ``machine`` gets ``answer`` from ``address``."""
    assert ask(machine, address) == answer


def ask(machine: Machine, address: str) -> str:
    """The answer that ``machine`` gets from ``address``: ``udp ADDRESS:PORT`` for UDP,
    ``broadcast ADDRESS:PORT`` from whoever hears it, as "ANSWER from ADDRESS".
    """
    words = address.replace("udp ", "-u ").replace("broadcast ", "-b ")
    return machine.run("ask " + words).out.strip()


@given(parsers.parse('the guest "{name}" can listen and ask'))
def install_in_guest(shell: Shell, name: str) -> None:
    shell.must(f"cp -a /usr/local/bin/listen /usr/local/bin/ask /vservers/{name}/bin/")


@given("root of the host may log in to the lan machine by ssh")
def let_in_by_ssh(shell: Shell, host: TestHost) -> None:
    """There the lan machine is called lan."""
    shell.must("mkdir -p -m 700 /root/.ssh")
    shell.must("ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519")
    host.write("/root/.ssh/config", "Host lan\nHostName 192.0.2.1\nStrictHostKeyChecking no\n")
    host.lan.write("/root/.ssh/authorized_keys", host.read("/root/.ssh/id_ed25519.pub"), 0o600)
    result = host.lan.run("mkdir -p /etc/dropbear && chmod 700 /root /root/.ssh && dropbear -R")
    assert result.status == 0, result
    eventually(lambda: host.run("ssh lan true").status == 0, "sshd of the lan machine")
