<?php
// A month of an information-systems section, in PHP: municipal_month.php INPUTS OUTPUTS. INPUTS holds org_before_cp932.csv,
// staff_before_cp932.csv and incidents.csv; into OUTPUTS go the store and the reports. The programs in C and Python do the same
// and print the same.
declare(strict_types=1);

use Municipal\{Report, Session, Store};
use Municipal\Kind\{Member, Ticket};

/** Where the clock of the test store stands. */
const START = '2027-03-31T09:00:00+09:00';

/** JSON as the library itself writes it, in its order. */
function compact_json(mixed $value): string
{
    return json_encode($value, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR);
}

/** Somebody who may act, in the group of the same name. */
function principal(Store $store, Session $admin, string $login, string $name): Session
{
    $who = $admin->create('principal', ['login' => $login, 'name' => $name]);
    $admin->create('member', [Member::GROUP => $admin->find('group', $login)['id'], Member::PRINCIPAL => $who['id']]);
    return $store->session($login, application: 'municipal_month');
}

/**
 * Change a ticket, by a transition where one is named. Gives its id.
 * @param array<string,mixed> $values
 */
function ticket(Store $store, Session $session, string $no, int $minutes, ?string $transition, array $values = []): int
{
    $id = $session->find('ticket', $no)['id'];
    $store->setNow((new DateTimeImmutable(START))->modify("+$minutes minutes"));
    try {
        $said = $transition ? $session->transition('ticket', $id, $transition, $values) : $session->update('ticket', $id, $values);
        $said = $said[Ticket::STATE];
    } catch (Municipal\Exception $error) {
        $said = $error->getMessageJa();
    }
    echo "   $no ", $transition ?? 'update', ": $said\n";
    return $id;
}

function statistics(Session $session, string $heading): Report
{
    $report = $session->report('helpdesk-monthly', ['fiscal_year' => 2023]);
    $titles = [...array_column(json_decode($report->render('json'), true)['rows'], 'title'), '合計'];
    echo "$heading\n   4月   5月   6月   7月   8月   9月  10月  11月  12月   1月   2月   3月    合計  分類\n";
    foreach ($titles as $row => $title) {
        for ($column = 0; $column < $report->columns(); $column++)
            printf($column < 12 ? '%5d ' : ' %6d', $report->value($row, $column));
        echo "  $title\n";
    }
    return $report;
}

if ($argc !== 3) {
    fwrite(STDERR, "usage: municipal_month.php INPUTS OUTPUTS\n");
    exit(2);
}
[, $inputs, $outputs] = $argv;

$store = Store::create("$outputs/municipal.db", test: true, now: new DateTimeImmutable(START));
$admin = $store->session('admin', application: 'municipal_month');
$operator = principal($store, $admin, 'operator', '運用　担当');
$approver = principal($store, $admin, 'approver', '承認　担当');
echo "1. 試験用の保存先を作成。担当者operator、承認者approver\n";

$plan = $operator->staffPlan('2027-03-31', units: "$inputs/org_before_cp932.csv", people: "$inputs/staff_before_cp932.csv");
echo '2. 組織・職員の取込計画 ', compact_json($plan['counts']), "\n";
foreach ($operator->planFindings($plan['id']) as $found)
    echo "   {$found['file']}:{$found['line']} ", $found['column'] ?: '-', " {$found['code']} {$found['message_ja']}\n";
$approver->planApprove($plan['id'], '内容を確認した');
$operator->planApply($plan['id']);

$done = $operator->importCsv('ticket', "$inputs/incidents.csv");
echo "3. インシデントの取込み {$done['created']}件、誤り{$done['errors']}件\n";

echo "4. インシデントの対応\n";
$me = $operator->whoami()['principal'];
ticket($store, $operator, 'INC-2023-01278', 10, 'resolve', ['resolution' => 'トナーを交換']);
ticket($store, $operator, 'INC-2023-01278', 20, 'assign', ['assignee' => $me]);
ticket($store, $operator, 'INC-2023-01278', 30, 'start');
ticket($store, $operator, 'INC-2023-01278', 50, 'resolve', ['resolution' => 'トナーを交換']);
foreach ($admin->history('ticket', ticket($store, $operator, 'INC-2023-01278', 60, 'close')) as $row)
    echo "   {$row['at']->format('Y-m-d H:i')} {$row['action']} {$row['actor_name']} ", compact_json($row['changes']), "\n";

foreach (['印刷', 'ﾊﾟｽﾜｰﾄﾞ', '異動'] as $words)
    echo "5. 検索 $words: ", $operator->count('ticket', words: $words, most: -1), "件\n";

$report = statistics($operator, '6. 令和5年度の統計');
foreach (['html', 'csv', 'json'] as $format)
    file_put_contents("$outputs/helpdesk-monthly.$format", $report->render($format)) ?: exit(1);

ticket($store, $operator, 'INC-2023-05086', 70, null, ['category' => 'supplies']);
$operator->trash('ticket', ticket($store, $operator, 'INC-2023-00001', 70, null));
ticket($store, $operator, 'INC-2023-01285', 70, null, ['reported_at' => new DateTimeImmutable('2023-05-01T00:30:00+09:00')]);
ticket($store, $operator, 'INC-2023-01285', 70, null, ['reported_at' => new DateTimeImmutable('2023-04-30T23:30:00+09:00')]);
$report = statistics($operator, '7. 分類の変更1件、ごみ箱1件、5月1日0時30分から4月30日23時30分への訂正1件の後');
foreach ($operator->list($report->query(4, 7)) as $row)
    echo "   印刷室関連、11月: {$row[Ticket::NUMBER]} {$row[Ticket::SUBJECT]}\n";

echo $admin->auditVerify()['verified'] ? '8. verified' : '8. NOT verified', "\n";
$store->close();
