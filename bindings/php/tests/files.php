<?php
// Files in and out as PHP gives them: paths, options, progress and cancelling, for imports, exports and the load of staff.
require __DIR__ . '/check.php';

use Municipal\{Session, Store};

const ROWS = 2500;
$dir = sys_get_temp_dir() . '/municipal-php-' . getmypid();
$data = (getenv('MUNI_TOP') ?: __DIR__ . '/../../..') . '/tests/conformance/data';
mkdir($dir, 0700);
register_shutdown_function(function () use ($dir) {
    array_map('unlink', glob("$dir/*"));
    rmdir($dir);
});
$store = Store::create("$dir/city.db", test: true, now: new DateTimeImmutable('2026-11-21T09:00:00+09:00'));
$s = $store->session('admin', application: 'test');
$shonin = $s->create('principal', ['login' => 'shonin', 'name' => '承認者']);
$s->create('member', ['principal' => $shonin['id'], 'group' => $s->find('group', 'approver')['id']]);
$other = $store->session('shonin');
$on = new DateTimeImmutable('2026-11-21');

function file_of(string $dir, string $name, int $rows): string
{
    $text = "コード,名称\r\n";
    for ($i = 0; $i < $rows; $i++)
        $text .= sprintf("%s-%05d,窓口%d\r\n", $name, $i, $i);
    file_put_contents("$dir/$name", $text);
    return "$dir/$name";
}

// paths
$in = file_of($dir, '窓口.csv', 3);
$got = $s->importCsv('desk', $in);
same([3, 0, false], [$got['created'], $got['errors'], $got['done_before']], 'import');
same(true, $s->importCsv('desk', $in)['done_before'], 'a second time nothing');
same(3, $s->export('desk', "$dir/出.csv", order: ['code'], fields: ['code'], header: 'name')['records'], 'export');
same("\u{feff}code\r\n窓口.csv-00000\r\n窓口.csv-00001\r\n窓口.csv-00002\r\n", file_get_contents("$dir/出.csv"), 'its bytes');
same(4, $s->staffPlan($on, "$data/units.csv")['counts']['read'], 'a plan of units alone');
$spl = new SplFileInfo($in);
throws('TypeError', fn() => $s->importCsv('desk', 5), 'a number for a path');
throws('TypeError', fn() => $s->importCsv('desk', null), 'null for a path');
throws('TypeError', fn() => $s->staffPlan($on, people: ['a.csv']), 'an array for a path');
foreach ([fn() => $s->importCsv('desk', "a\0b"), fn() => $s->export('desk', "a\0b"), fn() => $s->staffPlan($on, "a\0b")] as $call)
    throws('Municipal\InvalidArgumentException', $call, 'a NUL in a path');
throws('TypeError', fn() => $s->importCsv('desk', $spl), 'an object for a path');
same(true, $s->importCsv('desk', (string)$spl)['done_before'], 'made a text');
throws('Municipal\NoRecordException', fn() => $s->importCsv('desk', "$dir/none.csv"), 'no file');
throws('Municipal\InputOutputException', fn() => $s->export('desk', "$dir/none/a.csv"), 'no folder');

// options
$one = file_of($dir, 'one.csv', 1);
foreach ([['charset' => 'koi8'], ['onError' => 'perhaps'], ['columns' => ['コード' => 'code', '名称' => 5]]] as $options) {
    $e = null;
    try {
        $s->importCsv('desk', $one, ...$options);
    } catch (Municipal\InputException $e) {
    }
    same(true, $e !== null && str_starts_with($e->getField(), key($options) === 'onError' ? 'on_error' : key($options)), 'wrong ' . key($options));
}
foreach (['format' => 'xml', 'charset' => 'koi8', 'header' => 'none', 'formulas' => 'run'] as $name => $value) {
    $e = throws('Municipal\FormatException', fn() => $s->export('desk', "$dir/x.csv", ...[$name => $value]), "wrong $name");
    same($name, $e->getField(), 'the field');
}
throws('Error', fn() => $s->importCsv('desk', $one, colour: 'red'), 'no such parameter');
throws('Municipal\FormatException', fn() => $s->importCsv('desk', $one, columns: 'code'), 'text for columns');
throws('TypeError', fn() => $s->importCsv('desk', $one, progress: 'no such function'), 'no callable');
throws('TypeError', fn() => $s->staffPlan(5, "$data/units.csv"), 'a number for a day');
foreach (['2026-11-31', 'tomorrow', ''] as $wrong)
    same('on', (function () use ($s, $wrong, $data) {
        try {
            $s->staffPlan($wrong, "$data/units.csv");
        } catch (Municipal\InputException $e) {
            return $e->getField();
        }
        return 'nothing thrown';
    })(), "the day $wrong");
throws('Municipal\InvalidArgumentException', fn() => $s->staffPlan($on), 'no file named');
foreach ([fn() => $s->planRows('1'), fn() => $s->planFindings(1.5), fn() => $s->planApply(null), fn() => $s->planApprove(1, 5)] as $call)
    throws('TypeError', $call, 'wrong types');
