"""The text of a case: sections, tables, and what a text with <words> matches."""
import json
import os
import re


class Section:
    def __init__(self, line, word, rest, body, source):
        self.line, self.word, self.rest, self.body, self.source = line, word, rest, body, source

    def table(self):
        """Rows of a table as dictionaries; the first line names the columns. Cells are parted by two spaces or more."""
        lines = [line for line in self.body.splitlines() if line.strip()]
        if not lines:
            return [], []
        columns = re.split(r"\s{2,}", lines[0].strip())
        rows = []
        for line in lines[1:]:
            cells = re.split(r"\s{2,}", line.strip())
            if len(cells) != len(columns):
                raise ValueError(f"{self.source}: the row '{line.strip()}' has {len(cells)} cells for {len(columns)} columns")
            rows.append(dict(zip(columns, cells)))
        return columns, rows


class Case:
    def __init__(self, path, opening, sections):
        self.path, self.opening, self.sections = path, opening, sections


def read_case(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    opening, *parts = re.split(r"^== ", text, flags=re.MULTILINE)
    if not opening.startswith("# ") or not opening.splitlines()[0].endswith("."):
        raise ValueError("a case opens with the sentence that it proves")
    sections, line = [], opening.count("\n") + 1
    for part in parts:
        head, _, body = part.partition("\n")
        words = re.sub(r"\s{2,}#.*", "", head).strip()
        word, _, rest = words.partition(" ")
        sections.append(Section(head, word, rest.strip(), body, f"{os.path.basename(path)}:{line}"))
        line += part.count("\n")
    return Case(path, opening, sections)


def write_case(case):
    with open(case.path, "w", encoding="utf-8") as file:
        file.write(case.opening + "".join(f"== {section.line}\n{section.body}" for section in case.sections))


def table_text(columns, rows):
    widths = [max([len(column)] + [len(row[at]) for row in rows]) for at, column in enumerate(columns)]
    lines = [columns, *rows]
    return "".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() + "\n" for line in lines) + "\n"


class Words:
    """`<word>` matches anything once, and the same later."""

    def __init__(self, known=None):
        self.known = dict(known or {})

    def fill(self, text):
        return re.sub(r"<([a-z][a-z0-9_]*)>", lambda found: self.known.get(found.group(1), found.group()), text)

    def matches(self, wanted, got):
        """`got` as the text `wanted` says; words that it had not met are learned."""
        pattern, names = "", []
        for piece in re.split(r"(<[a-z][a-z0-9_]*>)", wanted):
            name = piece[1:-1] if piece.startswith("<") and piece.endswith(">") else None
            if name is None:
                pattern += re.escape(piece)
            elif name in self.known:
                pattern += re.escape(self.known[name])
            elif name in names:
                pattern += f"(?P={name})"
            else:
                names.append(name)
                pattern += f"(?P<{name}>.*?)"
        found = re.fullmatch(pattern, got, re.DOTALL)
        if found:
            self.known.update(found.groupdict())
        return bool(found)

    def difference(self, wanted, got, at="the answer"):
        """What differs, or None. An object with the member "..." may have more members, a list that ends so more elements."""
        if isinstance(wanted, dict):
            if not isinstance(got, dict):
                return f"{at} should be an object, is {brief(got)}"
            for key, value in wanted.items():
                if key == "...":
                    continue
                if key not in got:
                    return f"{at}.{key} is missing"
                wrong = self.difference(value, got[key], f"{at}.{key}")
                if wrong:
                    return wrong
            more = set(got) - set(wanted)
            return None if "..." in wanted or not more else f"{at} has also {', '.join(sorted(more))}"
        if isinstance(wanted, list):
            if not isinstance(got, list):
                return f"{at} should be a list, is {brief(got)}"
            is_open = bool(wanted) and wanted[-1] == "..."
            exact = wanted[:-1] if is_open else wanted
            if len(got) < len(exact) or (len(got) > len(exact) and not is_open):
                return f"{at} should have {len(exact)} elements, has {len(got)}: {brief(got)}"
            for number, (one, other) in enumerate(zip(exact, got)):
                wrong = self.difference(one, other, f"{at}[{number}]")
                if wrong:
                    return wrong
            return None
        if isinstance(wanted, str) and "<" in wanted:
            text = got if isinstance(got, str) else json.dumps(got)
            return None if self.matches(wanted, text) else f"{at} should be {wanted}, is {brief(got)}"
        return None if wanted == got and isinstance(wanted, bool) == isinstance(got, bool) else f"{at} should be {wanted!r}, is {brief(got)}"


def brief(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 300 else text[:300] + "…"
