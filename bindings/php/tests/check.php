<?php
// The few words that the tests of the extension share.
$checks = 0;
$failures = 0;

function same(mixed $expected, mixed $got, string $what): void
{
    global $checks, $failures;
    $checks++;
    if ($expected === $got)
        return;
    $failures++;
    echo "FAILED: $what\n  expected ", var_export($expected, true), "\n  got      ", var_export($got, true), "\n";
}

/** Calls, expects exactly this class, and gives the exception. */
function throws(string $class, callable $fn, string $what): ?Throwable
{
    try {
        $fn();
    } catch (Throwable $e) {
        same($class, get_class($e), "$what: " . $e->getMessage());
        return $e;
    }
    same($class, 'nothing thrown', $what);
    return null;
}

function done(): never
{
    global $checks, $failures;
    echo basename($_SERVER['SCRIPT_NAME']), ": $checks checks, $failures failed\n";
    exit($failures || !$checks ? 1 : 0);
}
