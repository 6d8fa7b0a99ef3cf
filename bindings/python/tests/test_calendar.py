"""Calendars, eras, fiscal years: the values themselves are the conformance suite's; here is what is Python's own."""

import datetime
import os
import threading
import unittest
from datetime import date, timedelta, timezone

import municipal
from municipal import errors

JST = timezone(timedelta(hours=9))


class Calendars(unittest.TestCase):
    def setUp(self) -> None:
        self.calendar = municipal.Calendar()

    def test_days_are_dates_or_text_and_come_out_as_dates(self) -> None:
        self.assertIs(True, self.calendar.is_open_day(date(2027, 3, 23)))
        self.assertIs(False, self.calendar.is_open_day("2027-03-22"))
        self.assertEqual(date(2027, 1, 4), self.calendar.add_open_days(date(2026, 12, 28), 1))
        self.assertEqual(5, self.calendar.count_open_days("2027-04-05", date(2027, 4, 9)))
        self.assertEqual(date(2027, 3, 22), self.calendar.explain("2027-03-22")["date"])
        self.assertEqual([date(2027, 1, 1), date(2027, 1, 11)], [h["date"] for h in self.calendar.holidays("2027-01-01", "2027-01-31")])

    def test_moments_are_aware(self) -> None:
        self.assertTrue(self.calendar.is_open_at(datetime.datetime(2027, 4, 5, 9, 0, tzinfo=JST)))
        self.assertTrue(self.calendar.is_open_at(datetime.datetime(2027, 4, 5, 0, 0, tzinfo=timezone.utc)))
        self.assertFalse(self.calendar.is_open_at(datetime.datetime(2027, 4, 5, 9, 0, tzinfo=timezone.utc)))
        with self.assertRaises(errors.WrongTypeError) as caught:
            self.calendar.is_open_at(datetime.datetime(2027, 4, 5, 9, 0))
        self.assertIn("naive", str(caught.exception))
        for wrong in ("2027-04-05", date(2027, 4, 5), 0, None):
            with self.assertRaises(TypeError):
                self.calendar.is_open_at(wrong)  # type: ignore[arg-type]

    def test_wrong_arguments(self) -> None:
        for wrong in (20270405, None, datetime.datetime(2027, 4, 5, tzinfo=JST), b"2027-04-05"):
            with self.assertRaises(TypeError):
                self.calendar.is_open_day(wrong)  # type: ignore[arg-type]
        for text in ("", "2027-02-29", "2027-4-5", "x" * 100_000, "二" * 100):
            with self.assertRaises(errors.InvalidArgumentError):
                self.calendar.is_open_day(text)
        for days in (1.0, True, "1", None):
            with self.assertRaises(TypeError):
                self.calendar.add_open_days("2027-04-05", days)  # type: ignore[arg-type]
        with self.assertRaises(OverflowError):
            self.calendar.add_open_days("2027-04-05", 1 << 40)
        with self.assertRaises(TypeError):
            municipal.parse_date("R9.3.31", True)  # type: ignore[misc]
        with self.assertRaises(TypeError):
            municipal.parse_date("R9.3.31", column=1)  # type: ignore[arg-type]
        with self.assertRaises(errors.InvalidArgumentError):
            municipal.parse_date("9.3.31", era="edo")

    def test_functions(self) -> None:
        self.assertEqual("令和9年4月1日", municipal.wareki(date(2027, 4, 1)))
        self.assertEqual(date(2027, 3, 31), municipal.parse_date("R9.3.31")["date"])
        self.assertEqual(date(1927, 3, 31), municipal.parse_date("2.3.31", era="showa")["date"])
        year = municipal.fiscal_year(date(2027, 3, 31))
        self.assertEqual((2026, date(2026, 4, 1), date(2027, 3, 31)), (year["year"], year["first"], year["last"]))
        self.assertRegex(municipal.version(), r"^\d+\.\d+\.\d+$")
        self.assertEqual(municipal.version_number(), sum(int(n) * f for n, f in zip(municipal.version().split("."), (1_000_000, 1_000, 1))))
        self.assertEqual(municipal.version(), municipal.__version__)

    def test_what_was_never_made_is_refused(self) -> None:
        with self.assertRaises(AttributeError):
            municipal.Calendar.__new__(municipal.Calendar).is_open_day("2027-04-05")
        with self.assertRaises((TypeError, AttributeError, municipal.Error)):
            municipal.native.Calendar.__new__(municipal.native.Calendar).is_open_day("2027-04-05")
        with self.assertRaises(errors.ClosedError):
            municipal.native.Calendar.is_open_day(None, "2027-04-05")

    def test_one_calendar_in_many_threads_and_a_child(self) -> None:
        wrong = []

        def work() -> None:
            for i in range(300):
                if self.calendar.count_open_days("2027-04-05", "2027-04-09") != 5:
                    wrong.append(i)
                try:
                    self.calendar.is_open_day("nonsense %d" % i)
                    wrong.append(i)
                except errors.InvalidArgumentError:
                    pass

        threads = [threading.Thread(target=work) for _ in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual([], wrong)
        child = os.fork()
        if child == 0:
            os._exit(0 if self.calendar.is_open_day("2027-04-05") else 1)
        self.assertEqual(0, os.waitpid(child, 0)[1])


if __name__ == "__main__":
    unittest.main()
