"""Runs the conformance scenarios through the Python package. driver.py [DIRECTORY | FILE…]"""

import base64
import datetime
import json
import os
import re
import sys
import tempfile
import traceback
from typing import Any, Callable, Dict, List, Optional

import municipal

JST = datetime.timezone(datetime.timedelta(hours=9))


class Wrong(Exception):
    """An answer that is not the expected one."""


def plain(value: Any) -> Any:
    """What came out, as JSON writes it."""
    if isinstance(value, datetime.datetime):
        return value.astimezone(JST).strftime("%Y-%m-%dT%H:%M:%S+09:00").rjust(25, "0")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def fits(want: Any, got: Any, exact: bool) -> bool:
    if isinstance(want, dict):
        if len(want) == 1:
            (key, arg), = want.items()
            if key == "$any":
                return got is not None
            if key == "$length":
                return isinstance(got, (list, str, dict)) and len(got) == arg
            if key == "$contains":
                return isinstance(got, list) and all(any(fits(w, g, exact) for g in got) for w in arg)
            if key == "$begins":
                return isinstance(got, str) and got.startswith(arg)
            if key == "$text":
                return isinstance(got, str) and arg in got
        if not isinstance(got, dict):
            return False
        for key, value in want.items():
            if value == {"$absent": True}:
                if key in got:
                    return False
            elif key not in got or not fits(value, got[key], exact):
                return False
        return not exact or set(got) <= set(want)
    if isinstance(want, list):
        return isinstance(got, list) and len(want) == len(got) and all(fits(w, g, exact) for w, g in zip(want, got))
    return type(want) is type(got) and want == got


