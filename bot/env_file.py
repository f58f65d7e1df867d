"""`.env`: single lines changed, everything else in it left as it stands."""

import os
import re
from pathlib import Path

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+=,-]*")


def change(file: Path, values: dict[str, str]) -> None:
    """Set these names, whole or not at all, readable by this user alone; what was there under them is replaced."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    left = dict(values)
    out = []
    for line in lines:
        name = _name(line)
        if name in values:
            if name in left:
                out.append(_line(name, left.pop(name)))
            continue
        out.append(line)
    out += [_line(name, value) for name, value in left.items()]
    fresh = file.with_name(file.name + ".new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as handle:
        handle.write("\n".join(out) + "\n")
    fresh.replace(file)


def _name(line: str) -> str:
    found = re.match(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=", line)
    return found.group(1).upper() if found else ""


def _line(name: str, value: str) -> str:
    """A line that is read back as it was: quoted where a sign in it would mean something."""
    if _PLAIN.fullmatch(value):
        return f"{name}={value}"
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"{name}='{escaped}'"
