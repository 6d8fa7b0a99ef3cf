#!/usr/bin/env python3
"""Asks of Doxygen's XML what Doxygen itself lets pass: usage check-tags.py <xml directory> <version script>.

Every exported function says since when it is there, how it may be used by threads, and what it answers; every status is
a code there is; every pointer that goes in or out says whose it is. Handles, callbacks and plain numbers need not. What is
documented is what the version script exports.
"""
import glob
import re
import sys
import xml.etree.ElementTree as ET

HANDLES = {"muni_db", "muni_session", "muni_rec", "muni_query", "muni_cursor", "muni_report", "muni_calendar"}
NUMBERS = {"int32_t", "int64_t", "size_t", "uint32_t", "uint64_t", "muni_status"}


def text(element):
    return "".join(element.itertext()).strip() if element is not None else ""


def needs_owner(index, kind, name):
    """Whether a parameter of this C type must begin with [owned] or [borrowed …]."""
    if "*" not in kind or name == "user":
        return False
    base = re.sub(r"\bconst\b|[*\s]", "", kind)
    if kind.count("*") == 1 and base in NUMBERS:
        return False
    return not (kind.count("*") == 1 and base in HANDLES and index == 0)


def check(function, codes):
    name = function.findtext("name")
    status = text(function.find("type")) == "muni_status"
    detail = function.find("detaileddescription")
    wrong = []
    if not text(function.find("briefdescription")):
        wrong.append("has no line that says what it does")
    if detail.find(".//simplesect[@kind='since']") is None:
        wrong.append("lacks @since")
    if not any(text(s.find("title")) == "Thread safety" and text(s.find("para")) for s in detail.iter("simplesect")):
        wrong.append("lacks @thread")
    retvals = [
        text(item) for block in detail.findall(".//parameterlist[@kind='retval']") for item in block.iter("parametername")
    ]
    for retval in retvals:
        if retval not in codes and retval not in ("MUNI_OK", "MUNI_ROW"):
            wrong.append(f"@retval {retval}: there is no such code")
    for retval in sorted({r for r in retvals if retvals.count(r) > 1}):
        wrong.append(f"@retval {retval} stands twice")
    if status:
        if not {"MUNI_OK", "MUNI_ROW"} & set(retvals):
            wrong.append("lacks @retval MUNI_OK")
        if not set(retvals) & codes:
            wrong.append("answers a status, and names no failure")
    elif retvals:
        wrong.append("has @retval and answers no status")
    documented = {
        text(n): text(item.find("parameterdescription"))
        for block in detail.findall(".//parameterlist[@kind='param']")
        for item in block.findall("parameteritem")
        for n in item.iter("parametername")
    }
    for index, param in enumerate(function.findall("param")):
        pname, kind = param.findtext("declname") or "", text(param.find("type"))
        if not kind or kind == "void":
            continue
        if not documented.get(pname):
            wrong.append(f"@param {pname} is missing")
        elif needs_owner(index, kind, pname) and not re.match(r"\[(owned|borrowed[^\]]*)\]", documented[pname]):
            wrong.append(f"@param {pname} ({kind}) must begin with [owned] or [borrowed …]")
    return [f"{name}: {w}" for w in wrong]


def main():
    functions, codes = [], set()
    for path in sorted(glob.glob(sys.argv[1] + "/*.xml")):
        for member in ET.parse(path).iter("memberdef"):
            name = member.findtext("name") or ""
            if member.get("kind") == "function" and name.startswith("muni_"):
                functions.append(member)
            elif member.get("kind") == "define" and re.fullmatch(r"MUNI_E[A-Z0-9]+", name):
                codes.add(name)
    wrong = [line for function in functions for line in check(function, codes)]
    with open(sys.argv[2], encoding="utf-8") as f:
        exported = set(re.findall(r"^ *#? *(muni_[a-z0-9_]+);", f.read(), re.M))
    documented = {function.findtext("name") for function in functions}
    wrong += [f"{name}: exported and not in the manual" for name in sorted(exported - documented)]
    wrong += [f"{name}: in the manual and not exported" for name in sorted(documented - exported)]
    for line in wrong:
        print("check-tags:", line)
    if len(functions) < 10 or len(codes) < 30:
        print(f"check-tags: only {len(functions)} functions and {len(codes)} codes found")
        return 1
    print(f"check-tags: {len(functions)} functions, {len(wrong)} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
