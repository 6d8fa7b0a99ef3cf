"""The tree of exceptions, text that is not text, and what an argument may be."""

import pickle
import unittest

import municipal
from municipal import errors, fields


class Errors(unittest.TestCase):
    def test_every_code_has_a_class_beneath_a_parent_and_survives_pickling(self) -> None:
        self.assertGreaterEqual(len(errors.BY_CODE), 38)
        parents = {c for c in vars(errors).values() if isinstance(c, type) and errors.Error in c.__bases__}
        self.assertEqual(8, len(parents))
        for code, cls in errors.BY_CODE.items():
            with self.subTest(cls.__name__):
                self.assertEqual(code, cls.code)
                self.assertTrue(parents & set(cls.__mro__))
                first = cls("what", "何", "ticket", "subject", 3, 9)
                for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
                    again = pickle.loads(pickle.dumps(first, protocol))
                    self.assertIs(cls, type(again))
                    self.assertEqual("what", str(again))
                    self.assertEqual(
                        ("何", "ticket", "subject", 3, 9), (again.message_ja, again.kind, again.field, again.line, again.record)
                    )

    def test_parents_are_python_classes_as_well(self) -> None:
        for parent, builtin in (
            (municipal.InputError, ValueError),
            (municipal.NotFoundError, LookupError),
            (municipal.DeniedError, PermissionError),
            (municipal.BusyError, TimeoutError),
            (municipal.StorageError, OSError),
        ):
            self.assertTrue(issubclass(parent, builtin) and issubclass(parent, municipal.Error))

    def test_a_failure_says_what_where_and_in_japanese(self) -> None:
        with self.assertRaises(errors.DefinitionError) as caught:
            municipal.Calendar({"closed": ["2027-01-01", "x"]})
        e = caught.exception
        self.assertEqual((errors.DefinitionError.code, "EDEFINITION", "closed[1]"), (e.code, e.name, e.field))
        self.assertTrue(str(e) and e.message == str(e))
        self.assertTrue(any(ord(c) > 0x3000 for c in e.message_ja))

    def test_fields_are_the_names(self) -> None:
        self.assertEqual("subject", fields.TICKET.SUBJECT)
        self.assertEqual("id", fields.TICKET.ID)
        self.assertIs(fields.TICKET, fields.KINDS["ticket"])


class Arguments(unittest.TestCase):
    """The converter, through an argument that takes any object: a calendar's definition."""

    def refused(self, cls: type, value: object) -> municipal.Error:
        with self.assertRaises(cls) as caught:
            municipal.Calendar({"x": value})  # type: ignore[arg-type]
        self.assertIs(cls, type(caught.exception))
        return caught.exception  # type: ignore[return-value]

    def test_values_that_are_no_values(self) -> None:
        for value, where in ((1.5, "x"), (b"x", "x"), ({1}, "x"), ([[object()]], "x[0][0]"), ({"a": (1, 2.0)}, "x.a[1]"), (float("nan"), "x")):
            e = self.refused(errors.WrongTypeError, value)
            self.assertEqual(where, e.field)
        self.refused(errors.WrongTypeError, 1 << 63)
        self.refused(errors.WrongTypeError, -(1 << 63) - 1)
        self.refused(errors.WrongTypeError, {1: 2})

    def test_text_that_is_no_text(self) -> None:
        self.assertEqual("x[1]", self.refused(errors.Utf8Error, ["a", "\ud800"]).field)
        self.refused(errors.Utf8Error, {"\udfff": 1})
        self.refused(errors.InvalidArgumentError, {"a\0b": 1})
        with self.assertRaises(errors.Utf8Error):
            municipal.wareki("2027-04-01", "\udcff")
        with self.assertRaises(errors.InvalidArgumentError):
            municipal.wareki("2027-04-01", "lo\0ng")
        with self.assertRaises(TypeError):
            municipal.wareki("2027-04-01", b"long")  # type: ignore[arg-type]
        with self.assertRaises(TypeError):
            municipal.wareki("2027-04-01", None)  # type: ignore[arg-type]

    def test_cycles_depth_and_bombs(self) -> None:
        cycle: list = []
        cycle.append(cycle)
        self.assertIn("itself", str(self.refused(errors.InvalidArgumentError, cycle)))
        loop: dict = {}
        loop["a"] = {"b": [loop]}
        self.refused(errors.InvalidArgumentError, loop)
        deep: object = 1
        for _ in range(64):
            deep = [deep]
        self.refused(errors.LimitError, deep)
        for _ in range(100_000):
            deep = [deep]
        self.refused(errors.LimitError, deep)
        tower: object = [0]
        for _ in range(40):
            tower = [tower, tower]
        self.refused(errors.LimitError, tower)
        self.refused(errors.LimitError, ["x" * 1_000_000] * 50)
        while isinstance(deep, list):  # taking it apart here, not by 100,000 nested deallocations
            deep = deep[0]

    def test_a_tzinfo_that_changes_what_is_converted(self) -> None:
        import datetime

        holder: dict = {}

        class Evil(datetime.tzinfo):
            def utcoffset(self, when):  # type: ignore[no-untyped-def]
                holder.clear()
                return datetime.timedelta(hours=9)

        class Fails(datetime.tzinfo):
            def utcoffset(self, when):  # type: ignore[no-untyped-def]
                raise KeyError("no offset")

        holder.update({str(i): datetime.datetime(2027, 1, 1, tzinfo=Evil()) for i in range(100)})
        with self.assertRaises(municipal.Error):
            municipal.Calendar({"x": holder})
        with self.assertRaises(KeyError):
            municipal.Calendar({"x": datetime.datetime(2027, 1, 1, tzinfo=Fails())})
        self.refused(errors.WrongTypeError, datetime.datetime(2027, 1, 1))

    def test_refusals_leak_nothing(self) -> None:
        import gc
        import sys

        if not hasattr(sys, "getallocatedblocks"):
            self.skipTest("no allocation count in this interpreter")

        def round_trip() -> None:
            for value in (1.5, ["\ud800"], {"a": {"b": 1 << 70}}, [b"x"]):
                try:
                    municipal.Calendar({"x": value})
                except municipal.Error:
                    pass
            try:
                municipal.parse_date("nonsense")
            except municipal.Error:
                pass

        for _ in range(20):
            round_trip()
        gc.collect()
        before = sys.getallocatedblocks()
        for _ in range(500):
            round_trip()
        gc.collect()
        self.assertLess(sys.getallocatedblocks() - before, 100)


if __name__ == "__main__":
    unittest.main()
