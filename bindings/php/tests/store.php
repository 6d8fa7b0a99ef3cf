<?php
// Stores and sessions as PHP has them: what goes in and out, and what a hostile caller can do.
require __DIR__ . '/check.php';

use Municipal\{Cursor, Report, Session, Store};
use Municipal\Kind\{Desk, Ticket, Unit};

$path = sys_get_temp_dir() . '/municipal-php-' . getmypid() . '.db';
$clean = fn() => array_map('unlink', glob("$path*"));
$clean();
$now = new DateTimeImmutable('2026-11-21T09:00:00+09:00');
$store = Store::create($path, test: true, now: $now);
$s = $store->session('admin', application: 'test');

// values
same('2026-11-21T09:00:00+09:00', $store->now()->format('c'), 'the clock');
$u = $s->create(Unit::KIND, [Unit::CODE => '0101', Unit::NAME => '総務課', Unit::FROM_ON => new DateTime('2026-04-01'), 'custom' => ['a' => [1, null, ['b' => true]]]]);
same('DateTimeImmutable 2026-04-01T00:00:00+09:00', get_class($u['from_on']) . ' ' . $u['from_on']->format('c'), 'a date');
same(['a' => [1, null, ['b' => true]]], $u['custom'], 'nested');
same('2026-11-21T09:00:00+09:00', $u['created_at']->format('c'), 'a moment');
same(null, $u['to_on'], 'nothing');
same($u['rev'], $s->update('unit', $u['id'], ['from_on' => $u['from_on'], 'custom' => $u['custom']])['rev'], 'there and back changes nothing');
same('2027-03-31', $s->update('unit', $u['id'], (object)['to_on' => new DateTimeImmutable('2027-03-31 23:00', new DateTimeZone('America/New_York'))])['to_on']->format('Y-m-d'), 'the day it shows');
$ticket = [Ticket::TYPE => 'incident', Ticket::SUBJECT => '印刷できない', Ticket::CATEGORY => 'hardware'];
$t = $s->create('ticket', $ticket + ['reported_at' => new DateTime('2026-03-31T15:00:00.999Z')]);
same('2026-04-01T00:00:00+09:00', $t['reported_at']->format('c'), 'a moment in UTC');
same(1, $s->count('unit', ['field' => 'from_on', 'op' => 'le', 'value' => $u['from_on']]), 'a day in a condition');
same(0, $s->count(['kind' => 'unit', 'where' => ['all' => [['field' => 'from_on', 'op' => 'lt', 'value' => $u['from_on']]]]]), 'in a whole query');
same(1, $s->count('unit', ['field' => 'from_on', 'op' => 'in', 'value' => [$u['from_on'], '2020-01-01']]), 'in a list');
same(1, $s->count('ticket', ['field' => 'reported_at', 'op' => 'ge', 'value' => $t['reported_at']]), 'a moment in a condition');

foreach ([
    [['subject' => 1.5], 'WrongType', 'subject'], [['subject' => "\xff"], 'Utf8', 'subject'], [['subject' => new SplStack], 'WrongType', 'subject'],
    [['custom' => ['a' => [1, INF]]], 'WrongType', 'custom.a[1]'], [["a\0b" => 1], 'InvalidArgument', ''], [["\xff" => 1], 'Utf8', ''],
    [['subjct' => 1], 'UnknownField', 'subjct'], [array_fill_keys(array_map(fn($i) => "x$i", range(1, 2000)), 1), 'Limit', null],
    [['body' => str_repeat('x', 17 << 20)], 'Limit', 'body'],
] as [$extra, $class, $field]) {
    $e = throws("Municipal\\{$class}Exception", fn() => $s->create('ticket', $extra + $ticket), json_encode(array_slice($extra, 0, 1), JSON_PARTIAL_OUTPUT_ON_ERROR) ?: $class);
    if ($field !== null)
        same($field, $e->getField(), 'the field');
}
$loop = $ticket;
$loop['custom'] = ['a' => &$loop];
throws('Municipal\InvalidArgumentException', fn() => $s->create('ticket', $loop), 'a cycle');
throws('TypeError', fn() => $s->create('ticket', 'x'), 'text for a record');
throws('TypeError', fn() => $s->create('ticket', null), 'null for a record');
throws('TypeError', fn() => $s->create('ticket', new SplStack), 'an object of no record');
throws('TypeError', fn() => $s->get('ticket', '1'), 'text for an id');
throws('TypeError', fn() => $s->get(['ticket'], 1), 'an array for a kind');
throws('Municipal\NoRecordException', fn() => $s->get('ticket', 999999), 'no such record');
throws('Municipal\StaleException', fn() => $s->update('unit', $u['id'], ['name' => 'x'], rev: 1), 'stale');
same(1, $s->count('ticket'), 'nothing was written');

