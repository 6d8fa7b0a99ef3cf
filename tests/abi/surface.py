#!/usr/bin/env python3
"""What a program that was built yesterday relies on, compared with what was recorded: usage surface.py check|record SRCDIR [TABLE].

    functions.txt   every exported function with its version and the types of its prototype, and the types of callbacks
    constants.txt   every public constant with its value
    structs.def     every public structure with its size, and each member with its type and place (LP64)
    numbers.txt     numbers and codes that stores hold: errors, kinds, actions of the history, findings; what was given up stays, marked retired

`check` fails where something recorded has changed or is gone, and where something new is not recorded. `record` (make abi-record) adds what is new and
refuses what has changed; with ABI_BREAK=yes it writes that, too: before the first release only, or with a new soname.
Run in the build directory; CC, CXX and NM are asked for the rest.
"""
import os
import re
import subprocess
import sys
import tempfile

CC = os.environ.get("CC") or "cc"
CXX = os.environ.get("CXX", "")
NM = os.environ.get("NM") or "nm"
BUILT = "libmunicipal/include"


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def headers(src):
    top = f"{src}/libmunicipal/include"
    names = re.findall(r"^#include <(municipal/[a-z]+\.h)>", read(f"{top}/municipal.h"), re.M)
    return [f"{top}/{n}" for n in names] + [f"{BUILT}/municipal/names.h"]


def bare(text):
    """Without comments, and lines that go on joined."""
    return re.sub(r"\\\n", " ", re.sub(r"/\*.*?\*/", " ", text, flags=re.S))


def squeeze(text):
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(r"\* (?=\*)", "*", re.sub(r" ?\* ?", " *", text)).replace("( ", "(").replace(" )", ")")


def types(params):
    """The types of a list of parameters, without their names, which no program depends on."""
    out = []
    for p in params.split(","):
        words = squeeze(p)
        m = re.fullmatch(r"(.*[ *])[a-z_][a-z0-9_]*(\[\d*\])?", words)
        out.append(squeeze(m.group(1) + (m.group(2) or "")) if m and words not in ("void",) and m.group(1).strip() not in ("const", "struct", "") else words)
    return ", ".join(out)


def functions(src):
    version = {}
    node = None
    for line in read(f"{src}/libmunicipal/libmunicipal.map").split("\n"):
        m = re.match(r"(MUNICIPAL_[0-9.]+) *\{", line)
        node = m.group(1) if m else node
        m = re.match(r" *(muni_[a-z0-9_]+);", line)
        if m:
            version[m.group(1)] = node
    out = {}
    for h in headers(src):
        text = bare(read(h))
        for m in re.finditer(r"^MUNI_API\s+(.*?)\b(muni_\w+)\((.*?)\);", text, re.M | re.S):
            name = m.group(2)
            if name in version:
                out[name] = f"{version[name]} {squeeze(m.group(1))} {name}({types(m.group(3))})".replace("* muni_", "*muni_")
        for m in re.finditer(r"^typedef\s+([^;{}]*);", text, re.M | re.S):
            body = squeeze(m.group(1))
            c = re.match(r"(.*)\(\*(muni_\w+)\)\((.*)\)$", body)
            name = c.group(2) if c else body.split()[-1]
            out[name] = f"typedef {squeeze(c.group(1))} (*{name})({types(c.group(3))})" if c else f"typedef {body}"
    for name in sorted(set(version) - set(out)):
        sys.exit(f"abi: libmunicipal.map names {name}, of which no prototype was read")
    return out


def run(language, text, *options):
    """Compile and run a program; its lines."""
    with tempfile.TemporaryDirectory() as tmp:
        source = f"{tmp}/t.{'cc' if language == 'c++' else 'c'}"
        with open(source, "w", encoding="utf-8") as f:
            f.write(text)
        compiler = (CXX if language == "c++" else CC).split()
        subprocess.run(compiler + list(options) + [source, "-o", f"{tmp}/t"], check=True)
        env = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
        return subprocess.run([f"{tmp}/t"], check=True, stdout=subprocess.PIPE, env=env).stdout.decode().splitlines()


def includes(src):
    return [f"-I{src}/libmunicipal/include", f"-I{BUILT}"]


