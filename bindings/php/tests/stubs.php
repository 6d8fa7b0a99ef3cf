<?php
// The stubs say what the extension has: another PHP, without it, loads them and tells.
require __DIR__ . '/check.php';

/** @return array<string,mixed> every class and function of the namespace */
function declared(): array
{
    $out = [];
    foreach (get_declared_classes() as $name) {
        if (!str_starts_with($name, 'Municipal\\') || str_starts_with($name, 'Municipal\\SWIG\\') || $name === 'Municipal\\municipal')
            continue; // what SWIG makes for itself: pointers, and the functions once more as static methods
        $class = new ReflectionClass($name);
        $parent = $class->getParentClass();
        $out[$name] = [$parent ? $parent->getName() : null, $class->isFinal(), array_filter($class->getConstants()), []];
        foreach ($class->getMethods() as $m)
            if ($m->getDeclaringClass()->getName() === $name)
                $out[$name][3][$m->getName()] = signature($m) . ($m->isStatic() ? ' static' : '') . ($m->isFinal() && !$class->isFinal() ? ' final' : '');
        ksort($out[$name][3]);
        ksort($out[$name][2]);
    }
    foreach (array_merge(...array_values(get_defined_functions())) as $name)
        if (str_starts_with($name, 'municipal\\'))
            $out[(new ReflectionFunction($name))->getName()] = signature(new ReflectionFunction($name));
    ksort($out);
    return $out;
}

function signature(ReflectionFunctionAbstract $f): string
{
    $parameters = array_map(fn($p) => type($p->getType()) . ' $' . $p->getName() . ($p->isDefaultValueAvailable() ? ' = ' . var_export($p->getDefaultValue(), true) : ''), $f->getParameters());
    return '(' . implode(', ', $parameters) . '): ' . type($f->getReturnType());
}

function type(?ReflectionType $t): string
{
    $names = explode('|', str_replace('?', 'null|', (string)$t));
    sort($names);
    return implode('|', $names);
}

if (getenv('MUNI_STUBS_ONLY')) {
    require getenv('MUNI_TOP') . '/bindings/php/municipal.stub.php';
    require getenv('MUNI_STUB');
    echo json_encode(declared());
    exit;
}
putenv('MUNI_STUBS_ONLY=1');
exec(escapeshellarg(PHP_BINARY) . ' -n -d error_reporting=-1 -d display_errors=1 ' . escapeshellarg(__FILE__), $lines, $status);
same(0, $status, 'the stubs can be loaded');
$stubs = json_decode(implode("\n", $lines), true);
same(true, is_array($stubs), 'the stubs can be listed: ' . substr(implode("\n", $lines), 0, 500));
$real = json_decode(json_encode(declared()), true);
// rooms of the library that are not written yet are in the stub only
foreach ($stubs as $name => $stub)
    if (!isset($real[$name]))
        unset($stubs[$name]);
    elseif (is_array($stub))
        $stubs[$name][3] = array_intersect_key($stub[3], $real[$name][3]);
foreach ($real as $name => $what)
    same($stubs[$name] ?? null, $what, "$name, by the stub and by the extension");
done();
