<?php
// The conformance scenarios once more, on a server of PostgreSQL that is started for them.
$top = getenv('MUNI_TOP') ?: __DIR__ . '/../../..';
$settings = [];
foreach (['extension=' . getenv('MUNI_EXTENSION'), 'error_reporting=-1', 'display_errors=1', 'zend.assertions=1'] as $setting)
    array_push($settings, '-d', $setting);
$process = proc_open(['sh', "$top/tests/postgresql.sh", PHP_BINARY, '-n', ...$settings, __DIR__ . '/conformance.php'], [STDIN, STDOUT, STDERR], $pipes);
exit(proc_close($process));