class World:
    def __init__(self, directory: str, beside: str) -> None:
        self.directory = directory
        self.beside = beside
        self.saved: Dict[str, Any] = {}
        self.store: Optional[municipal.Store] = None
        self.sessions: Dict[Any, municipal.Session] = {}
        self.calendar = municipal.Calendar()
        self.report: Optional[municipal.Report] = None

    def close(self) -> None:
        self.sessions.clear()
        if self.store is not None:
            self.store.close()

    def value(self, v: Any) -> Any:
        if isinstance(v, str) and v.startswith("$"):
            name, *path = v[1:].split(".")
            got = self.saved[name]
            for part in path:
                got = got[int(part)] if isinstance(got, list) else got[part]
            return got
        if isinstance(v, dict):
            if set(v) == {"$date"}:
                return datetime.date.fromisoformat(v["$date"])
            if set(v) == {"$time"}:
                return datetime.datetime.fromisoformat(v["$time"])
            return {k: self.value(x) for k, x in v.items()}
        if isinstance(v, list):
            return [self.value(x) for x in v]
        return v

    def path(self, name: str) -> str:
        return name if name == ":memory:" else os.path.join(self.beside if name.startswith("data/") else self.directory, name)

    def store_at(self, name: str) -> str:
        """The same for a store: a schema of the server where MUNI_TEST_SERVER names one, unless a step wrote a file of that name."""
        server = os.environ.get("MUNI_TEST_SERVER")
        if not server or os.path.exists(self.path(name)):
            return self.path(name)
        schema = re.sub("[^a-z0-9]", "_", f"{os.path.basename(self.directory)}_{name}".lower())
        return f"{server}{'&' if '?' in server else '?'}schema={schema}"

    def time(self, text: Optional[str]) -> Optional[datetime.datetime]:
        return None if text is None else datetime.datetime.fromisoformat(text)

    def session(self, step: Dict[str, Any]) -> municipal.Session:
        key = (step.get("as", "admin"), step.get("application", "conformance"), step.get("reason", ""))
        if key not in self.sessions:
            assert self.store is not None
            self.sessions[key] = self.store.session(key[0], application=key[1], reason=key[2])
        return self.sessions[key]

    def opened(self, store: municipal.Store) -> None:
        self.sessions.clear()
        self.store = store

    def do(self, step: Dict[str, Any]) -> Any:
        raw, s = step, {k: self.value(v) for k, v in step.items() if k not in ("expect", "error")}
        verb = s["do"]

        def given(*names: str) -> Dict[str, Any]:
            return {n: s[n] for n in names if n in s}

        cancel: Dict[str, Any] = {"progress": lambda *a: False} if s.get("cancel") else {}
        if "now" in s and verb != "create_store":
            assert self.store is not None
            self.store.now = self.time(s["now"])  # type: ignore[assignment]
        if verb == "write_file":
            data = base64.b64decode(s["base64"]) if "base64" in s else s["text"].encode()
            with open(self.path(s["path"]), "wb") as f:
                f.write(data)
            return None
        if verb == "read_file":
            with open(self.path(s["path"]), "rb") as f:
                return f.read().decode()
        if verb == "file_hex":
            with open(self.path(s["path"]), "rb") as f:
                return f.read().hex()
        if verb == "has_file":
            return os.path.exists(self.path(s["path"]))
        if verb == "version":
            return municipal.version()
        if verb == "version_number":
            return municipal.version_number()
        if verb == "describe":
            return municipal.describe(s.get("kind"))
        if verb == "wareki":
            return municipal.wareki(s["date"], **given("style"))
        if verb == "parse_date":
            return municipal.parse_date(s["text"], **given("column", "era"))
        if verb == "fiscal_year":
            return municipal.fiscal_year(s["date"])
        if verb == "calendar":
            self.calendar = municipal.Calendar(s.get("definition"))
            return None
        if verb == "is_open_day":
            return self.calendar.is_open_day(s["date"])
        if verb == "is_open_at":
            return self.calendar.is_open_at(self.time(s["at"]) if isinstance(s["at"], str) else s["at"])  # type: ignore[arg-type]
        if verb == "add_open_days":
            return self.calendar.add_open_days(s["date"], s["days"])
        if verb == "count_open_days":
            return self.calendar.count_open_days(s["from"], s["to"])
        if verb == "explain":
            return self.calendar.explain(s["date"])
        if verb == "holidays":
            return self.calendar.holidays(s["from"], s["to"])
        if verb == "create_store":
            now = {"now": self.time(s["now"])} if "now" in s else {}
            self.opened(municipal.Store.create(self.store_at(s.get("path", "city.db")), **given("admin", "admin_name", "test", "utc_offset"), **now))
            return None
        if verb == "open_store":
            self.opened(municipal.Store.open(self.store_at(s.get("path", "city.db")), **given("upgrade")))
            return None
        store = self.store
        assert store is not None, "no store"
        if verb == "close_store":
            store.close()
            return None
        if verb == "info":
            return store.info()
        if verb == "now":
            return store.now
        if verb == "set_now":
            store.now = self.time(s["at"])  # type: ignore[assignment]
            return None
        session = self.session(s)
        if verb == "session":
            return None
        if verb == "close_session":
            session.close()
            return None
        if verb in ("whoami", "begin", "commit", "rollback", "run_due", "doubt"):
            return getattr(session, verb)()
        if verb == "create":
            return session.create(s["kind"], s.get("rec", {}))
        if verb == "get":
            return session.get(s["kind"], s["id"], s.get("fields"))
        if verb == "find":
            return session.find(s["kind"], s["key"], s.get("fields"))
        if verb == "update":
            return session.update(s["kind"], s["id"], s.get("rec", {}), **given("rev"))
        if verb == "transition":
            return session.transition(s["kind"], s["id"], s["transition"], s.get("rec"), **given("rev"))
        if verb == "transitions":
            return session.transitions(s["kind"], s["id"])
        if verb in ("trash", "restore"):
            return getattr(session, verb)(s["kind"], s["id"], **given("rev"))
        if verb == "comment":
            return session.comment(s["kind"], s["id"], s["body"])
        if verb == "history":
            return list(session.history(s["kind"], s["id"]))
        if verb == "list":
            return list(session.list(s["query"]))
        if verb == "page":
            cursor = session.list(s["query"])
            rows = list(cursor)
            return {"rows": rows, "token": cursor.token}
        if verb == "count":
            query = dict(s["query"])
            if set(query) <= {"kind", "where", "words", "trash"}:
                return session.count(query.pop("kind"), **query, **given("most"))
            return session.count(query, **given("most"))
        if verb == "import":
            return session.import_csv(s["kind"], self.path(s["path"]), **given("charset", "columns", "on_error"), **cancel)
        if verb == "export":
            return session.export(s["query"], self.path(s["path"]), **given("format", "charset", "header", "formulas"), **cancel)
        if verb == "report":
            r = self.report = session.report(s["name"], s.get("params"))
            return {"rows": r.rows, "columns": r.columns, "values": [[r.value(i, j) for j in range(r.columns)] for i in range(r.rows)]}
        if verb == "drill":
            assert self.report is not None
            r = self.report
            cells = [(i, j) for i in range(r.rows) for j in range(r.columns)]
            return {"cells": len(cells), "wrong": sum(r.value(i, j) != session.count(r.query(i, j), most=-1) for i, j in cells)}
        if verb in ("cell", "render"):
            assert self.report is not None
            return self.report.query(s["row"], s["column"]) if verb == "cell" else self.report.render(s["format"], **given("lang"))
        if verb == "staff_plan":
            files = {n: self.path(s[n]) for n in ("units", "people") if n in s}
            return session.staff_plan(on=s["on"], **files, **given("profile", "charset"), **cancel)
        if verb == "plan_findings":
            return list(session.plan_findings(s["id"]))
        if verb == "plan_rows":
            return list(session.plan_rows(s["id"]))
        if verb == "plan_approve":
            return session.plan_approve(s["id"], s.get("note"))
        if verb == "plan_apply":
            return session.plan_apply(s["id"], **cancel)
        if verb == "audit_verify":
            return session.audit_verify(**cancel)
        if verb == "store_check":
            return session.store_check(**given("repair"), **cancel)
        if verb == "store_copy":
            return session.store_copy(self.store_at(s["path"]), **cancel)
        if verb == "store_digest":
            return session.store_digest(**cancel)
        if verb == "store_reindex":
            return session.store_reindex(**cancel)
        if verb == "store_statistics":
            return session.store_statistics()
        if verb == "store_vacuum":
            return session.store_vacuum()
        raise Wrong(f"no such verb: {raw['do']}")


