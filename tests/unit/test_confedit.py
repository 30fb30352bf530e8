"""Single settings in the text of a configuration file."""

from __future__ import annotations

from vserver import confedit

PROFILES = """\
case $PROFILE in
prod)
	IPROOT="192.0.2.1"
	;;
backup)
	IPROOT="192.0.2.2"
	;;
esac
"""


def test_assign_replaces_every_assignment() -> None:
    text = "IPROOT=a\n#IPROOT=b\n  export IPROOT=c\nXIPROOT=d\n"
    expected = 'IPROOT="n"\n#IPROOT=b\n  export IPROOT="n"\nXIPROOT=d\n'
    assert confedit.assign(text, "IPROOT", "n") == expected


def test_assign_adds_what_is_missing() -> None:
    assert confedit.assign("A=1", "ONBOOT", "no") == 'A=1\nONBOOT="no"\n'
    assert confedit.assign("", "ONBOOT", "no") == 'ONBOOT="no"\n'


def test_assign_in_profile_leaves_other_profiles() -> None:
    changed = confedit.assign_in_profile(PROFILES, "IPROOT", "n")
    assert changed == PROFILES.replace("192.0.2.1", "n")


def test_assign_in_profile_without_profiles() -> None:
    assert confedit.assign_in_profile("IPROOT=a\n", "IPROOT", "n") == 'IPROOT="n"\n'


def test_remove() -> None:
    assert confedit.remove("A=1\n  VSERVERDIR=/x\nB=2\n", "VSERVERDIR") == "A=1\nB=2\n"
