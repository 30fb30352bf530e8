"""A network namespace of a guest's own: what it sees, who reaches it, and what stays behind."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from guests import busybox, write_conf
from steps import eventually

if TYPE_CHECKING:
    from testhost import Machine, TestHost

ADDRESS = "192.0.2.20"


def make(host: TestHost, name: str, **conf: str) -> None:
    settings = {"IPROOT": ADDRESS, "IPROOTDEV": "eth0", "S_FLAGS": "netns lock", **conf}
    root = busybox.make(host, name, conf=settings)
    for program in ("listen", "ask"):
        shutil.copy(host.path(f"/usr/local/bin/{program}"), f"{root}/bin/{program}")


@pytest.fixture
def web(host: TestHost) -> TestHost:
    """A host with the running guest "web", whose httpd listens on port 80."""
    make(host, "web")
    result = host.run("vserver --silent web start")
    assert (result.status, result.err) == (0, "")
    return host


def inside(host: TestHost, command: str) -> str:
    result = host.run(["vserver", "--silent", "web", "exec", "sh", "-c", command])
    assert result.err == ""
    return result.out


def page(machine: Machine, address: str = ADDRESS) -> str:
    return machine.run(f"wget -q -T 5 -t 1 -O - http://{address}/").out


def page_from(host: TestHost, name: str, address: str) -> str:
    """The page that guest ``name`` gets (without the wget that is in its static busybox)."""
    script = f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 5 {address} 80 | tail -n 1"
    return host.run(["vserver", "--silent", name, "exec", "sh", "-c", script]).out


def members(host: TestHost) -> list[str]:
    """The processes of the first guest, in pids of the host, process 1 before all others."""
    found = host.run("cat $(find /sys/fs/cgroup -path '*/vserver/49152/any/cgroup.procs')")
    return found.out.split()


def traces(host: TestHost) -> str:
    """All that a guest's network adds to the host's."""
    shown = ("ip -br link", "ip -br addr", "ip route", "ip rule", "ip neigh show proxy")
    return "".join(host.run(command).out for command in shown)


def test_host_and_lan_reach_it_and_it_reaches_them(web: TestHost) -> None:
    assert (page(web), page(web.lan)) == ("web\n", "web\n")
    for machine, address in ((web, "192.0.2.10"), (web.lan, "192.0.2.1")):
        with machine.start(f"listen {address}:8000") as listener:
            listener.expect("listening")
            assert inside(web, f"ask {address}:8000") == f"{address}:8000\n"


def test_two_of_them_reach_each_other_and_a_guest_in_the_shared_network(web: TestHost) -> None:
    make(web, "mail", IPROOT="192.0.2.30")
    make(web, "shop", IPROOT="192.0.2.40", S_FLAGS="")
    for name in ("mail", "shop"):
        assert web.run(f"vserver --silent {name} start").err == ""
    for name, target in (("mail", "192.0.2.20"), ("shop", "192.0.2.20"), ("web", "192.0.2.30")):
        assert page_from(web, name, target) in ("web\n", "mail\n")
    assert page_from(web, "web", "192.0.2.40") == "shop\n"


def test_further_addresses_on_any_device_are_on_one_inside(host: TestHost) -> None:
    assert host.run("ip link add eth1 type veth peer name lan1 && ip link set eth1 up").status == 0
    make(host, "web", IPROOT="192.0.2.20 eth1:198.51.100.7/28 192.0.2.21")
    assert host.run("vserver --silent web start").err == ""
    shown = inside(host, "ip addr | awk '/inet .*eth0/ {print $2, $4, $NF}'")
    assert shown.splitlines() == [
        "192.0.2.20/24 192.0.2.255 eth0:web",
        "198.51.100.7/28 198.51.100.15 eth0:web1",
        "192.0.2.21/24 192.0.2.255 eth0:web2",
    ]
    for address in ("192.0.2.20", "192.0.2.21", "198.51.100.7"):
        assert page(host, address) == "web\n"
    assert page(host.lan, "192.0.2.21") == "web\n"
    assert "198.51.100.7 dev eth1" in host.run("ip neigh show proxy").out


@pytest.mark.parametrize("end", ["vserver --silent web stop", "kill"])
def test_nothing_stays(host: TestHost, end: str) -> None:
    make(host, "web")
    before = traces(host)
    assert host.run("vserver --silent web start").err == ""
    assert "vs49152" in traces(host)
    if end == "kill":
        host.run(["kill", "-9", *members(host)])
        eventually(lambda: "vs49152" not in traces(host), "the device dies with process 1")
        assert page(host.lan) == ""
        end = "vserver --silent web stop"
    assert host.run(end).status == 0
    assert traces(host) == before


def test_it_starts_again_at_once(web: TestHost) -> None:
    for _ in range(3):
        result = web.run("vserver --silent web restart")
        assert (result.status, result.err) == (0, "")
        assert page(web.lan) == "web\n"


def test_an_alias_of_the_time_before_is_taken_off(host: TestHost) -> None:
    make(host, "web")
    assert host.run("ip addr add 192.0.2.20/24 label eth0:web dev eth0").status == 0
    assert host.run("vserver --silent web start").err == ""
    assert "192.0.2.20" not in host.run("ip addr show eth0").out
    assert page(host.lan) == "web\n"


def test_a_running_guest_stays_in_the_network_it_was_started_in(host: TestHost) -> None:
    make(host, "web", S_FLAGS="")
    host.run("vserver --silent web start")
    write_conf(host, "web", {"IPROOT": ADDRESS, "IPROOTDEV": "eth0", "S_FLAGS": "netns"})
    assert "eth0:web" in host.run("ip addr show eth0").out
    assert (
        inside(host, "ask 192.0.2.20:80 192.0.2.10 2>&1")
        == "ask: Cannot assign requested address\n"
    )
    assert host.run("vserver --silent web stop").status == 0
    assert "eth0:web" not in host.run("ip addr show eth0").out


def test_a_stopped_guest_has_it_for_exec(host: TestHost) -> None:
    make(host, "web")
    assert inside(host, "ip -o link | wc -l") == "2\n"


def test_an_init_of_its_own_has_it(host: TestHost) -> None:
    conf = {"IPROOT": ADDRESS, "IPROOTDEV": "eth0", "S_FLAGS": "fakeinit netns"}
    busybox.make(host, "web", layout="fakeinit", conf=conf)
    assert host.run("vserver --silent web start").err == ""
    assert inside(host, "ip -o link | wc -l") == "2\n"
    assert host.run("ping -c 1 -w 5 192.0.2.20").status == 0


@pytest.mark.parametrize(
    "command",
    [
        "ip addr add 192.0.2.99/24 dev eth0",
        "ip link set lo down",
        "ip route del default",
        "listen 192.0.2.10:80",
        "listen 192.0.2.99:80",
        "ping -c 1 192.0.2.10",
        "echo 1 >/proc/sys/net/ipv4/ip_forward",
    ],
)
def test_root_inside_cannot_change_it(web: TestHost, command: str) -> None:
    result = web.run(["vserver", "--silent", "web", "exec", "sh", "-c", command])
    assert result.status != 0
    assert result.out in ("", "PING 192.0.2.10 (192.0.2.10): 56 data bytes\n")


def test_a_foreign_address_does_not_get_out(web: TestHost) -> None:
    """Should the guest get one by some hole in its own walls."""
    pid = members(web)[0]
    assert web.run(f"nsenter -t {pid} -n ip addr add 192.0.2.99/32 dev eth0").status == 0
    with web.lan.start("listen -u 192.0.2.1:8000") as listener:
        listener.expect("listening")
        assert inside(web, "ask -u 192.0.2.1:8000 192.0.2.20") == "192.0.2.1:8000\n"
        assert inside(web, "ask -u 192.0.2.1:8000 192.0.2.99 2>&1 || true").startswith("ask: ")


def test_the_neighbours_of_the_machine_are_not_its_to_fill(web: TestHost) -> None:
    """The kernel has one table of them for all namespaces."""
    inside(web, "for i in $(seq 100 120); do ask -u 192.0.2.$i:9 & done 2>/dev/null; wait")
    pid = members(web)[0]
    assert len(web.run(f"nsenter -t {pid} -n ip neigh").out.splitlines()) <= 3


@pytest.mark.parametrize(
    ("conf", "message"),
    [
        ({"IPROOT": "ALL"}, "IPROOT: ALL and S_FLAGS netns exclude each other"),
        (
            {"IPROOT": "192.0.2.10"},
            "IPROOT: 192.0.2.10: S_FLAGS netns takes an address that is not the host's",
        ),
        (
            {"IPROOT": ADDRESS, "IPROOTDEV": ""},
            "IPROOT: 192.0.2.20: S_FLAGS netns takes a device of the host to be reached by"
            " (IPROOTDEV)",
        ),
    ],
)
def test_addresses_that_cannot_be_moved_stop_the_start(
    host: TestHost, conf: dict[str, str], message: str
) -> None:
    make(host, "web", **conf)
    before = traces(host)
    assert host.run("vserver --silent web start") == (1, "", f"{message}\n")
    assert host.run("vserver web running").status == 1
    assert traces(host) == before


def test_an_address_that_another_has_stays_with_it(web: TestHost) -> None:
    before = traces(web)
    make(web, "mail", IPROOT=f"{ADDRESS} 192.0.2.30")
    result = web.run("vserver --silent mail start")
    failure = f"vserver: cannot route {ADDRESS} on eth0 in 'mail': another vserver has it\n"
    assert (result.status, result.err) == (0, failure)
    assert page(web.lan, "192.0.2.30") == "mail\n"
    assert web.run("vserver --silent mail stop").status == 0
    assert traces(web) == before
    assert page(web.lan) == "web\n"


def test_an_alias_does_not_take_its_address(web: TestHost) -> None:
    make(web, "shop", S_FLAGS="")
    failure = f"vserver: cannot set eth0:shop to {ADDRESS}: another vserver has it, on vs49152\n"
    assert failure in web.run("vserver --silent shop start").err
    assert page(web.lan) == "web\n"


def test_what_is_wrong_with_one_address_does_not_concern_the_next(host: TestHost) -> None:
    make(host, "web", IPROOT="192.0.2.20 eth9:192.0.2.22 192.0.2.20 192.0.2.21")
    result = host.run("vserver --silent web start")
    assert (result.status, result.err.splitlines()) == (
        0,
        [
            "vserver: cannot set eth0:web2 to 192.0.2.20: it is there as eth0:web",
            "vserver: cannot route 192.0.2.22 on eth9 in 'web': No such device",
        ],
    )
    assert (page(host.lan), page(host.lan, "192.0.2.21")) == ("web\n", "web\n")


def test_a_name_that_is_too_long_for_a_label(host: TestHost) -> None:
    """The address is on the device as its own, then."""
    make(host, "twelve-chars")
    result = host.run("vserver --silent twelve-chars start")
    assert (result.status, result.err) == (0, "")
    shown = host.run("vserver --silent twelve-chars exec ip addr show eth0").out
    assert "inet 192.0.2.20/24 brd 192.0.2.255 scope global noprefixroute eth0\n" in shown
    assert page(host.lan) == "twelve-chars\n"


def test_packets_are_as_long_as_those_of_the_host(host: TestHost) -> None:
    """Where eth0 takes less, as in an overlay network, each longer one would come back."""
    host.run("ip link set eth0 mtu 1400")
    make(host, "web")
    assert host.run("vserver --silent web start").err == ""
    assert "mtu 1400" in inside(host, "ip link show eth0")
    assert "mtu 1400" in host.run("ip link show vs49152").out


def test_a_device_of_the_name_that_is_somebody_elses(host: TestHost) -> None:
    host.run("ip link add vs49152 type veth peer name other")
    make(host, "web")
    result = host.run("vserver --silent web start")
    failure = "vserver: cannot set up the network in 'web': vs49152: File exists\n"
    assert (result.status, result.err) == (1, failure)
    assert host.run("ip link show vs49152").status == 0


def test_it_stays_in_reach_when_the_host_changes_its_own_address(web: TestHost) -> None:
    web.run("ip addr add 192.0.2.11/24 dev eth0; ip addr del 192.0.2.10/24 dev eth0")
    assert (page(web), page(web.lan)) == ("web\n", "web\n")
    assert web.run("vserver --silent web stop").status == 0
    assert "192.0.2.20" not in web.run("ip route; ip neigh show proxy").out


def test_it_is_in_reach_again_after_the_device_was_down(web: TestHost) -> None:
    shown = "ip neigh show proxy; ip route show 192.0.2.20"
    before = web.run(shown).out
    web.run("ip link set eth0 down; ip link set eth0 up")
    assert page(web.lan) == ""
    assert web.run("/usr/lib/vserver/routeschanged eth0 up") == (0, "", "")
    assert page(web.lan) == "web\n"
    assert web.run(shown).out == before


def test_no_address_is_no_network_but_loopback(host: TestHost) -> None:
    make(host, "web", IPROOT="0.0.0.0")
    assert host.run("vserver --silent web start").err == ""
    assert inside(host, "ip -o link | wc -l; wget -q -O - http://127.0.0.1/") == "1\nweb\n"


@pytest.mark.parametrize("call", ["unshare", "setns", "sendto"])
def test_a_network_that_cannot_be_made_stops_the_start(host: TestHost, call: str) -> None:
    make(host, "web")
    before = traces(host)
    fault = f"inject={call}:error=EPERM:when=1"
    result = host.run(f"strace -f -o /dev/null -qq -e {fault} vserver --silent web start")
    assert result.status != 0
    assert result.err.count("\n") == 1
    host.run("vserver --silent web stop")
    assert traces(host) == before
