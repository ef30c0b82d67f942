"""Docstrings that explain every argument: what a class does not explain itself comes from its base classes."""

from __future__ import annotations

import inspect
import re

SECTIONS = ("Args", "Attributes", "Raises")
ORDER = ("Equation:", "Symbols:", "Args:", "Attributes:", "Raises:")
EARLIER = ("Equation:", "Symbols:", "Args:")  # what stands before a new section
_TITLE = re.compile(r"^[A-Z][a-z]+:$")
_ENTRY = re.compile(r"^    (\w+(?:, \w+)*): ")


class Documented:
    """A class whose docstring is completed by the arguments, attributes and errors that its bases explain."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.__doc__ is None:  # python -OO
            return
        cls.__doc__ = inspect.cleandoc(cls.__doc__)
        for title in SECTIONS:
            known = {name for names in entries(cls.__doc__, title) for name in names}
            more: dict[tuple[str, ...], str] = {}
            for base in cls.__mro__[1:]:
                if issubclass(base, Documented):
                    for names, text in entries(base.__doc__ or "", title).items():
                        if not known.issuperset(names):
                            more[names] = text
                            known.update(names)
            cls.__doc__ = _extended(cls.__doc__, title, "\n".join(more.values()))


def entries(doc: str, title: str) -> dict[tuple[str, ...], str]:
    """Names and text of the entries of a section of a docstring.

    Example:
        >>> entries('One sentence.\\n\\nArgs:\\n    a, b: two numbers,\\n        of any size.\\n    c: one.', "Args")
        {('a', 'b'): '    a, b: two numbers,\\n        of any size.', ('c',): '    c: one.'}
    """
    found: dict[tuple[str, ...], str] = {}
    names: tuple[str, ...] = ()
    lines = inspect.cleandoc(doc).splitlines()
    start = lines.index(f"{title}:") + 1 if f"{title}:" in lines else len(lines)
    for line in lines[start:]:
        if line and not line.startswith(" "):
            break
        match = _ENTRY.match(line)
        if match:
            names = tuple(match[1].split(", "))
            found[names] = line
        elif names and line.startswith("     "):
            found[names] += f"\n{line}"
    return found


def _extended(doc: str, title: str, text: str) -> str:
    """The docstring with more entries at the end of a section, which is added where it is missing."""
    if not text:
        return doc
    lines = doc.splitlines()
    if f"{title}:" not in lines:
        before = ORDER[: ORDER.index(f"{title}:")]
        later = [n for n, line in enumerate(lines) if _TITLE.match(line) and line not in before]
        place, gap = min(later, default=len(lines)), [] if later else [""]
        return "\n".join([*lines[:place], *gap, f"{title}:", text, "", *lines[place:]]).rstrip()
    first = lines.index(f"{title}:") + 1
    after = (n for n in range(first, len(lines)) if lines[n] and not lines[n].startswith(" "))
    end = next(after, len(lines) + 1)
    while not lines[end - 1 : end] or not lines[end - 1]:
        end -= 1
    return "\n".join([*lines[:end], text, *lines[end:]])
