"""Stores and sessions as Python has them: what goes in and out, who waits for whom, and what a hostile caller can do."""

import datetime
import enum
import gc
import os
import pathlib
import sys
import tempfile
import threading
import types
import unittest
from datetime import date, timedelta, timezone

import municipal
from municipal import errors, fields

JST = timezone(timedelta(hours=9))
NOW = datetime.datetime(2026, 11, 21, 9, 0, tzinfo=JST)
TICKET = {"type": "incident", "subject": "印刷できない", "category": "hardware"}


class Case(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = pathlib.Path(directory.name) / "city.db"
        self.store = municipal.Store.create(self.path, test=True, now=NOW)
        self.addCleanup(self.store.close)
        self.session = self.store.session("admin", application="test")


class Values(Case):
    def test_what_goes_in_comes_out(self) -> None:
        unit = self.session.create("unit", code="0101", name="総務課", from_on=date(2026, 4, 1), custom={"a": [1, None, {"b": True}], "d": date(2027, 1, 2)})
        self.assertEqual(date(2026, 4, 1), unit["from_on"])
        self.assertIs(date, type(unit["from_on"]))
        self.assertEqual({"a": [1, None, {"b": True}], "d": "2027-01-02"}, unit["custom"])
        self.assertEqual(NOW, unit["created_at"])
        self.assertEqual(timedelta(hours=9), unit["created_at"].utcoffset())
        self.assertIsNone(unit["to_on"])
        again = self.session.update("unit", unit["id"], {"from_on": unit["from_on"], "custom": unit["custom"]})
        self.assertEqual(unit["rev"], again["rev"])
        utc = datetime.datetime(2026, 3, 31, 15, 0, 0, 999999, tzinfo=timezone.utc)
        ticket = self.session.create("ticket", TICKET, reported_at=utc)
        self.assertEqual(datetime.datetime(2026, 4, 1, tzinfo=JST), ticket["reported_at"])
        self.assertEqual(2026, ticket["fiscal_year"])
        self.assertEqual(ticket, self.session.get("ticket", ticket["id"]))

    def test_mappings_enums_and_subclasses(self) -> None:
        class Name(str):
            pass

        class Level(enum.IntEnum):
            LOW = 3

        self.session.create("desk", types.MappingProxyType({"code": "a", "name": "あ"}))
        unit = self.session.create("unit", {fields.UNIT.CODE: Name("b"), fields.UNIT.NAME: "い", "from_on": "2026-04-01", "level": Level.LOW})
        self.assertEqual(3, unit["level"])
        for wrong in ([("code", "c")], "code", None.__class__, 5):
            with self.assertRaises(TypeError):
                self.session.create("desk", wrong)  # type: ignore[arg-type]

    def test_values_that_are_refused_name_their_field_and_nothing_is_written(self) -> None:
        cases = (
            ({"subject": 1.5}, errors.WrongTypeError, "subject"),
            ({"subject": b"x"}, errors.WrongTypeError, "subject"),
            ({"subject": {"a"}}, errors.WrongTypeError, "subject"),
            ({"subject": "\ud800"}, errors.Utf8Error, "subject"),
            ({"priority": 1 << 63}, errors.WrongTypeError, "priority"),
            ({"reported_at": datetime.datetime(2026, 11, 21)}, errors.WrongTypeError, "reported_at"),
            ({"custom": {"a": [1, float("inf")]}}, errors.WrongTypeError, "custom.a[1]"),
            ({"a\0b": 1}, errors.InvalidArgumentError, ""),
            ({3: 1}, errors.WrongTypeError, ""),
        )
        for extra, cls, field in cases:
            with self.assertRaises(cls) as caught:
                self.session.create("ticket", {**TICKET, **extra})
            self.assertEqual(field, caught.exception.field)
        deep: object = 1
        for _ in range(70):
            deep = [deep]
        with self.assertRaises(errors.LimitError):
            self.session.create("ticket", {**TICKET, "custom": {"a": deep}})
        with self.assertRaises(errors.LimitError):
            self.session.create("ticket", {**TICKET, **{"x%d" % i: 1 for i in range(2000)}})
        with self.assertRaises(errors.LimitError):
            self.session.create("ticket", {**TICKET, "body": "x" * (17 << 20)})
        self.assertEqual(0, self.session.count("ticket"))

    def test_the_clock(self) -> None:
        self.assertEqual(NOW, self.store.now)
        self.store.now = NOW + timedelta(days=1)
        self.assertEqual(NOW + timedelta(days=1), self.store.now)
        with self.assertRaises(errors.WrongTypeError):
            self.store.now = datetime.datetime(2026, 1, 1)
        self.store.now = None  # type: ignore[assignment]
        self.assertNotEqual(NOW, self.store.now)

    def test_paths(self) -> None:
        self.store.close()
        for path in (str(self.path), os.fsencode(self.path), self.path):
            with municipal.Store.open(path) as store:
                self.assertTrue(store.info()["test"])
        for wrong in (5, None, "a\0b"):
            with self.assertRaises((TypeError, ValueError)):
                municipal.Store.open(wrong)  # type: ignore[arg-type]
        with self.assertRaises(municipal.NotFoundError):
            municipal.Store.open(self.path.with_name("none.db"))


class Rows(Case):
    def setUp(self) -> None:
        super().setUp()
        with self.session.transaction():
            for i in range(450):
                self.session.create("desk", code=f"d{i:03}", name=f"窓口{i}")

    def test_lists_are_iterators_over_pages(self) -> None:
        codes = [d["code"] for d in self.session.list("desk", order="code", fields="code")]
        self.assertEqual([f"d{i:03}" for i in range(450)], codes)
        cursor = self.session.list("desk", order=["-code"], fields=["code"], limit=3)
        self.assertIs(cursor, iter(cursor))
        self.assertEqual("", cursor.token)
        self.assertEqual("d449", next(cursor)["code"])
        rest = self.session.list("desk", order=["-code"], fields=["code"], after=cursor.token, limit=1)
        self.assertEqual([{"code": "d448"}], list(rest))
        with self.assertRaises(StopIteration):
            next(rest)
        with self.session.list({"kind": "desk"}) as cursor:
            next(cursor)
        with self.assertRaises(errors.ClosedError):
            next(cursor)
        cursor.close()

    def test_whole_queries_and_their_parts(self) -> None:
        where = {"field": "code", "op": "begins", "value": "d00"}
        self.assertEqual(10, self.session.count("desk", where=where))
        self.assertEqual(10, self.session.count({"kind": "desk", "where": where}))
        self.assertEqual(450, self.session.count("desk", where=types.MappingProxyType({"field": "code", "op": "begins", "value": "d"})))
        self.assertEqual(5, self.session.count("desk", most=5))
        for call in (
            lambda: self.session.list({"kind": "desk"}, limit=1),
            lambda: self.session.list("desk", limit="x"),  # type: ignore[arg-type]
            lambda: self.session.list("desk", trash="perhaps"),
            lambda: self.session.list({"where": where}, words="x"),
        ):
            with self.assertRaises(municipal.InputError):
                call()
        with self.assertRaises(errors.WrongTypeError) as caught:
            self.session.list("desk", where={"field": "code", "op": "eq", "value": 1.5})
        self.assertEqual("value", caught.exception.field)

    def test_a_cursor_outlives_its_parents_names(self) -> None:
        cursor = municipal.Store.open(self.path).session("admin").list("desk", order="code", fields="code")
        gc.collect()
        self.assertEqual(450, sum(1 for _ in cursor))


class Transactions(Case):
    def test_a_block_commits_or_rolls_back(self) -> None:
        with self.session.transaction() as same:
            self.assertIs(self.session, same)
            self.session.create("desk", code="a", name="あ")
        with self.assertRaises(KeyError):
            with self.session.transaction():
                self.session.create("desk", code="b", name="い")
                raise KeyError("mine")
        self.assertEqual(["a"], [d["code"] for d in self.session.list("desk")])
        with self.assertRaises(errors.ClosedError):
            with self.session.transaction():
                self.session.create("desk", code="c", name="う")
                self.session.close()
        self.session = self.store.session("admin")
        self.assertEqual(1, self.session.count("desk"))

    def test_transact_tries_again_only_what_may_succeed(self) -> None:
        calls = []

        def doomed(session: municipal.Session) -> str:
            calls.append(session.create("desk", code="x", name="え")["id"])
            if len(calls) < 3:
                raise errors.DoomedError("as if")
            return "done"

        self.assertEqual("done", self.session.transact(doomed))
        self.assertEqual((3, 1), (len(calls), self.session.count("desk")))
        again = []

        def hopeless(session: municipal.Session) -> None:
            again.append(session.create("desk", code="y", name="え"))
            raise errors.DoomedError("as if")

        with self.assertRaises(errors.DoomedError):
            self.session.transact(hopeless, attempts=2)
        self.assertEqual(2, len(again))
        with self.assertRaises(errors.NotUniqueError):
            self.session.transact(lambda s: s.create("desk", code="x", name="お"))
        with self.assertRaises(ValueError):
            self.session.transact(doomed, attempts=0)
        self.assertEqual(1, self.session.count("desk"))


class Ends(Case):
    def test_after_close_everything_is_closed(self) -> None:
        desk = self.session.create("desk", code="a", name="あ")
        cursor = self.session.list("desk")
        self.session.close()
        self.session.close()
        for call in (
            lambda: self.session.get("desk", desk["id"]),
            lambda: self.session.create("desk", code="b", name="い"),
            lambda: self.session.list("desk"),
            self.session.begin,
            self.session.whoami,
            self.session.run_due,
        ):
            with self.assertRaises(errors.ClosedError):
                call()
        self.store.close()
        self.store.close()
        for call in (self.store.info, lambda: self.store.now, lambda: self.store.session("admin"), lambda: next(cursor)):
            with self.assertRaises(errors.ClosedError):
                call()

    def test_handles_that_were_never_opened(self) -> None:
        native = municipal.native
        for call in (
            lambda: native.Store.info(None),
            lambda: native.Session.begin(None),
            lambda: native.Session.create(None, "desk", {}),
            lambda: native.Cursor.row(None),
            lambda: native.Store.close(None),
        ):
            with self.assertRaises(errors.ClosedError):
                call()
        for cls in (native.Store, native.Session, native.Cursor):
            with self.assertRaises(AttributeError):
                cls()
        with self.assertRaises((TypeError, AttributeError)):
            native.Session.begin(self.store._handle)

    def test_in_a_forked_child_everything_is_refused_and_the_parent_lives(self) -> None:
        cursor = self.session.list("desk")
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            seen = []
            for call in (
                lambda: self.session.create("desk", code="c", name="子"),
                lambda: self.session.list("desk"),
                lambda: next(cursor),
                self.store.info,
                lambda: self.store.session("admin"),
                self.session.begin,
            ):
                try:
                    call()
                    seen.append("nothing")
                except municipal.Error as e:
                    seen.append(e.name)
            self.session.close()
            self.store.close()
            os.write(write, " ".join(seen).encode())
            os._exit(0)
        os.close(write)
        _, status = os.waitpid(child, 0)
        with os.fdopen(read) as f:
            self.assertEqual(["EFORK"] * 6, f.read().split())
        self.assertEqual(0, status)
        self.assertEqual("p", self.session.create("desk", code="p", name="親")["code"])
        self.assertTrue(self.session.audit_verify()["verified"])

    def test_nothing_leaks(self) -> None:
        def round_trip() -> None:
            session = self.store.session("admin")
            for d in session.list("group", fields=["code"]):
                d["code"]
            session.get("principal", session.whoami()["principal"])
            for call in (
                lambda: session.get("desk", 1),
                lambda: session.create("desk", {"code": ["\ud800"]}),
                lambda: session.create("desk", {"code": 1.5}),
                lambda: session.list("desk", where={"field": "x"}),
                lambda: session.list("desk", where={"field": b"x"}),  # type: ignore[dict-item]
            ):
                try:
                    call()
                except municipal.Error:
                    pass

        for _ in range(20):
            round_trip()
        gc.collect()
        before = sys.getallocatedblocks()
        for _ in range(200):
            round_trip()
        gc.collect()
        self.assertLess(sys.getallocatedblocks() - before, 100)


class Reports(Case):
    def test_a_report_lives_on_and_its_cells_are_queries(self) -> None:
        self.session.create("ticket", TICKET, impact="high", urgency="high")
        report = self.session.report("incident-priorities", {"fiscal_year": 2026})
        self.assertEqual((6, 5, 1), (report.rows, report.columns, report.value(5, 4)))
        self.assertEqual(1, self.session.count(report.query(5, 4)))
        self.session.close()
        self.store.close()
        self.assertIn("優先度", report.render("csv"))
        self.assertIn("Priority", report.render("html", lang="en"))
        for call in (lambda: report.value(6, 0), lambda: report.query(0, 5), lambda: report.render("xls"), lambda: report.value(-1, 0)):
            with self.assertRaises(errors.InvalidArgumentError):
                call()
        for row in (1.0, "1", True, None):
            with self.assertRaises(TypeError):
                report.value(row, 0)  # type: ignore[arg-type]
        with self.assertRaises(OverflowError):
            report.value(1 << 40, 0)
        with self.assertRaises(errors.ClosedError):
            municipal.native.Report.rows(None)


class Threads(Case):
    def test_sessions_of_one_store_in_many_threads(self) -> None:
        failed = []

        def work(number: int) -> None:
            try:
                session = self.store.session("admin")
                for i in range(20):
                    session.create("desk", code=f"t{number}-{i}", name="窓口")
                    list(session.list("desk", limit=5))
            except BaseException as e:  # noqa: B902
                failed.append(e)

        self.together(work, 4)
        self.assertEqual([], failed)
        self.assertEqual(80, self.session.count("desk"))
        self.assertTrue(self.session.audit_verify()["verified"])

    def test_one_session_in_many_threads_is_single_file(self) -> None:
        failed = []

        def work(number: int) -> None:
            try:
                for i in range(20):
                    self.session.create("desk", code=f"s{number}-{i}", name="窓口")
            except BaseException as e:  # noqa: B902
                failed.append(e)

        self.together(work, 4)
        self.assertEqual([], failed)
        self.assertEqual(80, self.session.count("desk"))

    def test_a_store_closed_under_running_threads(self) -> None:
        wrong = []
        go = threading.Event()

        def work(number: int) -> None:
            try:
                session = self.store.session("admin")
                i = 0
                while True:
                    session.create("desk", code=f"c{number}-{i}", name="窓口")
                    i += 1
                    if i == 3:
                        go.set()
            except errors.ClosedError:
                pass
            except BaseException as e:  # noqa: B902
                wrong.append(e)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
        for t in threads:
            t.start()
        go.wait(60)
        self.store.close()
        for t in threads:
            t.join(60)
        self.assertEqual(([], False), (wrong, any(t.is_alive() for t in threads)))

    def together(self, work, count: int) -> None:  # type: ignore[no-untyped-def]
        threads = [threading.Thread(target=work, args=(n,)) for n in range(count)]
        for t in threads:
            t.start()
        for t in threads:
            t.join(120)
        self.assertFalse(any(t.is_alive() for t in threads), "a thread waits for ever")


class Callbacks(Case):
    def setUp(self) -> None:
        super().setUp()
        for j in range(3):
            with self.session.transaction():
                for i in range(400):
                    self.session.create("desk", code=f"d{j}-{i}", name="窓口")
        self.session.run_due()

    def test_an_exception_of_the_callback_comes_out(self) -> None:
        class Mine(Exception):
            pass

        def raises(done: int, total: int, stage: str) -> None:
            raise Mine(stage)

        with self.assertRaises(Mine):
            self.session.audit_verify(raises)
        with self.assertRaises(errors.CancelledError):
            self.session.audit_verify(lambda *a: False)
        with self.assertRaises(TypeError):
            self.session.audit_verify(lambda: None)  # type: ignore[arg-type, misc]
        with self.assertRaises(TypeError):
            self.session.audit_verify(5)  # type: ignore[arg-type]
        self.assertTrue(self.session.audit_verify()["verified"])

    def test_the_session_is_busy_inside_its_callback(self) -> None:
        seen = []

        def inside(done: int, total: int, stage: str) -> None:
            seen.append((type(done), type(total), type(stage)))
            try:
                self.session.whoami()
                seen.append("allowed")
            except municipal.Error as e:
                seen.append(e.name)

        self.assertTrue(self.session.audit_verify(inside)["verified"])
        self.assertEqual({(int, int, str), "EBUSY"}, set(seen))

    def test_a_thread_that_waits_for_the_session_does_not_stop_the_callback(self) -> None:
        done = []
        other = threading.Thread(target=lambda: done.append(self.session.count("desk", most=-1)))

        def inside(*a: object) -> None:
            if not other.ident:
                other.start()
            other.join(0.05)  # lets go of the GIL: the other thread runs into the session's lock

        self.session.audit_verify(inside)
        other.join(60)
        self.assertEqual([1200], done)


if __name__ == "__main__":
    unittest.main()