// rows
for ($i = 0; $i < 1200; $i += 50)
    $s->transact(function (Session $s) use ($i) {
        for ($j = $i; $j < $i + 50; $j++)
            $s->create('desk', ['code' => sprintf("d%04d", $j), 'name' => "窓口$j"]);
    });
$codes = [];
foreach ($s->list('desk', order: ['code'], fields: ['code']) as $i => $d)
    $codes[$i] = $d['code'];
same(array_map(fn($i) => sprintf("d%04d", $i), range(0, 1199)), $codes, 'pages');
same([['code' => 'd0000'], ['code' => 'd0001']], [...$s->list('desk', order: ['code'], fields: ['code'], limit: 2)], 'spread');
$rows = $s->list('desk', order: ['code'], fields: ['code']);
same('', $rows->token(), 'no token yet');
same([false, null, -1], [$rows->valid(), $rows->current(), $rows->key()], 'before the first');
$rows->rewind();
$rows->rewind();
same(['d0000', 0, true], [$rows->current()['code'], $rows->key(), $rows->valid()], 'the first');
$rows->next();
same('d0001', $rows->current()['code'], 'the second');
same('d0002', [...$s->list('desk', order: ['code'], fields: ['code'], after: $rows->token(), limit: 1)][0]['code'], 'after');
throws('Municipal\WrongStateException', fn() => $rows->rewind(), 'read once');
$rows->close();
$rows->close();
throws('Municipal\ClosedException', fn() => $rows->next(), 'closed');
same([], [...$s->list('desk', ['field' => 'code', 'op' => 'eq', 'value' => 'none'])], 'no rows');
same(10, $s->count('desk', where: ['field' => 'code', 'op' => 'begins', 'value' => 'd000']), 'count');
same(5, $s->count('desk', most: 5), 'most');
throws('Municipal\FormatException', fn() => $s->list(['kind' => 'desk'], limit: 1), 'a query and a part');
throws('Municipal\FormatException', fn() => $s->list('desk', limit: 'x'), 'a wrong part');
$e = throws('Municipal\WrongTypeException', fn() => $s->list('desk', ['field' => 'code', 'op' => 'eq', 'value' => 1.5]), 'a float in a condition');
same('value', $e->getField(), 'where it is');
same(['subject' => '印刷できない'], $s->get('ticket', $t['id'], 'subject'), 'fields as text');
same(['id' => $t['id'], 'subject' => '印刷できない'], $s->get('ticket', $t['id'], ['id', 'subject']), 'fields as a list');
throws('TypeError', fn() => $s->get('ticket', $t['id'], [5]), 'fields of ints');
same(1, count([...$s->history('ticket', $t['id'])]), 'history');
same(true, count($s->transitions('ticket', $t['id'])) > 0, 'transitions');
$second = fn() => Store::open($path)->session('admin')->list('desk');
same(1200, iterator_count($second()), 'a cursor keeps its parents');

// transactions
same(7, $s->transact(fn() => 7), 'the value comes out');
throws('DomainException', fn() => $s->transact(function (Session $s) {
    $s->create('desk', ['code' => 'tx', 'name' => 'x']);
    throw new DomainException('mine');
}), "the caller's exception");
same(0, $s->count('desk', ['field' => 'code', 'op' => 'eq', 'value' => 'tx']), 'rolled back');
$tries = 0;
$done = $s->transact(function (Session $s) use (&$tries) {
    $s->create('desk', ['code' => 'tx', 'name' => 'x']);
    if (++$tries < 3)
        throw new Municipal\DoomedException('as if');
    return $tries;
});
same([3, 1], [$done, $s->count('desk', ['field' => 'code', 'op' => 'eq', 'value' => 'tx'])], 'tried again');
throws('Municipal\NotUniqueException', fn() => $s->transact(fn($s) => $s->create('desk', ['code' => 'tx', 'name' => 'y'])), 'not tried again');
throws('TypeError', fn() => $s->transact('no such function'), 'no callable');
throws('Municipal\ClosedException', fn() => $s->transact(fn() => $store->session('admin')->close() ?? throw new Municipal\ClosedException('x')), 'thrown by hand');

// reports
$r = $s->report('incident-priorities', ['fiscal_year' => 2026]);
same([7, 5, 1], [$r->rows(), $r->columns(), $r->value(6, 4)], 'cells');
same(1, $s->count($r->query(row: 6, column: 4)), 'what stands behind one');
same(1, preg_match('/優先度/u', $r->render('csv')), 'render');
throws('Municipal\InvalidArgumentException', fn() => $r->value(7, 0), 'no such cell');
throws('TypeError', fn() => $r->value('1', 0), 'text for a row');
throws('Municipal\ClosedException', fn() => (new Report)->rows(), 'never run');

