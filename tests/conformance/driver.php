<?php
// Runs the conformance scenarios through the PHP extension. driver.php [DIRECTORY | FILE…]
declare(strict_types=1);

use Municipal\{Calendar, Report, Session, Store};

final class Wrong extends Exception
{
}

/** What came out, as JSON writes it, for messages. */
function plain(mixed $v): mixed
{
    if ($v instanceof DateTimeInterface)
        return $v->format('Y-m-d\TH:i:sP');
    return is_array($v) ? array_map('plain', $v) : $v;
}

function fits(mixed $want, mixed $got, bool $exact): bool
{
    if ($want instanceof DateTimeInterface)
        return $got instanceof DateTimeInterface && $want->getTimestamp() === $got->getTimestamp();
    if ($got instanceof DateTimeInterface)
        return $want === $got->format('Y-m-d\TH:i:sP') || ($want === $got->format('Y-m-d') && $got->format('H:i:s') === '00:00:00');
    if ($want instanceof stdClass) {
        $members = get_object_vars($want);
        if (count($members) === 1) {
            $arg = reset($members);
            switch ((string)key($members)) {
                case '$any':
                    return $got !== null;
                case '$length':
                    return (is_array($got) && count($got) === $arg) || (is_string($got) && mb_length($got) === $arg);
                case '$contains':
                    foreach ($arg as $w)
                        if (!is_array($got) || !array_filter($got, fn($g) => fits($w, $g, $exact)))
                            return false;
                    return true;
                case '$begins':
                    return is_string($got) && str_starts_with($got, $arg);
                case '$text':
                    return is_string($got) && str_contains($got, $arg);
            }
        }
        if (!is_array($got))
            return false;
        foreach ($members as $key => $value) {
            if ($value instanceof stdClass && get_object_vars($value) === ['$absent' => true]) {
                if (array_key_exists($key, $got))
                    return false;
            } elseif (!array_key_exists($key, $got) || !fits($value, $got[$key], $exact)) {
                return false;
            }
        }
        return !$exact || !array_diff_key($got, $members);
    }
    if (is_array($want)) {
        if (!is_array($got) || count($want) !== count($got))
            return false;
        foreach ($want as $key => $w)
            if (!array_key_exists($key, $got) || !fits($w, $got[$key], $exact))
                return false;
        return true;
    }
    return $want === $got;
}

function mb_length(string $s): int
{
    return strlen(preg_replace('/[\x80-\xbf]/', '', $s));
}

final class World
{
    private ?Store $store = null;
    /** @var array<string,Session> */
    private array $sessions = [];
    private Calendar $calendar;
    private ?Report $report = null;
    /** @var array<string,mixed> */
    public array $saved = [];

    public function __construct(private string $directory, private string $beside)
    {
        $this->calendar = new Calendar;
    }

    public function close(): void
    {
        $this->sessions = [];
        $this->store?->close();
        foreach (glob("$this->directory/{,.}*", GLOB_BRACE) as $f)
            is_file($f) && unlink($f);
        rmdir($this->directory);
    }

    public function value(mixed $v): mixed
    {
        if (is_string($v) && str_starts_with($v, '$')) {
            $path = explode('.', substr($v, 1));
            $got = $this->saved[array_shift($path)];
            foreach ($path as $part)
                $got = $got[$part]; // '0' is 0 to an array
            return $got;
        }
        if ($v instanceof stdClass) {
            $members = get_object_vars($v);
            if (array_keys($members) === ['$date'] || array_keys($members) === ['$time'])
                return new DateTimeImmutable(reset($members));
            return (object)array_map([$this, 'value'], $members);
        }
        return is_array($v) ? array_map([$this, 'value'], $v) : $v;
    }

    /** The same for a store: a schema of the server where MUNI_TEST_SERVER names one, unless a step wrote a file of that name. */
    private function storeAt(string $name): string
    {
        $server = getenv('MUNI_TEST_SERVER');
        if (!$server || file_exists($this->path($name)))
            return $this->path($name);
        $schema = preg_replace('/[^a-z0-9]/', '_', strtolower(basename($this->directory) . '_' . $name));
        return $server . (str_contains($server, '?') ? '&' : '?') . 'schema=' . $schema;
    }

    private function path(string $name): string
    {
        return $name === ':memory:' ? $name : (str_starts_with($name, 'data/') ? $this->beside : $this->directory) . "/$name";
    }

    private function time(mixed $t): ?DateTimeInterface
    {
        return is_string($t) ? new DateTimeImmutable($t) : $t;
    }

    private function session(array $s): Session
    {
        $who = [$s['as'] ?? 'admin', $s['application'] ?? 'conformance', $s['reason'] ?? ''];
        return $this->sessions[implode("\0", $who)] ??= $this->store->session(...$who);
    }