def constants(src):
    names = []
    for h in headers(src):
        for m in re.finditer(r"^#define (MUNI_[A-Z0-9_]+) +(\S.*)$", bare(read(h)), re.M):
            if not re.search(r"^\{|^__|extern", m.group(2)) and m.group(1) not in ("MUNI_END_DECLS",):
                names.append(m.group(1))
    program = ["#include <municipal.h>", "#include <stdio.h>",
               "static void text(const char *n, const char *v) { printf(\"%s \\\"%s\\\"\\n\", n, v); }",
               "static void number(const char *n, long long v) { printf(\"%s %lld\\n\", n, v); }",
               "#define P(x) _Generic((x), char *: text, const char *: text, default: number)(#x, x);", "int main(void) {"]
    lines = run("c", "\n".join(program + [f"P({n})" for n in sorted(set(names))] + ["return 0; }"]), "-std=c11", *includes(src))
    return {line.split(" ", 1)[0]: line for line in lines}


def structs(src):
    """structure → [(member, type)], as the headers declare them."""
    out = {}
    for h in headers(src):
        for m in re.finditer(r"typedef struct (muni_\w+) \{(.*?)\} (muni_\w+);", bare(read(h)), re.S):
            members = []
            for d in m.group(2).split(";"):
                d = squeeze(d)
                if d:
                    t = re.fullmatch(r"(.*[ *])(\w+)", d)
                    if not t:
                        sys.exit(f"abi: {m.group(1)}: cannot read the member \"{d}\"")
                    members.append((t.group(2), squeeze(t.group(1))))
            out[m.group(3)] = members
    return out


def member_key(line):
    m = re.match(r"(STRUCT|MEMBER)\((\w+), (\w+)", line)
    return m.group(2) if m.group(1) == "STRUCT" else f"{m.group(2)}.{m.group(3)}"


def layout(src):
    declared = structs(src)
    program = ["#include <municipal.h>", "#include <stdio.h>", "int main(void) {", "printf(\"%d\\n\", (int)(sizeof(void *) * 10 + sizeof(long)));"]
    for s, members in declared.items():
        program.append(f'printf("STRUCT({s}, %zu)\\n", sizeof({s}));')
        program += [f'printf("MEMBER({s}, {m}, {t}, %zu)\\n", offsetof({s}, {m}));' for m, t in members]
    lines = run("c", "\n".join(program + ["return 0; }"]), "-std=c11", *includes(src))
    if lines[0] != "88":
        return None
    return {member_key(line): line for line in lines[1:]}


def numbers(src):
    out = {}
    top = f"{src}/libmunicipal"
    tables = [read(f"{top}/kinds.def")] + [read(f"{top}/{m}") for m in re.findall(r'^#include "(.*\.def)"', read(f"{top}/kinds.def"), re.M)]
    for m in re.finditer(r"^MUNI_ERROR\((\w+), (-\d+),", read(f"{top}/core/errors.def"), re.M):
        out[f"error {m.group(1)}"] = f"error {m.group(1)} {m.group(2)}"
    for table in tables:
        for m in re.finditer(r"^MUNI_KIND\(\w+, (\d+), (\w+),", table, re.M):
            out[f"kind {m.group(2)}"] = f"kind {m.group(2)} {m.group(1)}"
    m = re.search(r"typedef enum muni__action \{(.*?)\}", read(f"{top}/model/model.h"), re.S)
    for i, name in enumerate(n.split("=")[0].strip() for n in m.group(1).split(",")):
        out[f"action {name}"] = f"action {name} {i + 1}"
    if not re.match(r"\s*MUNI__A_CREATE = 1,[^=]*$", m.group(1)):
        sys.exit("abi: the actions of the history no longer count from 1 without gaps; teach surface.py how they do")
    for m in re.finditer(r"^MUNI_FINDING\((\w+),", read(f"{top}/staff/findings.def"), re.M):
        out[f"finding {m.group(1)}"] = f"finding {m.group(1)} -"
    return out


SPACES = ["error", "kind", "action", "finding"]
KEYS = {
    "functions.txt": lambda line: re.search(r"(muni_\w+)\(|\(\*(muni_\w+)\)|(muni_\w+)$", line).group(0).strip("(*)"),
    "constants.txt": lambda line: line.split(" ", 1)[0],
    "structs.def": lambda line: member_key(line),
    "numbers.txt": lambda line: " ".join(line.split()[:2]),
}
HEADS = {
    "functions.txt": "# Exported functions and the types of callbacks, as tests/abi/surface.py writes them. Never edited by hand: make abi-record.\n",
    "constants.txt": "# Public constants and their values. Never edited by hand: make abi-record.\n",
    "structs.def": "/* Public structures where pointers and long have 64 bits. Never edited by hand: make abi-record. */\n",
    "numbers.txt": "# Numbers and codes that stores hold: make abi-record adds new ones. One that is given up stays, with the word retired behind it.\n",
}


