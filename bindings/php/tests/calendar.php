<?php
// Calendars, eras, fiscal years: the values themselves are the conformance suite's; here is what is PHP's own.
require __DIR__ . '/check.php';

use Municipal\Calendar;

$c = new Calendar;
$day = fn(string $s) => new DateTimeImmutable($s);
same(true, $c->isOpenDay($day('2027-03-23')), 'open day');
same(false, $c->isOpenDay('2027-03-22'), 'text');
same(true, $c->isOpenDay(new DateTime('2027-03-23 23:59', new DateTimeZone('America/New_York'))), 'the day that the object shows');
$next = $c->addOpenDays('2026-12-28', 1);
same('DateTimeImmutable 2027-01-04T00:00:00+09:00', get_class($next) . ' ' . $next->format('c'), 'a date comes out at 00:00 in +09:00');
same(5, $c->countOpenDays(from: '2027-04-05', to: $day('2027-04-09')), 'named arguments');
same('2027-03-22', $c->explain('2027-03-22')['date']->format('Y-m-d'), 'explain');
same(['2027-01-01', '2027-01-11'], array_map(fn($h) => $h['date']->format('Y-m-d'), $c->holidays('2027-01-01', '2027-01-31')), 'holidays');
same(true, $c->isOpenAt(new DateTimeImmutable('2027-04-05T00:00:00Z')), 'a moment in UTC');
same(false, $c->isOpenAt(new DateTime('2027-04-05T09:00:00Z')), 'and after hours');
throws('TypeError', fn() => $c->isOpenAt('2027-04-05'), 'text is no moment');
throws('TypeError', fn() => $c->isOpenDay(20270405), 'an int is no day');
throws('TypeError', fn() => $c->isOpenDay(null), 'null is no day');
foreach (['', '2027-02-29', '2027-4-5', str_repeat('x', 100000), str_repeat('二', 100)] as $text)
    throws('Municipal\InvalidArgumentException', fn() => $c->isOpenDay($text), 'no day');
throws('TypeError', fn() => $c->addOpenDays('2027-04-05', '1'), 'a numeric string is no int');
throws('TypeError', fn() => $c->addOpenDays('2027-04-05', 1.0), 'a float is no int');
throws('ValueError', fn() => $c->addOpenDays('2027-04-05', 1 << 40), 'too large');
throws('ArgumentCountError', fn() => $c->addOpenDays('2027-04-05'), 'too few');

same('令和9年4月1日', Municipal\wareki($day('2027-04-01')), 'wareki');
same('R9.4.1', Municipal\wareki(date: '2027-04-01', style: 'short'), 'a style');
same('2027-03-31', Municipal\parseDate('R9.3.31')['date']->format('Y-m-d'), 'parseDate');
same('1927-03-31', Municipal\parseDate('2.3.31', era: 'showa')['date']->format('Y-m-d'), 'a default is skipped');
throws('Municipal\InvalidArgumentException', fn() => Municipal\parseDate('9.3.31', era: 'edo'), 'no era');
throws('TypeError', fn() => Municipal\parseDate('9.3.31', 1), 'an int is no bool');
$y = Municipal\fiscalYear('2027-03-31');
same([2026, '2026-04-01', '2027-03-31'], [$y['year'], $y['first']->format('Y-m-d'), $y['last']->format('Y-m-d')], 'fiscalYear');
same(1, preg_match('/^\d+\.\d+\.\d+$/', Municipal\version()), 'version');
[$a, $b, $p] = explode('.', Municipal\version());
same($a * 1000000 + $b * 1000 + (int)$p, Municipal\versionNumber(), 'versionNumber');
same(false, (new Calendar(['closed' => ['2027-04-05']]))->isOpenDay('2027-04-05'), 'a definition');
same(false, (new Calendar((object)['closed' => ['2027-04-05']]))->isOpenDay('2027-04-05'), 'as an object');
same(true, (new Calendar([]))->isOpenDay('2027-04-05'), 'an empty array is an empty definition');
same(true, (new Calendar(null))->isOpenDay('2027-04-05'), 'null is none');

if (function_exists('pcntl_fork')) {
    $child = pcntl_fork();
    if ($child === 0)
        exit($c->isOpenDay('2027-04-05') ? 7 : 1);
    pcntl_waitpid($child, $status);
    same(7, pcntl_wexitstatus($status), 'in a child');
}
done();
