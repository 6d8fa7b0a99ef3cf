"""The installed package works by itself: installed.py DIRECTORY VERSION, where DIRECTORY is the one it was installed in. Run by make installcheck."""

import pathlib
import sys
import tempfile
from datetime import datetime, timedelta, timezone

import municipal
from municipal import fields

where, version = sys.argv[1:]
for module in (municipal, municipal.errors, municipal.fields, sys.modules["municipal.native"], sys.modules["municipal._native"]):
    path = pathlib.Path(module.__file__).resolve()
    assert pathlib.Path(where).resolve() in path.parents, f"{module.__name__} comes from {path}"
assert municipal.version() == municipal.__version__ == version, municipal.version()
with tempfile.TemporaryDirectory() as directory:
    now = datetime(2026, 11, 21, 9, 0, tzinfo=timezone(timedelta(hours=9)))
    with municipal.Store.create(pathlib.Path(directory) / "s.db", test=True, now=now) as store:
        session = store.session("admin", application="installed")
        ticket = session.create("ticket", {fields.TICKET.TYPE: "incident", fields.TICKET.SUBJECT: "印刷できない", fields.TICKET.CATEGORY: "hardware"})
        assert ticket["number"] == "INC-2026-00001", ticket
        assert session.count({"kind": "ticket", "words": "印刷"}) == 1
        try:
            session.get("ticket", 1 << 40)
        except municipal.NotFoundError:
            pass
        else:
            raise AssertionError("what is not there was found")
print(f"installed: in Python: {municipal.version()} {ticket['number']}")
