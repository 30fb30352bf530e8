"""Changing single settings in the text of a configuration file, which stays as it is else.

The files are shell programs: a setting that is computed is not found here. An assignment is a
line of its own, wherever it stands in the line (profiles are indented, 0.22).
"""

from __future__ import annotations

import re

_PROFILE_PROD = re.compile(r"(?ms)^[ \t]*prod\)(.*?)^[ \t]*(?:;;|esac)")


def assign(text: str, variable: str, value: str) -> str:
    """``text`` with ``variable`` set to the plain word ``value``, added where it is not set."""
    changed, count = _pattern(variable).subn(rf'\g<1>{variable}="{value}"', text)
    if count:
        return changed
    return f'{text.rstrip()}\n{variable}="{value}"\n' if text.strip() else f'{variable}="{value}"\n'


def assign_in_profile(text: str, variable: str, value: str) -> str:
    """As ``assign``, in the profile prod alone if the configuration has that."""
    profile = _PROFILE_PROD.search(text)
    if profile is None or not _pattern(variable).search(profile[1]):
        return assign(text, variable, value)
    start, end = profile.span(1)
    return text[:start] + assign(profile[1], variable, value) + text[end:]


def replace(text: str, variable: str, value: str) -> str:
    """``text`` with ``variable`` set to ``value`` wherever it is set already."""
    return _pattern(variable).sub(rf'\g<1>{variable}="{value}"', text)


def remove(text: str, variable: str) -> str:
    """``text`` without the assignments of ``variable``."""
    return re.sub(rf"(?m)^[ \t]*(?:export[ \t]+)?{variable}=.*\n?", "", text)


def _pattern(variable: str) -> re.Pattern[str]:
    return re.compile(rf"(?m)^([ \t]*(?:export[ \t]+)?){variable}=.*$")