    /** An array for a parameter that wants one: a query, a where. Nested objects stay as they are. */
    private static function members(mixed $v): mixed
    {
        return $v instanceof stdClass ? get_object_vars($v) : $v;
    }

    public function do(stdClass $step): mixed
    {
        $s = [];
        foreach (get_object_vars($step) as $k => $v)
            if ($k !== 'expect' && $k !== 'error')
                $s[$k] = $this->value($v);
        $given = function (string ...$names) use ($s): array {
            $out = [];
            foreach ($names as $name)
                if (array_key_exists($name, $s))
                    $out[lcfirst(str_replace('_', '', ucwords($name, '_')))] = $s[$name];
            return $out;
        };
        $cancel = !empty($s['cancel']) ? ['progress' => fn() => false] : [];
        $verb = $s['do'];
        if (isset($s['now']) && $verb !== 'create_store')
            $this->store->setNow($this->time($s['now']));
        switch ($verb) {
            case 'write_file':
                file_put_contents($this->path($s['path']), isset($s['base64']) ? base64_decode($s['base64']) : $s['text']);
                return null;
            case 'read_file':
                return file_get_contents($this->path($s['path']));
            case 'file_hex':
                return bin2hex(file_get_contents($this->path($s['path'])));
            case 'has_file':
                return file_exists($this->path($s['path']));
            case 'version':
                return Municipal\version();
            case 'version_number':
                return Municipal\versionNumber();
            case 'describe':
                return Municipal\describe($s['kind'] ?? null);
            case 'wareki':
                return Municipal\wareki($s['date'], ...$given('style'));
            case 'parse_date':
                return Municipal\parseDate($s['text'], ...$given('column', 'era'));
            case 'fiscal_year':
                return Municipal\fiscalYear($s['date']);
            case 'calendar':
                $this->calendar = new Calendar($s['definition'] ?? null);
                return null;
            case 'is_open_day':
                return $this->calendar->isOpenDay($s['date']);
            case 'is_open_at':
                return $this->calendar->isOpenAt($this->time($s['at']));
            case 'add_open_days':
                return $this->calendar->addOpenDays($s['date'], $s['days']);
            case 'count_open_days':
                return $this->calendar->countOpenDays($s['from'], $s['to']);
            case 'explain':
                return $this->calendar->explain($s['date']);
            case 'holidays':
                return $this->calendar->holidays($s['from'], $s['to']);
            case 'create_store':
                $this->sessions = [];
                $now = isset($s['now']) ? ['now' => $this->time($s['now'])] : [];
                $this->store = Store::create($this->storeAt($s['path'] ?? 'city.db'), ...$given('admin', 'admin_name', 'test', 'utc_offset'), ...$now);
                return null;
            case 'open_store':
                $this->sessions = [];
                $this->store = Store::open($this->storeAt($s['path'] ?? 'city.db'), ...$given('upgrade'));
                return null;
            case 'close_store':
                $this->store->close();
                return null;
            case 'info':
                return $this->store->info();
            case 'now':
                return $this->store->now();
            case 'set_now':
                $this->store->setNow($this->time($s['at']));
                return null;
        }
        $session = $this->session($s);
        $query = self::members($s['query'] ?? null);
        switch ($verb) {
            case 'session':
                return null;
            case 'close_session':
                $session->close();
                return null;
            case 'whoami':
            case 'begin':
            case 'commit':
            case 'rollback':
                return $session->$verb();
            case 'doubt':
                return $session->doubt();
            case 'run_due':
                return $session->runDue();
            case 'create':
                return $session->create($s['kind'], $s['rec'] ?? []);
            case 'get':
                return $session->get($s['kind'], $s['id'], $s['fields'] ?? null);
            case 'find':
                return $session->find($s['kind'], $s['key'], $s['fields'] ?? null);
            case 'update':
                return $session->update($s['kind'], $s['id'], $s['rec'] ?? [], ...$given('rev'));
            case 'transition':
                return $session->transition($s['kind'], $s['id'], $s['transition'], $s['rec'] ?? null, ...$given('rev'));
            case 'transitions':
                return $session->transitions($s['kind'], $s['id']);
            case 'trash':
            case 'restore':
                return $session->$verb($s['kind'], $s['id'], ...$given('rev'));
            case 'comment':
                return $session->comment($s['kind'], $s['id'], $s['body']);
            case 'history':
                return iterator_to_array($session->history($s['kind'], $s['id']));
            case 'list':
                return iterator_to_array($session->list($query));
            case 'page':
                $cursor = $session->list($query);
                return ['rows' => iterator_to_array($cursor), 'token' => $cursor->token()];
            case 'count':
                if (!array_diff_key($query, ['kind' => 1, 'where' => 1, 'words' => 1, 'trash' => 1])) {
                    $parts = array_map([self::class, 'members'], $query);
                    return $session->count(...$parts, ...$given('most'));
                }
                return $session->count($query, ...$given('most'));
            case 'import':
                $columns = isset($s['columns']) ? ['columns' => self::members($s['columns'])] : [];
                return $session->importCsv($s['kind'], $this->path($s['path']), ...$given('charset', 'on_error'), ...$columns, ...$cancel);
            case 'export':
                return $session->export($query, $this->path($s['path']), ...$given('format', 'charset', 'header', 'formulas'), ...$cancel);
            case 'report':
                $r = $this->report = $session->report($s['name'], self::members($s['params'] ?? null));
                $values = [];
                for ($i = 0; $i < $r->rows(); $i++)
                    for ($j = 0; $j < $r->columns(); $j++)
                        $values[$i][$j] = $r->value($i, $j);
                return ['rows' => $r->rows(), 'columns' => $r->columns(), 'values' => $values];
            case 'drill':
                $r = $this->report;
                $cells = $wrong = 0;
                for ($i = 0; $i < $r->rows(); $i++)
                    for ($j = 0; $j < $r->columns(); $j++, $cells++)
                        $wrong += $r->value($i, $j) !== $session->count($r->query($i, $j), most: -1) ? 1 : 0;
                return ['cells' => $cells, 'wrong' => $wrong];
            case 'cell':
                return $this->report->query($s['row'], $s['column']);
            case 'render':
                return $this->report->render($s['format'], ...$given('lang'));
            case 'staff_plan':
                $files = array_map([$this, 'path'], $given('units', 'people'));
                return $session->staffPlan($s['on'], ...$files, ...$given('profile', 'charset'), ...$cancel);
            case 'plan_findings':
                return iterator_to_array($session->planFindings($s['id']));
            case 'plan_rows':
                return iterator_to_array($session->planRows($s['id']));
            case 'plan_approve':
                return $session->planApprove($s['id'], $s['note'] ?? null);
            case 'plan_apply':
                return $session->planApply($s['id'], ...$cancel);
            case 'audit_verify':
                return $session->auditVerify(...$cancel);
            case 'store_check':
                return $session->storeCheck(...$given('repair'), ...$cancel);
            case 'store_copy':
                return $session->storeCopy($this->storeAt($s['path']), ...$cancel);
            case 'store_digest':
                return $session->storeDigest(...$cancel);
            case 'store_reindex':
                return $session->storeReindex(...$cancel);
            case 'store_statistics':
                return $session->storeStatistics();
            case 'store_vacuum':
                return $session->storeVacuum();
        }
        throw new Wrong("no such verb: $verb");
    }
}