def run(scenario: Dict[str, Any], beside: str) -> Optional[str]:
    """What went wrong, or None."""
    with tempfile.TemporaryDirectory() as directory:
        world = World(directory, beside)
        try:
            for number, step in enumerate(scenario["steps"], 1):
                try:
                    got = world.do(step)
                except municipal.Error as e:
                    found = {"en": str(e), "ja": e.message_ja, "code": e.name, "field": e.field, "kind": e.kind, "line": e.line, "record": e.record}
                    want = step.get("error")
                    if want is None or not fits(world.value(want), found, False):
                        return f"step {number} ({step['do']}): {found} {e}, expected {want or 'no error'}"
                    if not e.message_ja:
                        return f"step {number} ({step['do']}): no Japanese text"
                    continue
                if "error" in step:
                    return f"step {number} ({step['do']}): succeeded, expected {step['error']}"
                if "save" in step:
                    world.saved[step["save"]] = got
                if "expect" in step:
                    want = plain(world.value(step["expect"]))
                    if not fits(want, plain(got), step.get("exact", False)):
                        return "step %d (%s): got %s, expected %s" % (
                            number, step["do"], json.dumps(plain(got), ensure_ascii=False)[:2000], json.dumps(want, ensure_ascii=False)[:2000])
        except Exception:  # the driver's or the scenario's own fault
            return f"step {number} ({step['do']}): {traceback.format_exc()}"
        finally:
            world.close()
    return None


def main(arguments: List[str]) -> int:
    where = arguments or [os.path.dirname(os.path.abspath(__file__))]
    files: List[str] = []
    for w in where:
        files += sorted(os.path.join(w, n) for n in os.listdir(w) if n.endswith(".json")) if os.path.isdir(w) else [w]
    passed = failed = 0
    for name in files:
        with open(name, encoding="utf-8") as f:
            scenario = json.load(f)
        wrong = run(scenario, os.path.dirname(os.path.abspath(name)))
        print(f"{'FAILED' if wrong else 'passed'} {os.path.basename(name)}: {scenario['name']}" + (f"\n    {wrong}" if wrong else ""))
        passed, failed = passed + (not wrong), failed + bool(wrong)
    print(f"conformance Python: {passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
