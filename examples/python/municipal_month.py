#!/usr/bin/env python3
"""A month of an information-systems section, in Python: municipal_month.py INPUTS OUTPUTS

INPUTS holds org_before_cp932.csv, staff_before_cp932.csv and incidents.csv; into OUTPUTS go the store and the reports.
The programs in C and PHP do the same and print the same.
"""

from __future__ import annotations

import datetime
import json
import pathlib
import sys

import municipal
from municipal.fields import MEMBER, TICKET

JST = datetime.timezone(datetime.timedelta(hours=9))
START = datetime.datetime(2027, 3, 31, 9, 0, tzinfo=JST)  # where the clock of the test store stands


def compact(value: object) -> str:
    """JSON as the library itself writes it, in its order."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def principal(store: municipal.Store, admin: municipal.Session, login: str, name: str) -> municipal.Session:
    """Somebody who may act, in the group of the same name."""
    who = admin.create("principal", login=login, name=name)
    admin.create("member", {MEMBER.GROUP: admin.find("group", login)["id"], MEMBER.PRINCIPAL: who["id"]})
    return store.session(login, application="municipal_month")


def ticket(store: municipal.Store, session: municipal.Session, no: str, minutes: int, transition: str | None, **values: object) -> int:
    """Change a ticket, by a transition where one is named. Gives its id."""
    id = session.find("ticket", no)["id"]
    store.now = START + datetime.timedelta(minutes=minutes)
    try:
        if transition:
            said = session.transition("ticket", id, transition, values)[TICKET.STATE]
        else:
            said = session.update("ticket", id, values)[TICKET.STATE]
    except municipal.Error as error:
        said = error.message_ja
    print(f"   {no} {transition or 'update'}: {said}")
    return id


def statistics(session: municipal.Session, heading: str) -> municipal.Report:
    report = session.report("helpdesk-monthly", {"fiscal_year": 2023})
    titles = [row["title"] for row in json.loads(report.render("json"))["rows"]] + ["合計"]
    print(heading)
    print("   4月   5月   6月   7月   8月   9月  10月  11月  12月   1月   2月   3月    合計  分類")
    for row, title in enumerate(titles):
        figures = [report.value(row, column) for column in range(report.columns)]
        print("".join(f"{figure:5} " for figure in figures[:-1]) + f" {figures[-1]:6}  {title}")
    return report


def month(inputs: pathlib.Path, outputs: pathlib.Path) -> None:
    with municipal.Store.create(outputs / "municipal.db", test=True, now=START) as store:
        admin = store.session("admin", application="municipal_month")
        operator = principal(store, admin, "operator", "運用　担当")
        approver = principal(store, admin, "approver", "承認　担当")
        print("1. 試験用の保存先を作成。担当者operator、承認者approver")

        plan = operator.staff_plan(on="2027-03-31", units=inputs / "org_before_cp932.csv", people=inputs / "staff_before_cp932.csv")
        print(f"2. 組織・職員の取込計画 {compact(plan['counts'])}")
        for found in operator.plan_findings(plan["id"]):
            print(f"   {found['file']}:{found['line']} {found['column'] or '-'} {found['code']} {found['message_ja']}")
        approver.plan_approve(plan["id"], "内容を確認した")
        operator.plan_apply(plan["id"])

        done = operator.import_csv("ticket", inputs / "incidents.csv")
        print(f"3. インシデントの取込み {done['created']}件、誤り{done['errors']}件")

        print("4. インシデントの対応")
        me = operator.whoami()["principal"]
        ticket(store, operator, "INC-2023-01278", 10, "resolve", resolution="トナーを交換")
        ticket(store, operator, "INC-2023-01278", 20, "assign", assignee=me)
        ticket(store, operator, "INC-2023-01278", 30, "start")
        ticket(store, operator, "INC-2023-01278", 50, "resolve", resolution="トナーを交換")
        for row in admin.history("ticket", ticket(store, operator, "INC-2023-01278", 60, "close")):
            print(f"   {row['at']:%Y-%m-%d %H:%M} {row['action']} {row['actor_name']} {compact(row['changes'])}")

        for words in ("印刷", "ﾊﾟｽﾜｰﾄﾞ", "異動"):
            print(f"5. 検索 {words}: {operator.count('ticket', words=words, most=-1)}件")

        report = statistics(operator, "6. 令和5年度の統計")
        for format in ("html", "csv", "json"):
            (outputs / f"helpdesk-monthly.{format}").write_bytes(report.render(format).encode())

        ticket(store, operator, "INC-2023-05086", 70, None, category="supplies")
        operator.trash("ticket", ticket(store, operator, "INC-2023-00001", 70, None))
        ticket(store, operator, "INC-2023-01285", 70, None, reported_at=datetime.datetime(2023, 5, 1, 0, 30, tzinfo=JST))
        ticket(store, operator, "INC-2023-01285", 70, None, reported_at=datetime.datetime(2023, 4, 30, 23, 30, tzinfo=JST))
        report = statistics(operator, "7. 分類の変更1件、ごみ箱1件、5月1日0時30分から4月30日23時30分への訂正1件の後")
        for row in operator.list(report.query(4, 7)):
            print(f"   印刷室関連、11月: {row[TICKET.NUMBER]} {row[TICKET.SUBJECT]}")

        print("8. verified" if admin.audit_verify()["verified"] else "8. NOT verified")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: municipal_month.py INPUTS OUTPUTS")
    month(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
