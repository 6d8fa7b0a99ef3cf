"""A small store of today's tables, kept as a fixture for the versions to come.

    PYTHONPATH=build/bindings/python python3 tests/tools/make_store.py tests/data/stores/v<version>.db

Everything a step of an upgrade may have to touch is in it: people and their accounts from an approved plan, tickets with comments, in
several states and in the trash, sealed and unsealed history, documents indexed and still queued.
Run it before the tables change, and keep the file: it cannot be made afterwards.
"""

import datetime
import os
import sqlite3
import sys

import municipal

JST = datetime.timezone(datetime.timedelta(hours=9))
DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "conformance", "data")


def fill(path: str) -> None:
    store = municipal.Store.create(path, test=True, now=datetime.datetime(2026, 11, 21, 9, tzinfo=JST))
    admin = store.session("admin", application="fixture", reason="見本")
    approver = admin.create("principal", login="shonin", name="承認者")
    admin.create("member", principal=approver["id"], group=admin.find("group", "approver")["id"])
    plan = admin.staff_plan(on=datetime.date(2026, 11, 21), units=os.path.join(DATA, "units.csv"), people=os.path.join(DATA, "people.csv"))
    store.session("shonin").plan_approve(plan["id"], note="確認した")
    admin.plan_apply(plan["id"])
    desk = admin.create("desk", code="helpdesk", name="ヘルプデスク")
    for i in range(1, 41):
        store.now = datetime.datetime(2026, 3, 30, 9, tzinfo=JST) + datetime.timedelta(days=6 * i)
        ticket = admin.create(
            "ticket", type="incident" if i % 3 else "inquiry", category=("hardware", "support", "other")[i % 3], desk=desk["id"],
            subject=f"印刷できない {i}", body=f"複合機{i}号機が停止した。ｴﾗｰ E-{i:03d}\n至急お願いします。", custom={"棟": "本庁"},
        )
        if i % 4 == 0:
            admin.comment("ticket", ticket["id"], f"トナーを交換した（{i}回目）")
        if i % 5 == 0:
            admin.update("ticket", ticket["id"], {"urgency": "high", "impact": "low", "body": None})
        if i % 9 == 0:
            admin.trash("ticket", ticket["id"])
    who = admin.whoami()["principal"]
    first = next(iter(admin.list("ticket", where={"field": "type", "op": "eq", "value": "incident"}, limit=1)))
    admin.transition("ticket", first["id"], "assign", {"assignee": who})
    admin.run_due()  # what is before here is indexed and sealed, what follows is not
    admin.create("ticket", type="incident", category="support", subject="封印されていない行", body="まだ索引にありません")
    admin.update("ticket", first["id"], {"subject": "件名を直した"})
    # leave as a process does that is killed: the queue and the unsealed rows stay
    sys.stdout.flush()
    os._exit(0)


def main() -> None:
    path = sys.argv[1]
    if os.fork() == 0:
        fill(path)
    if os.wait()[1]:
        sys.exit("the store could not be made")
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("VACUUM")
    db.close()
    for end in ("-wal", "-shm", "-queue"):
        if os.path.exists(path + end):
            os.unlink(path + end)


main()
