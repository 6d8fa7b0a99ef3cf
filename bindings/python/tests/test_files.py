"""Files in and out as Python gives them: paths, options, progress and cancelling, for imports, exports and the load of staff."""

import datetime
import os
import pathlib
import tempfile
import threading
import unittest
from typing import List, Tuple

import municipal
from municipal import errors

NOW = datetime.datetime(2026, 11, 21, 9, 0, tzinfo=datetime.timezone(datetime.timedelta(hours=9)))
ON = datetime.date(2026, 11, 21)
DATA = pathlib.Path(os.environ.get("MUNI_TOP", os.path.join(os.path.dirname(__file__), "..", "..", ".."))) / "tests" / "conformance" / "data"
ROWS = 2500


class Anywhere:
    """A path of a class of one's own."""

    def __init__(self, path: "os.PathLike[str]") -> None:
        self.path = path

    def __fspath__(self) -> str:
        return os.fspath(self.path)


class Mine(Exception):
    pass


class Case(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.dir = pathlib.Path(directory.name)
        self.store = municipal.Store.create(self.dir / "city.db", test=True, now=NOW)
        self.addCleanup(self.store.close)
        self.session = self.store.session("admin", application="test")
        shonin = self.session.create("principal", login="shonin", name="承認者")
        self.session.create("member", principal=shonin["id"], group=self.session.find("group", "approver")["id"])
        self.other = self.store.session("shonin")

    def file(self, rows: int, name: str = "in.csv") -> pathlib.Path:
        path = self.dir / name
        path.write_text("コード,名称\r\n" + "".join(f"{name}-{i:05},窓口{i}\r\n" for i in range(rows)), encoding="utf-8")
        return path

    def plan(self) -> int:
        made = self.session.staff_plan(on=ON, units=DATA / "units.csv", people=DATA / "people.csv")
        self.assertEqual(("planned", ON), (made["state"], made["on"]))
        self.other.plan_approve(made["id"])
        return int(made["id"])


class Paths(Case):
    def test_any_path_is_a_path(self) -> None:
        path = self.file(3, "窓口.csv")
        for i, given in enumerate((str(path), os.fsencode(path), path, Anywhere(path))):
            self.assertEqual((0, True) if i else (3, False), self.done(self.session.import_csv("desk", given)))
        for i, given in enumerate((str(self.dir / "出.csv"), os.fsencode(self.dir / "出.csv"), self.dir / "出.csv", Anywhere(self.dir / "出.csv"))):
            self.assertEqual(3, self.session.export("desk", given, fields=["code"], order="code", header="name")["records"])
            self.assertEqual("\ufeffcode\r\n窓口.csv-00000\r\n".encode(), (self.dir / "出.csv").read_bytes()[:27])
            os.unlink(self.dir / "出.csv")
        for units in (str(DATA / "units.csv"), os.fsencode(DATA / "units.csv"), Anywhere(DATA / "units.csv")):
            self.assertEqual(4, self.session.staff_plan(on="2026-11-21", units=units)["counts"]["read"])

    def done(self, got: "dict[str, object]") -> Tuple[int, bool]:
        return got["created"], got["done_before"]  # type: ignore[return-value]

    def test_what_is_no_path(self) -> None:
        for wrong in (5, None, ["a.csv"], "a\0b.csv"):
            for call in (lambda: self.session.import_csv("desk", wrong), lambda: self.session.export("desk", wrong)):  # type: ignore[arg-type]
                with self.assertRaises((TypeError, ValueError)):
                    call()
        for wrong in (5, ["a.csv"], "a\0b.csv"):
            with self.assertRaises((TypeError, ValueError)):
                self.session.staff_plan(on=ON, people=wrong)  # type: ignore[arg-type]
        with self.assertRaises(municipal.NotFoundError):
            self.session.import_csv("desk", self.dir / "none.csv")
        with self.assertRaises(municipal.NotFoundError):
            self.session.staff_plan(on=ON, people=self.dir / "none.csv")
        with self.assertRaises(errors.InputOutputError):
            self.session.export("desk", self.dir / "none" / "a.csv")


class Options(Case):
    def test_wrong_options_are_named(self) -> None:
        path = self.file(1)
        imports = ({"charset": "koi8"}, {"on_error": "perhaps"}, {"columns": {"コード": "code", "名称": 5}})
        for options in imports:
            with self.assertRaises(municipal.InputError) as caught:
                self.session.import_csv("desk", path, **options)  # type: ignore[arg-type]
            self.assertTrue(caught.exception.field.startswith(next(iter(options))), caught.exception.field)
        exports = ({"format": "xml"}, {"charset": "koi8"}, {"header": "none"}, {"formulas": "run"})
        for options in exports:
            with self.assertRaises(errors.FormatError) as caught:
                self.session.export("desk", self.dir / "out.csv", **options)  # type: ignore[arg-type]
            self.assertEqual(next(iter(options)), caught.exception.field)
        for options in ({"colour": "red"}, {"progres": print}):
            with self.assertRaises(TypeError):
                self.session.import_csv("desk", path, **options)  # type: ignore[arg-type]
            with self.assertRaises(TypeError):
                self.session.staff_plan(on=ON, people=DATA / "people.csv", **options)  # type: ignore[arg-type]
        for options in ({"columns": "code"}, {"columns": 5}):
            with self.assertRaises((TypeError, ValueError)):
                self.session.import_csv("desk", path, **options)  # type: ignore[arg-type]
        with self.assertRaises(TypeError):
            self.session.import_csv("desk", path, "cp932")  # type: ignore[misc]
        with self.assertRaises(errors.WrongTypeError):
            self.session.import_csv("desk", path, charset=1.5)  # type: ignore[arg-type]
        self.assertEqual((0, False), (self.session.count("desk"), (self.dir / "out.csv").exists()))

    def test_wrong_plans(self) -> None:
        people = DATA / "people.csv"
        with self.assertRaises(TypeError):
            self.session.staff_plan(people=people)  # type: ignore[call-arg]
        with self.assertRaises((TypeError, municipal.InputError)):
            self.session.staff_plan(on=None, people=people)  # type: ignore[arg-type]
        with self.assertRaises((TypeError, municipal.InputError)):
            self.session.staff_plan(on=NOW.replace(tzinfo=None).timestamp(), people=people)  # type: ignore[arg-type]
        for on, field in (("2026-11-31", "on"), ("tomorrow", "on")):
            with self.assertRaises(municipal.InputError) as caught:
                self.session.staff_plan(on=on, people=people)
            self.assertEqual(field, caught.exception.field)
        with self.assertRaises(municipal.NotFoundError):
            self.session.staff_plan(on=ON, people=people, profile="other")
        with self.assertRaises(errors.InvalidArgumentError):
            self.session.staff_plan(on=ON)
        for call in (lambda: self.session.plan_findings("1"), lambda: self.session.plan_rows(1.0), lambda: self.session.plan_approve(True),  # type: ignore[arg-type]
                     lambda: self.session.plan_apply(None), lambda: self.session.plan_approve(1, 5)):  # type: ignore[arg-type]
            with self.assertRaises(TypeError):
                call()
        with self.assertRaises(municipal.NotFoundError):
            self.session.plan_approve(999999)
        self.assertEqual(0, self.session.count("plan"))

    def test_columns_and_charsets(self) -> None:
        path = self.dir / "c.csv"
        path.write_bytes("番,名,色\r\nx1,窓口髙,赤\r\n".encode("cp932"))
        got = self.session.import_csv("desk", path, charset="cp932", columns={"番": "code", "名": "name", "色": None})
        self.assertEqual((1, 0), (got["created"], got["errors"]))
        self.assertEqual("窓口髙", self.session.find("desk", "x1")["name"])


class Progress(Case):
    def test_import_tells_and_is_cancelled(self) -> None:
        seen: List[Tuple[int, int, str]] = []
        path = self.file(ROWS)

        def stop(done: int, total: int, stage: str) -> bool:
            seen.append((done, total, stage))
            return self.session_is_busy()

        with self.assertRaises(errors.CancelledError):
            self.session.import_csv("desk", path, progress=lambda *a: False)
        self.assertEqual(0, self.session.count("desk"))
        with self.assertRaises(Mine):
            self.session.import_csv("desk", path, progress=self.raises)
        self.assertEqual(0, self.session.count("desk"))
        for wrong in (5, "stop"):
            with self.assertRaises(TypeError):
                self.session.import_csv("desk", path, progress=wrong)  # type: ignore[arg-type]
        got = self.session.import_csv("desk", path, progress=stop)
        self.assertEqual((ROWS, 0), (got["created"], got["errors"]))
        self.assertTrue(seen and all(type(d) is int and type(t) is int and type(s) is str for d, t, s in seen))

    def session_is_busy(self) -> bool:
        with self.assertRaises(errors.LockedError):
            self.session.whoami()
        return True

    def raises(self, done: int, total: int, stage: str) -> None:
        raise Mine(stage)

    def test_an_import_that_was_stopped_goes_on(self) -> None:
        path = self.file(ROWS)
        with self.assertRaises(errors.CancelledError):
            self.session.import_csv("desk", path, progress=lambda done, total, stage: not (stage == "write" and done > 1000))
        self.assertEqual(1000, self.session.count("desk", most=-1))
        self.assertEqual(ROWS - 1000, self.session.import_csv("desk", path)["created"])
        self.assertEqual(ROWS, self.session.count("desk", most=-1))
        self.assertTrue(self.session.import_csv("desk", path)["done_before"])

    def test_export_tells_and_is_cancelled(self) -> None:
        self.session.import_csv("desk", self.file(ROWS))
        out = self.dir / "out.csv"
        for progress, cls in ((lambda *a: False, errors.CancelledError), (self.raises, Mine)):
            with self.assertRaises(cls):
                self.session.export("desk", out, progress=progress)
            self.assertFalse(out.exists())
        seen: List[int] = []
        got = self.session.export("desk", out, where={"field": "code", "op": "begins", "value": "in.csv-0"}, progress=lambda d, t, s: seen.append(d))
        self.assertEqual((ROWS, out.stat().st_size, True), (got["records"], got["bytes"], len(seen) > 0))
        self.assertEqual({"city.db", "in.csv", "out.csv"}, {p.name for p in self.dir.iterdir() if not p.name.startswith("city.db-")})

    def test_planning_and_applying_tell_and_are_cancelled(self) -> None:
        files = {"units": DATA / "units.csv", "people": DATA / "people.csv"}
        for progress, cls in ((lambda *a: False, errors.CancelledError), (self.raises, Mine)):
            with self.assertRaises(cls):
                self.session.staff_plan(on=ON, **files, progress=progress)
        self.assertEqual(0, self.session.count("plan"))
        plan = self.plan()
        for progress, cls in ((lambda *a: False, errors.CancelledError), (self.raises, Mine)):
            with self.assertRaises(cls):
                self.session.plan_apply(plan, progress)
        self.assertEqual((0, "approved"), (self.session.count("person"), self.session.get("plan", plan)["state"]))
        stages: List[str] = []

        def inside(done: int, total: int, stage: str) -> None:
            stages.append(stage)
            self.session_is_busy()

        self.assertEqual("applied", self.session.plan_apply(plan, progress=inside)["state"])
        self.assertEqual((18, True), (self.session.count("person"), all(stages) and bool(stages)))
        again = self.session.staff_plan(on=ON, **files, progress=inside)
        self.assertEqual(18, again["counts"]["unchanged"])
        self.assertEqual([], list(self.session.plan_rows(again["id"])))
        self.assertEqual(list(self.session.plan_findings(plan)), list(self.session.plan_findings(again["id"])))
        self.assertTrue(self.session.audit_verify()["verified"])

    def test_findings_are_rows_like_others(self) -> None:
        cursor = self.session.plan_findings(self.plan())
        first = next(cursor)
        self.assertEqual(("units.csv", 5, "UNIT_PARENT_UNKNOWN"), (first["file"], first["line"], first["code"]))
        self.session.close()
        with self.assertRaises(errors.ClosedError):
            list(cursor)

    def test_other_threads_run_while_a_plan_is_applied(self) -> None:
        plan = self.plan()
        go, ran = threading.Event(), threading.Event()

        def beside() -> None:
            go.wait(60)
            self.store.session("admin").count("unit")
            ran.set()

        thread = threading.Thread(target=beside)
        thread.start()
        waited: List[bool] = []

        def inside(done: int, total: int, stage: str) -> None:
            go.set()
            waited.append(ran.wait(60))

        self.session.plan_apply(plan, inside)
        thread.join(60)
        self.assertTrue(waited and all(waited))


if __name__ == "__main__":
    unittest.main()