function show(mixed $v): string
{
    return substr(json_encode(plain($v), JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES), 0, 4000);
}

/** What went wrong, or null. */
function run(stdClass $scenario, string $beside): ?string
{
    $directory = sys_get_temp_dir() . '/municipal-' . getmypid() . '-' . bin2hex(random_bytes(6));
    mkdir($directory, 0700);
    $world = new World($directory, $beside);
    try {
        foreach ($scenario->steps as $i => $step) {
            $where = 'step ' . ($i + 1) . " ($step->do)";
            try {
                $got = $world->do($step);
            } catch (Municipal\Exception $e) {
                $found = ['en' => $e->getMessage(), 'ja' => $e->getMessageJa(), 'code' => $e->getErrorName(), 'field' => $e->getField(),
                    'kind' => $e->getKind(), 'line' => $e->getInputLine(), 'record' => $e->getRecord()];
                if (!isset($step->error) || !fits($world->value($step->error), $found, false))
                    return "$where: " . show($found) . " {$e->getMessage()}, expected " . (isset($step->error) ? show($step->error) : 'no error');
                if ($e->getMessageJa() === '')
                    return "$where: no Japanese text";
                continue;
            }
            if (isset($step->error))
                return "$where: succeeded, expected " . show($step->error);
            if (isset($step->save))
                $world->saved[$step->save] = $got;
            if (property_exists($step, 'expect') && !fits($world->value($step->expect), $got, $step->exact ?? false))
                return "$where: got " . show($got) . ', expected ' . show($step->expect);
        }
    } catch (Throwable $e) { // the driver's or the scenario's own fault
        return "$where: $e";
    } finally {
        $world->close();
    }
    return null;
}

$passed = $failed = 0;
foreach (array_slice($argv, 1) ?: [__DIR__] as $w)
    foreach (is_dir($w) ? glob("$w/*.json") : [$w] as $name) {
        $scenario = json_decode(file_get_contents($name), false, 512, JSON_THROW_ON_ERROR);
        $wrong = run($scenario, dirname($name));
        echo $wrong === null ? 'passed' : 'FAILED', ' ', basename($name), ": $scenario->name\n", $wrong === null ? '' : "    $wrong\n";
        $wrong === null ? $passed++ : $failed++;
    }
echo "conformance PHP: $passed passed, $failed failed\n";
exit($passed && !$failed ? 0 : 1);
