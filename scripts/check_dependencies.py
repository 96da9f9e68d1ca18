"""Checks a dependency list against the licences, bans and sources of a cargo-deny file.

Standard input: lines of `name vVERSION [(source)]|licence`, as scripts/check-dependencies makes them.
"""

import re
import sys
import tomllib

with open(sys.argv[1], "rb") as file:
    rules = tomllib.load(file)
allowed = set(rules["licenses"]["allow"])
banned = {entry["crate"] for entry in rules["bans"]["deny"]}


def is_allowed(expression: str) -> bool:
    """Whether an SPDX expression can be met: every AND part has an allowed OR choice."""
    tokens = re.findall(r"\(|\)|\bAND\b|\bOR\b|[A-Za-z0-9.+-]+(?: WITH [A-Za-z0-9.-]+)?", expression.replace("/", " OR "))
    words = {"(": "(", ")": ")", "AND": "and", "OR": "or"}
    return bool(eval(" ".join(words.get(token, str(token in allowed)) for token in tokens), {"__builtins__": {}}))


complaints = []
packages = {line.strip() for line in sys.stdin if line.strip()}
for package in sorted(packages):
    described, _, licence = package.partition("|")
    name, version, *source = described.replace("(proc-macro)", "").split()
    if name in banned:
        complaints.append(f"{name} {version} is banned")
    if source and name != "novapulse":
        complaints.append(f"{name} {version} comes from {' '.join(source)}")
    if not licence or not is_allowed(licence):
        complaints.append(f"{name} {version} has licence \"{licence}\"")

for complaint in complaints:
    print(f"error: {complaint}")
print(f"{len(packages)} dependencies checked, {len(complaints)} complaints")
sys.exit(bool(complaints))
