"""What CONTRIBUTING.md promises and a machine can check. Each rule takes the text of one file and
returns what is wrong with it as (line number, reason); `test_rules.py` applies them to the
repository and shows each of them a text that it must refuse.
"""

from __future__ import annotations

import re

Fault = tuple[int, str]

_DECLARATION = re.compile(r"\b(func|init|deinit|subscript)\b")
_UNSAFE = re.compile(r"(?<![\w@(.])unsafe(?=[ \n])")
_CASE_DEFAULT = re.compile(r"^\s*(@unknown )?default:")
_LIMIT = re.compile(r"\blet \w*(Max|Min)\b(: \w+)? = [-\d]")
_RETYPED_LIMIT = re.compile(r'"[^"]*\b(at most|not 1…|up to) ?\d')
_TIMED = re.compile(
    r"#(expect|require)\(.*("
    r"\bclock\b|Clock|elapsed|\bwait\b|<=? *\.(nano|micro|milli)?seconds\()"
)
_MEASURED = re.compile(r"\d ?(µs|ns)\b|\d requests/s|\d/s\b")
_COMMAND = re.compile(
    r"`[^`]*(tessera-\w+|Tools/\w+|Tests/\w+|python -m|valgrind|strace)[^`]*`"
    r"|^\s*(\.build/|Tools/)",
    re.MULTILINE,
)
_TARGET = re.compile(r"\bbudgets?\b|\btargets?\b|\bat most\b")


def _code(line: str) -> str:
    """The line without strings and comments."""
    return re.sub(r"//.*", "", re.sub(r'"(\\.|[^"\\])*"', '""', line))


def _comment(line: str) -> str:
    """The plain comment of a line. Documentation says what callers get, not why it may be done."""
    found = re.search(r"(?<![:/])//(?!/)(.*)", re.sub(r'"(\\.|[^"\\])*"', '""', line))
    return found.group(1).strip() if found else ""


def unsafe_without_reason(text: str) -> list[Fault]:
    """Every `unsafe` has its reason: a plain comment on its line, at most eight lines above in the
    same function, or directly above the function. A comment with the word unsafe covers all that
    follows in its top-level declaration."""
    faults: list[Fault] = []
    lines = text.split("\n")
    is_covered = False
    for index, line in enumerate(lines):
        if line == "}":
            is_covered = False
        if "unsafe" in _comment(line):
            is_covered = True
        if _UNSAFE.search(_code(line)) and not is_covered and not _has_reason(lines, index):
            faults.append((index + 1, "unsafe without a reason"))
    return faults


def _has_reason(lines: list[str], index: int) -> bool:
    if _comment(lines[index]):
        return True
    for above in range(index - 1, max(-1, index - 9), -1):
        if _comment(lines[above]):
            return True
        if _DECLARATION.search(_code(lines[above])):
            before = [line for line in lines[:above] if not line.strip().startswith("@")]
            return bool(before) and _comment(before[-1]) != ""
    return False


def default_without_reason(text: str) -> list[Fault]:
    """A `default:` hides the next case, so it says beside or above why the set is open."""
    lines = text.split("\n")
    return [
        (index + 1, "default: without a reason; list the cases, or say why the set is open")
        for index, line in enumerate(lines)
        if _CASE_DEFAULT.search(_code(line))
        and not _comment(line)
        and not (index > 0 and _comment(lines[index - 1]))
    ]


def limit_outside_limits(text: str) -> list[Fault]:
    """A limit stands in its module's limits file, so that all of them are read in one place."""
    return [
        (index + 1, "a limit outside of the module's Limits.swift")
        for index, line in enumerate(text.split("\n"))
        if _LIMIT.search(_code(line))
    ]


def limit_retyped(text: str) -> list[Fault]:
    """A message takes its limit from the constant."""
    return [
        (index + 1, "a limit typed into a message; interpolate the constant")
        for index, line in enumerate(text.split("\n"))
        if _RETYPED_LIMIT.search(line) and "@Option" not in line and "help:" not in line
    ]


def timed_expectation(text: str) -> list[Fault]:
    """Timing goals live in benchmarks: an expectation never depends on how fast the machine is."""
    return [
        (index + 1, "an expectation about time; measure it in a benchmark")
        for index, line in enumerate(text.split("\n"))
        if _TIMED.search(_code(line))
    ]


def figure_without_command(text: str) -> list[Fault]:
    """A measured figure stands with the command that makes it, in the same paragraph or table."""
    faults: list[Fault] = []
    line = 1
    section_has_command = False
    blocks = re.split(
        r"(\n\s*\n)", re.sub(r"```.*?```", lambda m: "\n" * m[0].count("\n"), text, flags=re.DOTALL)
    )
    for block in blocks:
        if block.startswith("#"):
            section_has_command = False
        is_table = block.lstrip().startswith("|")
        has_command = bool(_COMMAND.search(block)) or (is_table and section_has_command)
        if _MEASURED.search(block) and not has_command and not _TARGET.search(block):
            faults.append((line, f"a figure without its command: {block.strip()[:60]!r}"))
        if block.strip():
            section_has_command = bool(_COMMAND.search(block))
        line += block.count("\n")
    return faults


def too_long(text: str, lines_max: int) -> list[Fault]:
    """A reader finds one subject in a file."""
    count = text.count("\n")
    return [(count, f"{count} lines, more than {lines_max}")] if count > lines_max else []
