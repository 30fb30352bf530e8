"""Aliases on a host that has addresses and other guests' aliases of its own; ip(8) looks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from testhost import Result, TestHost

# what vserver(8) does about addresses at start and stop
DRIVER = """
import sys
sys.path.append("/usr/lib/vserver/python")
from vserver import aliases, config
name, action = sys.argv[1:]
settings = config.read(name)
if action == "addresses":
    print(aliases.addresses(settings, name))
else:
    for failure in getattr(aliases, action)(settings, name, verbose=print):
        print(failure, file=sys.stderr)
"""

OWN = "eth0 192.0.2.10/24 192.0.2.255"


def configure(host: TestHost, name: str, **settings: str) -> None:
    lines = [f'{variable}="{value}"\n' for variable, value in settings.items()]
    host.write(f"/etc/vservers/{name}.conf", "".join(lines))


def drive(host: TestHost, name: str, action: str) -> Result:
    return host.run(["/usr/bin/python3", "-IS", "-c", DRIVER, name, action])


def up(host: TestHost, name: str, **settings: str) -> Result:
    configure(host, name, **settings)
    result = drive(host, name, "set_up")
    assert result.status == 0, result
    return result


def down(host: TestHost, name: str) -> Result:
    result = drive(host, name, "tear_down")
    assert result.status == 0, result
    return result


def on_host(host: TestHost, device: str = "eth0") -> list[str]:
    """``LABEL ADDRESS/LENGTH BROADCAST`` of each address."""
    shown = json.loads(host.run(f"ip -j -4 addr show {device}").out)
    return [
        f"{one['label']} {one['local']}/{one['prefixlen']} {one.get('broadcast', '-')}"
        for one in shown[0]["addr_info"]
    ]


class Case(NamedTuple):
    settings: dict[str, str]
    aliases: list[str]


CASES = {
    "mask and broadcast are the device's": Case(
        {"IPROOT": "192.0.2.20", "IPROOTDEV": "eth0"}, ["eth0:web 192.0.2.20/24 192.0.2.255"]
    ),
    "the device of an entry wins": Case(
        {"IPROOT": "eth0:192.0.2.20", "IPROOTDEV": "none"}, ["eth0:web 192.0.2.20/24 192.0.2.255"]
    ),
    "an entry's mask gives the broadcast too": Case(
        {"IPROOT": "10.1.2.3/255.255.0.0", "IPROOTDEV": "eth0", "IPROOTMASK": "255.0.0.0"},
        ["eth0:web 10.1.2.3/16 10.1.255.255"],
    ),
    "a prefix length is a mask": Case(
        {"IPROOT": "10.1.2.3/26", "IPROOTDEV": "eth0"}, ["eth0:web 10.1.2.3/26 10.1.2.63"]
    ),
    "IPROOTMASK leaves the device's broadcast": Case(
        {"IPROOT": "10.1.2.3", "IPROOTDEV": "eth0", "IPROOTMASK": "255.255.0.0"},
        ["eth0:web 10.1.2.3/16 192.0.2.255"],
    ),
    "IPROOTBCAST always counts": Case(
        {"IPROOT": "10.1.2.3/24", "IPROOTDEV": "eth0", "IPROOTBCAST": "10.1.9.9"},
        ["eth0:web 10.1.2.3/24 10.1.9.9"],
    ),
    "an entry's mask is not the next one's": Case(
        {"IPROOT": "10.1.2.3/16 192.0.2.20", "IPROOTDEV": "eth0"},
        ["eth0:web 10.1.2.3/16 10.1.255.255", "eth0:web1 192.0.2.20/24 192.0.2.255"],
    ),
    "skipped entries count for the number": Case(
        {"IPROOT": "192.0.2.20 0.0.0.0 192.0.2.21", "IPROOTDEV": "eth0"},
        ["eth0:web 192.0.2.20/24 192.0.2.255", "eth0:web2 192.0.2.21/24 192.0.2.255"],
    ),
    "a host name is looked up": Case(
        {"IPROOT": "www.example.com", "IPROOTDEV": "eth0"}, ["eth0:web 192.0.2.30/24 192.0.2.255"]
    ),
    "unrestricted": Case({"IPROOT": "0.0.0.0", "IPROOTDEV": "eth0"}, []),
    "all addresses": Case({"IPROOT": "ALL 192.0.2.20", "IPROOTDEV": "eth0"}, []),
    "none": Case({"IPROOT": "", "IPROOTDEV": "eth0"}, []),
    "no device": Case({"IPROOT": "192.0.2.20"}, []),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_set_up_and_tear_down(host: TestHost, case: Case) -> None:
    host.run("echo 192.0.2.30 www.example.com >>/etc/hosts")
    assert up(host, "web", **case.settings).err == ""
    assert sorted(on_host(host)) == sorted([OWN, *case.aliases])
    assert down(host, "web").err == ""
    assert on_host(host) == [OWN]


def test_a_device_without_an_address_gives_the_mask_of_the_class(host: TestHost) -> None:
    host.run("ip link add dev1 type veth peer name peer1 && ip link set dev1 up")
    up(host, "web", IPROOT="dev1:10.1.2.3 dev1:172.16.2.3 dev1:192.168.2.3")
    assert on_host(host, "dev1") == [
        "dev1:web 10.1.2.3/8 10.255.255.255",
        "dev1:web1 172.16.2.3/16 172.16.255.255",
        "dev1:web2 192.168.2.3/24 192.168.2.255",
    ]


def test_the_place_holder_of_a_vlan_device_gives_no_mask(host: TestHost) -> None:
    host.run("ip link add eth0.5 type veth peer name peer1 && ip link set eth0.5 up")
    host.run("ip addr add 127.0.0.1/8 brd + dev eth0.5")
    up(host, "web", IPROOT="eth0.5:192.168.2.3")
    assert on_host(host, "eth0.5")[1:] == ["eth0.5:web 192.168.2.3/24 192.168.2.255"]


def test_the_loopback_device_does_not_make_a_network_local(host: TestHost) -> None:
    up(host, "web", IPROOT="lo:203.0.113.5")
    assert on_host(host, "lo")[1:] == ["lo:web 203.0.113.5/32 203.0.113.5"]


@pytest.mark.parametrize(
    ("entry", "failure"),
    [
        ("none0:10.1.2.3", "cannot set none0:web to 10.1.2.3: No such device"),
        ("eth0:2001:db8::1", "IPROOT: Invalid IP number or host name: eth0:2001:db8::1"),
        ("eth0:", "IPROOT: Invalid IP number or host name: eth0:"),
        ("eth0:10.1", "eth0:web: Invalid IP number or host name: 10.1"),
        ("eth0:no.such.example", "eth0:web: Invalid IP number or host name: no.such.example"),
        ("eth0:10.1.2.3/33", "eth0:web: Invalid netmask: 33"),
        ("eth0:192.0.2.10", "cannot set eth0:web to 192.0.2.10: it is there as eth0"),
        ("eth0:192.0.2.99", "cannot set eth0:web to 192.0.2.99: it is there as eth0:other"),
        ("eth0:192.0.2.10/32", "cannot set eth0:web to 192.0.2.10: it is there as eth0"),
    ],
)
def test_a_failure_does_not_keep_the_next_entry_from_its_alias(
    host: TestHost, entry: str, failure: str
) -> None:
    host.write("/etc/resolv.conf", "nameserver 127.0.0.1\n")
    host.run("ip addr add 192.0.2.99/24 brd + dev eth0 label eth0:other")
    before = on_host(host)
    result = up(host, "web", IPROOT=f"{entry} eth0:192.0.2.21")
    assert result.err == failure + "\n"
    assert on_host(host) == [*before, "eth0:web1 192.0.2.21/24 192.0.2.255"]
    down(host, "web")
    assert on_host(host) == before


def test_an_address_that_is_listed_twice(host: TestHost) -> None:
    result = up(host, "web", IPROOT="eth0:192.0.2.20 eth0:192.0.2.20")
    assert result.err == "cannot set eth0:web1 to 192.0.2.20: it is there as eth0:web\n"
    assert on_host(host) == [OWN, "eth0:web 192.0.2.20/24 192.0.2.255"]


def test_a_label_is_not_cut(host: TestHost) -> None:
    result = up(host, "twelve-chars", IPROOT="eth0:192.0.2.20")
    assert result.err == (
        "cannot set eth0:twelve-chars to 192.0.2.20: the name has more than 15 characters\n"
    )
    assert on_host(host) == [OWN]


def test_an_alias_from_before_gets_the_right_mask(host: TestHost) -> None:
    host.run("ip addr add 192.0.2.20/32 dev eth0 label eth0:web")
    up(host, "web", IPROOT="eth0:192.0.2.20")
    assert on_host(host) == [OWN, "eth0:web 192.0.2.20/24 192.0.2.255"]


def test_an_alias_from_before_moves_to_the_new_address(host: TestHost) -> None:
    up(host, "web", IPROOT="eth0:192.0.2.20")
    up(host, "web", IPROOT="eth0:192.0.2.21")
    assert on_host(host) == [OWN, "eth0:web 192.0.2.21/24 192.0.2.255"]


def test_an_alias_that_is_right_stays_untouched(host: TestHost) -> None:
    up(host, "web", IPROOT="eth0:192.0.2.20")
    listens = "awk '$2 == 0 && $4 != \"00000000\"' /proc/net/netlink | grep -q ."
    with host.start("ip monitor address") as monitor:
        host.run(f"until {listens}; do sleep 0.01; done")
        up(host, "web", IPROOT="eth0:192.0.2.20")
        host.run("ip addr add 192.0.2.77/24 dev eth0")
        monitor.expect("192.0.2.77")
        assert "192.0.2.20" not in monitor.output[0]


def test_an_edited_configuration_does_not_keep_the_alias(host: TestHost) -> None:
    up(host, "web", IPROOT="eth0:192.0.2.20")
    configure(host, "web", IPROOT="eth0:192.0.2.21")
    down(host, "web")
    assert on_host(host) == [OWN]


@pytest.mark.parametrize("promote", ["0", "1"])
def test_the_first_alias_of_a_network_goes_alone(host: TestHost, promote: str) -> None:
    host.run(f"sysctl -w net.ipv4.conf.eth0.promote_secondaries={promote}")
    for name, address in (("one", "10.9.0.1"), ("two", "10.9.0.2"), ("six", "10.9.0.6")):
        up(host, name, IPROOT=f"eth0:{address}/24")
    host.run("ip addr add 10.9.0.7/24 dev eth0")
    down(host, "one")
    left = ["eth0:two 10.9.0.2/24 10.9.0.255", "eth0:six 10.9.0.6/24 10.9.0.255"]
    assert on_host(host) == [OWN, *left, "eth0 10.9.0.7/24 -"]


def test_an_alias_stays_when_the_host_changes_its_own_address(host: TestHost) -> None:
    """As dhclient does where no systemd has turned promote_secondaries on."""
    host.run("sysctl -w net.ipv4.conf.eth0.promote_secondaries=0")
    up(host, "web", IPROOT="eth0:192.0.2.20")
    host.run("ip addr del 192.0.2.10/24 dev eth0")
    assert on_host(host) == ["eth0:web 192.0.2.20/24 192.0.2.255"]


def test_settings_that_are_right_need_not_be_writable(host: TestHost) -> None:
    host.run("sysctl -w net.ipv4.conf.eth0.promote_secondaries=1")
    host.run("mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys")
    up(host, "web", IPROOT="eth0:192.0.2.20")
    assert down(host, "web").err == ""
    assert on_host(host) == [OWN]


def test_an_alias_is_set_where_settings_cannot_be_changed(host: TestHost) -> None:
    host.run("sysctl -w net.ipv4.conf.eth0.promote_secondaries=0")
    host.run("mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys")
    assert up(host, "web", IPROOT="eth0:192.0.2.20").err == ""
    assert on_host(host) == [OWN, "eth0:web 192.0.2.20/24 192.0.2.255"]


def test_a_label_with_several_addresses_is_cleared(host: TestHost) -> None:
    label = "dev eth0 label eth0:web"
    host.run(f"ip addr add 192.0.2.20/28 {label}; ip addr add 192.0.2.20/24 brd + {label}")
    up(host, "web", IPROOT="eth0:192.0.2.20")
    assert on_host(host) == [OWN, "eth0:web 192.0.2.20/24 192.0.2.255"]
    host.run(f"ip addr add 192.0.2.21/24 {label}")
    down(host, "web")
    assert on_host(host) == [OWN]


def test_guests_whose_labels_collide_keep_their_own(host: TestHost) -> None:
    up(host, "web", IPROOT="eth0:192.0.2.20 eth0:192.0.2.21")
    assert up(host, "web1", IPROOT="eth0:192.0.2.30").err == ""
    label = "eth0:web1 192.0.2.{}/24 192.0.2.255"
    assert on_host(host)[2:] == [label.format(21), label.format(30)]
    down(host, "web")
    assert on_host(host) == [OWN, label.format(30)]
    up(host, "web", IPROOT="eth0:192.0.2.20 eth0:192.0.2.21")
    down(host, "web1")
    assert on_host(host)[1:] == ["eth0:web 192.0.2.20/24 192.0.2.255", label.format(21)]


def test_many_guests_at_once(host: TestHost) -> None:
    for number in range(1, 21):
        configure(host, f"g{number}x", IPROOT=f"eth0:10.9.0.{number}/24")
    script = "for n in $(seq 20); do python3 -IS /tmp/driver g${n}x %s & done; wait"
    host.write("/tmp/driver", DRIVER)
    host.run(script % "set_up")
    assert sorted(on_host(host)) == sorted(
        [OWN, *(f"eth0:g{n}x 10.9.0.{n}/24 10.9.0.255" for n in range(1, 21))]
    )
    host.run(script % "tear_down")
    assert on_host(host) == [OWN]


def test_what_would_be_done_is_shown(host: TestHost) -> None:
    result = up(host, "web", IPROOT="eth0:10.1.2.3/26 192.0.2.20", IPROOTDEV="eth0")
    assert result.out == (
        "/sbin/ifconfig eth0:web 10.1.2.3 netmask 255.255.255.192 broadcast 10.1.2.63\n"
        "/sbin/ifconfig eth0:web1 192.0.2.20 netmask 255.255.255.0 broadcast 192.0.2.255\n"
    )
    assert down(host, "web").out == (
        "/sbin/ifconfig eth0:web down\n/sbin/ifconfig eth0:web1 down\n"
    )


def test_a_vlan_device_that_cannot_be_made(host: TestHost) -> None:
    if host.run("ip link add link eth0 name eth0.231 type vlan id 231").status == 0:
        pytest.skip("this kernel has VLAN devices")
    result = up(host, "web", IPROOT="eth0.231:192.0.2.20")
    assert result.out == "/sbin/vconfig add eth0 231\n/sbin/ifconfig eth0.231 127.0.0.1\n"
    assert result.err == (
        "cannot create eth0.231: Operation not supported (is there a module 8021q?)\n"
    )
    assert "eth0.231" not in host.run("ip link").out


def test_a_vlan_device_is_made(host: TestHost) -> None:
    if host.run("ip link add link eth0 name probe type vlan id 9").status != 0:
        pytest.skip("this kernel has no VLAN devices")
    assert up(host, "web", IPROOT="eth0.231:192.168.2.3").err == ""
    assert on_host(host, "eth0.231") == [
        "eth0.231 127.0.0.1/8 127.255.255.255",
        "eth0.231:web 192.168.2.3/24 192.168.2.255",
    ]
    assert "UP" in host.run("ip link show eth0.231").out
    down(host, "web")
    assert on_host(host, "eth0.231") == ["eth0.231 127.0.0.1/8 127.255.255.255"]


@pytest.mark.parametrize(
    ("settings", "operands", "broadcast"),
    [
        ({"IPROOT": ""}, ["0.0.0.0"], "255.255.255.255"),
        ({"IPROOT": "0.0.0.0", "IPROOTDEV": "eth0"}, ["0.0.0.0"], "255.255.255.255"),
        (
            {"IPROOT": "ALL", "IPROOTBCAST": "10.1.9.9"},
            ["127.0.0.1/255.0.0.0", "192.0.2.10/255.255.255.0"],
            "10.1.9.9",
        ),
        (
            {"IPROOT": "eth0:192.0.2.20 10.1.2.3/16"},
            ["192.0.2.20/255.255.255.0", "10.1.2.3/16"],
            "192.0.2.255",
        ),
        (
            {"IPROOT": "10.1.2.3 0.0.0.0", "IPROOTDEV": "eth0", "IPROOTMASK": "255.255.0.0"},
            ["10.1.2.3/255.255.0.0", "0.0.0.0"],
            "192.0.2.255",
        ),
        (
            {"IPROOT": "10.1.2.3 www.example.com"},
            ["10.1.2.3", "www.example.com"],
            "255.255.255.255",
        ),
        ({"IPROOT": "a:b:c eth0:10.1.2.3/99"}, ["10.1.2.3/99"], "255.255.255.255"),
    ],
)
def test_what_chbind_gets(
    host: TestHost, settings: dict[str, str], operands: list[str], broadcast: str
) -> None:
    configure(host, "web", **settings)
    assert drive(host, "web", "addresses").out == f"{(operands, broadcast)}\n"


def test_a_guest_with_no_valid_address_does_not_get_all(host: TestHost) -> None:
    configure(host, "web", IPROOT="2001:db8::1")
    result = drive(host, "web", "addresses")
    assert result.status != 0
    assert "IPROOT: Invalid IP number or host name: 2001:db8::1" in result.err