def recorded(path, name):
    out = {}
    if os.path.exists(path):
        for line in read(path).split("\n"):
            if line and not line.startswith(("#", "/*")):
                out[KEYS[name](line)] = line
    return out


def compare(name, old, new):
    """Lists of what is wrong: changed or gone, and not recorded."""
    broken, unknown = [], []
    for key, line in old.items():
        if line.endswith(" retired"):
            if key in new:
                broken.append(f"{name}: {key} was retired and is back: give the new one another name")
            continue
        if key not in new:
            broken.append(f"{name}: gone: {line}" + ("; mark it retired" if name == "numbers.txt" else ""))
        elif new[key] != line:
            broken.append(f"{name}: was {line}\n{' ' * len(name)}   is {new[key]}")
    unknown = [f"{name}: new: {line}" for key, line in new.items() if key not in old]
    if name == "numbers.txt":
        taken = {}
        for line in list(old.values()) + [new[k] for k in new if k not in old]:
            space, what, number = line.split()[:3]
            if number != "-" and taken.setdefault((space, number), what) != what:
                broken.append(f"{name}: {space} {number} is {taken[space, number]}'s and is never used again; {what} needs another")
    return broken, unknown


def write(path, name, entries):
    lines = list(entries.values())
    if name == "numbers.txt":
        lines.sort(key=lambda line: (SPACES.index(line.split()[0]), abs(int(line.split()[2].strip("-") or 0)), line))
    elif name != "structs.def":  # these stand in the order of the declarations
        lines.sort()
    with open(path, "w", encoding="utf-8") as f:
        f.write(HEADS[name] + "".join(line + "\n" for line in lines))


def exported(src, wanted):
    """The library exports each function under the version that the script gives it."""
    so = os.environ.get("abi_library") or "libmunicipal/.libs/libmunicipal.so"
    out = subprocess.run(NM.split() + ["-D", "--defined-only", so], check=True, stdout=subprocess.PIPE).stdout.decode()
    there = dict(re.findall(r" T (muni_\w+)@@?(\w[\w.]*)$", out, re.M))
    want = {n: line.split()[0] for n, line in wanted.items() if line.startswith("MUNICIPAL_")}
    return [f"library: {n} is exported as {there.get(n, 'nothing')}, not {v}" for n, v in sorted(want.items()) if there.get(n) != v]


def laid_out(src):
    """structs.def holds in C99 and in C++, by the compiler's word."""
    wrong = 0
    with tempfile.TemporaryDirectory() as tmp:
        for compiler, std in ((CC, "-std=c99"), (CXX, "-std=c++11")):
            if not compiler:
                continue
            path = f"{src}/tests/abi/layout.c"
            done = subprocess.run(compiler.split() + [std, *(["-x", "c++"] if "++" in std else []), "-Wall", "-Wextra", "-Werror", *includes(src), f"-I{src}/tests/abi", "-c", path,
                                                      "-o", f"{tmp}/t.o"])
            wrong += done.returncode != 0
    return ["structs.def: does not hold, see above"] if wrong else []


def main():
    what, src = sys.argv[1:3]
    tables = {"functions.txt": (functions, 70), "constants.txt": (constants, 100), "structs.def": (layout, 10), "numbers.txt": (numbers, 50)}
    current = {name: read_table(src) for name, (read_table, _) in tables.items() if sys.argv[3:] in ([], [name])}
    for name, new in current.items():
        if new is not None and len(new) < tables[name][1]:
            sys.exit(f"abi: {name}: only {len(new)} found; surface.py no longer reads the source")
    broken, unknown = [], []
    for name, new in current.items():
        path = f"{src}/tests/abi/{name}"
        if new is None:
            print(f"abi: {name} speaks of machines with pointers of 64 bits; this is none")
            continue
        old = recorded(path, name)
        b, u = compare(name, old, new)
        if what == "record" and (not b or os.environ.get("ABI_BREAK") == "yes"):
            if u or b:
                write(path, name, {**{k: v for k, v in old.items() if v.endswith(" retired")}, **new})
                print(f"abi: {name}: {len(u)} new, {len(b)} changed or gone")
            continue
        broken += b
        unknown += u
    if what == "check":
        broken += exported(src, current["functions.txt"]) if "functions.txt" in current else []
        broken += laid_out(src) if "structs.def" in current else []
        unknown = [f"{u} (make abi-record)" for u in unknown]
    else:
        unknown = []
    for line in broken + unknown:
        print("abi:", line)
    print("abi:", ", ".join(f"{len(new or [])} in {name}" for name, new in current.items()))
    return 1 if broken or unknown else 0


if __name__ == "__main__":
    sys.exit(main())
