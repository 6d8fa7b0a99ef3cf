<?php
// The installed extension works by itself: installed.php VERSION. Run by make installcheck.
use Municipal\Kind\Ticket;
use Municipal\{NotFoundException, Store};

[, $version] = $argv;
assert(Municipal\version() === $version, Municipal\version());
$path = sys_get_temp_dir() . '/municipal-installed-' . getmypid() . '.db';
$store = Store::create($path, test: true, now: new DateTimeImmutable('2026-11-21T09:00:00+09:00'));
$session = $store->session('admin', application: 'installed');
$ticket = $session->create('ticket', [Ticket::TYPE => 'incident', Ticket::SUBJECT => '印刷できない', Ticket::CATEGORY => 'hardware']);
assert($ticket['number'] === 'INC-2026-00001');
assert($session->count(['kind' => 'ticket', 'words' => '印刷']) === 1);
$missing = false;
try {
    $session->get('ticket', 1 << 40);
} catch (NotFoundException) {
    $missing = true;
}
assert($missing, 'what is not there was found');
$store->close();
array_map('unlink', glob("$path*"));
echo 'installed: in PHP: ', Municipal\version(), ' ', $ticket['number'], "\n";