same([4, false], [$s->count('desk') + 1, file_exists("$dir/x.csv")], 'nothing was written');
file_put_contents("$dir/cp932.csv", hex2bin('94d42c96bc2c90460d0a78312c918b8cfbfbfc2c90d40d0a')); // 番,名,色 / x1,窓口髙,赤
same(1, $s->importCsv('desk', "$dir/cp932.csv", charset: 'cp932', columns: ['番' => 'code', '名' => 'name', '色' => null])['created'], 'columns and a charset');
same('窓口髙', $s->find('desk', 'x1')['name'], 'its characters');

// progress
$many = file_of($dir, 'many.csv', ROWS);
throws('Municipal\CancelledException', fn() => $s->importCsv('desk', $many, progress: fn() => false), 'false cancels an import');
throws('DomainException', fn() => $s->importCsv('desk', $many, progress: fn() => throw new DomainException('mine')), "the callback's exception");
same(4, $s->count('desk', most: -1), 'nothing was imported');
throws('Municipal\CancelledException', fn() => $s->importCsv('desk', $many, progress: fn(int $done, int $total, string $stage) => !($stage === 'write' && $done > 1000)), 'stopped while writing');
same(1004, $s->count('desk', most: -1), 'what was committed stays');
$seen = [];
$inside = function (int $done, int $total, string $stage) use (&$seen, $s) {
    try {
        $s->whoami();
        $seen['allowed'] = 1;
    } catch (Municipal\LockedException) {
        $seen['busy'] = 1;
    }
};
same(ROWS - 1000, $s->importCsv('desk', $many, progress: $inside)['created'], 'it goes on');
same([['busy' => 1], ROWS + 4], [$seen, $s->count('desk', most: -1)], 'the session is busy inside');
throws('Municipal\CancelledException', fn() => $s->export('desk', "$dir/x.csv", progress: fn() => false), 'false cancels an export');
throws('DomainException', fn() => $s->export('desk', "$dir/x.csv", progress: fn() => throw new DomainException('mine')), "an export's exception");
same([], glob("$dir/*x.csv*"), 'no file, nor a part of one');
$seen = [];
$got = $s->export('desk', "$dir/all.csv", progress: $inside);
same([ROWS + 4, filesize("$dir/all.csv"), ['busy' => 1]], [$got['records'], $got['bytes'], $seen], 'export with progress');

// staff
$files = ['units' => "$data/units.csv", 'people' => "$data/people.csv"];
$plans = $s->count('plan');
throws('Municipal\CancelledException', fn() => $s->staffPlan($on, ...$files, progress: fn() => false), 'false cancels a plan');
throws('DomainException', fn() => $s->staffPlan($on, ...$files, progress: fn() => throw new DomainException('mine')), "a plan's exception");
same($plans, $s->count('plan'), 'there is no plan');
$seen = [];
$plan = $s->staffPlan($on, ...$files, progress: $inside);
same(['planned', '2026-11-21', 18, ['busy' => 1]], [$plan['state'], $plan['on']->format('Y-m-d'), $plan['counts']['create'], $seen], 'a plan');
throws('Municipal\ApprovalException', fn() => $s->planApprove($plan['id']), "one's own plan");
throws('Municipal\ApprovalException', fn() => $s->planApply($plan['id']), 'not approved yet');
same('approved', $other->planApprove($plan['id'], note: '確認した')['state'], 'approved by another');
throws('Municipal\CancelledException', fn() => $s->planApply($plan['id'], fn() => false), 'false cancels applying');
throws('DomainException', fn() => $s->planApply($plan['id'], progress: fn() => throw new DomainException('mine')), "applying's exception");
same([0, 'approved'], [$s->count('person'), $s->get('plan', $plan['id'])['state']], 'nothing was applied');
$fiber = new Fiber(fn() => $s->planApply($plan['id'], fn() => Fiber::suspend()));
$fiber->start();
throws('Municipal\LockedException', fn() => $s->whoami(), 'a suspended fiber has the session');
unset($fiber);
gc_collect_cycles();
same([0, 'approved'], [$s->count('person'), $s->get('plan', $plan['id'])['state']], 'a dropped fiber applies nothing');
$seen = [];
same(['applied', ['busy' => 1], 18], [$s->planApply($plan['id'], $inside)['state'], $seen, $s->count('person')], 'applied');
throws('Municipal\WrongStateException', fn() => $s->planApply($plan['id']), 'twice');
$again = $s->staffPlan($on, ...$files);
same([], [...$s->planRows($again['id'])], 'the second time there is nothing to do');
same(iterator_to_array($s->planFindings($plan['id'])), iterator_to_array($s->planFindings($again['id'])), 'the same findings');
$rows = $s->planRows($plan['id']);
$rows->rewind();
same(['create', 'unit', '091000', 0], array_slice(array_values($rows->current()), 0, 4), 'rows of a plan');
same(true, $s->auditVerify()['verified'], 'verified');
$s->close();
throws('Municipal\ClosedException', fn() => iterator_to_array($rows), 'rows of a closed session');
foreach ([fn() => $s->staffPlan($on, ...$files), fn() => $s->importCsv('desk', $one), fn() => $s->export('desk', "$dir/x.csv"), fn() => $s->planRows(1)] as $call)
    throws('Municipal\ClosedException', $call, 'a closed session');
$store->close();
done();
