<?php
// The tree of exceptions, text that is not text, and what an argument may be.
require __DIR__ . '/check.php';

use Municipal\Calendar;

$classes = array_filter(get_declared_classes(), fn($c) => str_starts_with($c, 'Municipal\\'));
$codes = array_filter($classes, fn($c) => ($p = get_parent_class($c)) && get_parent_class($p) === 'Municipal\Exception');
$parents = array_filter($classes, fn($c) => get_parent_class($c) === 'Municipal\Exception');
same(8, count($parents), 'eight parents');
same(true, count($codes) >= 38, 'a class for each code');
same('RuntimeException', get_parent_class('Municipal\Exception'), 'the root');

$e = throws('Municipal\DefinitionException', fn() => new Calendar(['closed' => ['2027-01-01', 'x']]), 'definition');
same(['EDEFINITION', 'closed[1]', '', 0, 0, -21], [$e->getErrorName(), $e->getField(), $e->getKind(), $e->getInputLine(), $e->getRecord(), $e->getCode()], 'details');
same(1, preg_match('/[ぁ-龠]/u', $e->getMessageJa()), 'Japanese');

same('subject', Municipal\Kind\Ticket::SUBJECT, 'names of fields');
same('id', Municipal\Kind\Ticket::ID, 'names of common fields');
same('ticket', Municipal\Kind\Ticket::KIND, 'names of kinds');
throws('Error', fn() => new Municipal\Kind\Ticket, 'a kind is no object');

// the converter, through an argument that takes any object
$refused = fn(string $class, mixed $value, string $what) => throws("Municipal\\$class", fn() => new Calendar(['x' => $value]), $what);
same('x', $refused('WrongTypeException', 1.5, 'float')->getField(), 'where');
same('x[0][0]', $refused('WrongTypeException', [[NAN]], 'nested')->getField(), 'where');
same('x.a[1]', $refused('WrongTypeException', ['a' => [1, new SplStack]], 'object')->getField(), 'where');
$refused('WrongTypeException', fopen('php://memory', 'r'), 'resource');
$refused('WrongTypeException', function () {}, 'closure');
same('x[1]', $refused('Utf8Exception', ['a', "\xff"], 'bytes')->getField(), 'where');
$refused('Utf8Exception', "\xed\xa0\x80", 'a lone surrogate');
$refused('Utf8Exception', "\xf4\x90\x80\x80", 'beyond Unicode');
$refused('Utf8Exception', "\xc0\xaf", 'overlong');
$refused('Utf8Exception', ["\xff" => 1], 'a key of bytes');
$refused('InvalidArgumentException', ["a\0b" => 1], 'a key with NUL');
$cycle = [];
$cycle['a'] = &$cycle;
$refused('InvalidArgumentException', $cycle, 'a cycle');
$o = new stdClass;
$o->self = [$o];
$refused('InvalidArgumentException', $o, 'a cycle of objects');
$deep = 1;
for ($i = 0; $i < 64; $i++)
    $deep = [$deep];
$refused('LimitException', $deep, 'depth');
for ($i = 0; $i < 20000; $i++)
    $deep = [$deep];
$refused('LimitException', $deep, 'great depth');
while (is_array($deep))
    $deep = $deep[0];
$tower = [0];
for ($i = 0; $i < 40; $i++)
    $tower = [$tower, $tower];
$refused('LimitException', $tower, 'a tower');
$refused('LimitException', array_fill(0, 50, str_repeat('x', 1000000)), 'a large text repeated');

// an object that changes what is being converted
final class Evil extends DateTimeImmutable
{
    public static array $victim = [];
    public function getTimestamp(): int
    {
        self::$victim = [];
        return parent::getTimestamp();
    }
}
final class Fails extends DateTimeImmutable
{
    public function getTimestamp(): int
    {
        throw new DomainException('no time');
    }
}
Evil::$victim = ['a' => new Evil('2027-01-01'), 'b' => str_repeat('b', 100), 'c' => [1, 2, 3]];
throws('Municipal\DefinitionException', fn() => new Calendar(Evil::$victim), 'changed on the way');
throws('DomainException', fn() => new Calendar(['x' => new Fails]), "the caller's own exception");

// arguments
throws('Municipal\DefinitionException', fn() => new Calendar('x'), 'text for an object');
throws('TypeError', fn() => Municipal\wareki('2027-04-01', ['long']), 'array for text');
throws('TypeError', fn() => Municipal\wareki('2027-04-01', 5), 'int for text');
throws('Municipal\Utf8Exception', fn() => Municipal\wareki('2027-04-01', "\xff"), 'bytes for text');
throws('Municipal\InvalidArgumentException', fn() => Municipal\wareki('2027-04-01', "lo\0ng"), 'NUL in text');
$style = 'long';
$alias = &$style;
same('令和9年4月1日', Municipal\wareki('2027-04-01', $alias), 'a reference');
same('long', $style, 'and it is whole');

// classes
$c = new Calendar;
throws('Error', fn() => $c->__construct(), 'a second constructor');
throws('Exception', fn() => serialize($c), 'serialize');
throws('Error', fn() => clone $c, 'clone');
throws('ReflectionException', fn() => (new ReflectionClass(Calendar::class))->newInstanceWithoutConstructor(), 'never made');
same(true, (new ReflectionClass(Calendar::class))->isFinal(), 'final');
foreach (['__get', '__set', '__isset', 'get_thisown'] as $magic)
    same(false, method_exists($c, $magic), $magic);
same(['definition'], array_map(fn($p) => $p->getName(), (new ReflectionMethod(Calendar::class, '__construct'))->getParameters()), 'real names');

// a refusal leaks nothing: memory does not grow
$round = function () {
    foreach ([1.5, ["\xff"], ['a' => ['b' => new SplStack]]] as $value)
        try {
            new Calendar(['x' => $value]);
        } catch (Municipal\Exception) {
        }
    try {
        Municipal\parseDate('nonsense');
    } catch (Municipal\Exception) {
    }
    Municipal\fiscalYear('2027-04-01');
};
for ($i = 0; $i < 50; $i++)
    $round();
$before = memory_get_usage();
for ($i = 0; $i < 1000; $i++)
    $round();
same(true, memory_get_usage() - $before < 10000, 'memory');
done();