// callbacks
$s->runDue();
$seen = [];
$r = $s->auditVerify(function (int $done, int $total, string $stage) use (&$seen, $s) {
    try {
        $s->whoami();
        $seen['allowed'] = 1;
    } catch (Municipal\Exception $e) {
        $seen[$e->getErrorName()] = 1;
    }
});
same([true, ['EBUSY' => 1]], [$r['verified'], $seen], 'busy inside its callback');
throws('DomainException', fn() => $s->auditVerify(fn() => throw new DomainException('mine')), "the callback's exception");
throws('Municipal\CancelledException', fn() => $s->auditVerify(fn() => false), 'false cancels');
throws('TypeError', fn() => $s->auditVerify('no such function'), 'no callable');
$fiber = new Fiber(fn() => $s->auditVerify(fn() => Fiber::suspend()));
$fiber->start();
throws('Municipal\LockedException', fn() => $s->whoami(), 'a suspended fiber has the session');
unset($fiber);
gc_collect_cycles();
same('admin', $s->whoami()['login'], 'a dropped fiber gives it back');

// fatal errors in a callback end the request, and leave no core
$self = $_SERVER['SCRIPT_NAME'];
foreach (['exit(3);' => 3, 'ini_set("memory_limit", "8M"); str_repeat("x", 1 << 26);' => 255, 'trigger_error("x", E_USER_ERROR);' => 255, 'throw new Exception("x");' => 255] as $code => $status) {
    $script = tempnam(sys_get_temp_dir(), 'municipal');
    file_put_contents($script, "<?php ini_set('display_errors', '0'); ini_set('log_errors', '0'); \$s = Municipal\\Store::open(" . var_export($path, true) . ")->session('admin');"
        . " \$s->auditVerify(function () { $code }); exit(9);");
    exec(escapeshellarg(PHP_BINARY) . ' -n -d extension=' . escapeshellarg(ini_get_extension()) . ' ' . escapeshellarg($script) . ' 2>&1', $output, $got);
    same($status, $got, "in a callback: $code");
    unlink($script);
}

/** The file of the extension: what the tests were started with. */
function ini_get_extension(): string
{
    return getenv('MUNI_EXTENSION') ?: exit("MUNI_EXTENSION is not set\n");
}

// after fork
if (function_exists('pcntl_fork')) {
    $child = pcntl_fork();
    if ($child === 0) {
        $names = [];
        foreach ([fn() => $s->whoami(), fn() => $store->info(), fn() => $s->create('desk', ['code' => 'f', 'name' => 'f']), fn() => $store->session('admin')] as $call)
            try {
                $call();
            } catch (Municipal\ForkException) {
                $names[] = 1;
            }
        exit(count($names));
    }
    pcntl_waitpid($child, $status);
    same([true, 4], [pcntl_wifexited($status), pcntl_wexitstatus($status)], 'refused in a child');
    same('p', $s->create('desk', ['code' => 'p', 'name' => 'p'])['code'], 'the parent goes on');
}

// handles that were never opened, and closed ones
foreach ([Store::class => fn($o) => $o->info(), Session::class => fn($o) => $o->begin(), Cursor::class => fn($o) => $o->next(), Report::class => null] as $class => $call)
    if ($call && class_exists($class)) {
        throws('Municipal\ClosedException', fn() => $call(new $class), "new $class");
        throws('Municipal\ClosedException', fn() => (new $class)->close(), "close of new $class");
    }
throws('Error', fn() => clone $s, 'clone');
throws('Exception', fn() => serialize($s), 'serialize');
throws('ReflectionException', fn() => (new ReflectionMethod($s, 'whoami'))->invoke($store), 'another object');
same(['kind', 'where', 'words', 'order', 'fields', 'limit', 'after', 'trash'], array_map(fn($p) => $p->getName(), (new ReflectionMethod($s, 'list'))->getParameters()), 'real names');

$round = function () use ($store) {
    $s = $store->session('admin');
    foreach ($s->list('group', fields: ['code']) as $row)
        $row['code'];
    $s->get('principal', $s->whoami()['principal']);
    foreach ([fn() => $s->get('desk', 1), fn() => $s->create('desk', ['code' => ["\xff"]]), fn() => $s->create('desk', ['code' => 1.5]),
        fn() => $s->list('desk', ['field' => 'x']), fn() => $s->list('desk', ['field' => "\xff"]), fn() => $s->get('desk', 1, ["\xff"])] as $call)
        try {
            $call();
        } catch (Municipal\Exception) {
        }
};
for ($i = 0; $i < 20; $i++)
    $round();
gc_collect_cycles();
$before = memory_get_usage();
for ($i = 0; $i < 200; $i++)
    $round();
gc_collect_cycles();
same(true, memory_get_usage() - $before < 20000, 'memory');

$s->close();
$s->close();
throws('Municipal\ClosedException', fn() => $s->whoami(), 'closed session');
$store->close();
$store->close();
throws('Municipal\ClosedException', fn() => $store->info(), 'closed store');
$clean();
done();
