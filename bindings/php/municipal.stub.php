<?php

/**
 * The classes and functions of the extension, for editors, static analysis and people. From this file comes the extension's own metadata
 * (tools/gen-arginfo.php): names, types and defaults of parameters are said here and nowhere else.
 *
 * Records are arrays. Going in, an absent field means "leave alone" and null means "clear"; values are null, bool, int, string,
 * DateTimeInterface (a moment, or the day it shows where the field is a date), and arrays or stdClass for nested values. Coming out, moments and dates are
 * DateTimeImmutable in +09:00, a date at 00:00. An empty array is an empty list where both are possible; write `new stdClass` for an empty object.
 */

namespace Municipal;

/** A calendar of open days and business hours. */
final class Calendar
{
    /**
     * @param array<string,mixed>|object|null $definition its rules; null for the national default
     * @throws DefinitionException the definition is not valid; getField() says where
     */
    public function __construct(array|object|null $definition = null) {}
    /** Is it an open day (開庁日)? */
    public function isOpenDay(\DateTimeInterface|string $date): bool {}
    /** Is it within the open hours of an open day? */
    public function isOpenAt(\DateTimeInterface $at): bool {}
    /** The day that lies a number of open days away; the first day does not count. */
    public function addOpenDays(\DateTimeInterface|string $date, int $days): \DateTimeImmutable {}
    /** How many open days a period has, both ends included. */
    public function countOpenDays(\DateTimeInterface|string $from, \DateTimeInterface|string $to): int {}
    /**
     * Why a day is open or closed.
     * @return array{date: \DateTimeImmutable, open: bool, provisional: bool, reasons: list<array{en: string, ja: string, rule: string}>}
     */
    public function explain(\DateTimeInterface|string $date): array {}
    /**
     * The national holidays of a period, both ends included.
     * @return list<array{date: \DateTimeImmutable, name: string, provisional: bool}>
     */
    public function holidays(\DateTimeInterface|string $from, \DateTimeInterface|string $to): array {}
}

/** An open store. Its sessions keep it alive; they end when it is closed. */
final class Store
{
    /**
     * Make a new store.
     * @param bool $test a test store: its clock may be fixed, and it says so for ever
     * @param int|null $utcOffset its zone in seconds east of UTC; null for Japan
     * @param \DateTimeInterface|null $now where the clock of a test store stands
     * @throws NotUniqueException the file exists
     */
    public static function create(string $path, string $admin = "admin", ?string $adminName = null, bool $test = false, ?int $utcOffset = null, ?\DateTimeInterface $now = null): Store {}
    /**
     * Open a store that exists.
     * @param bool $upgrade bring an older store up to date
     * @param int $connections at most so many at once; 0 for 4
     * @param bool $relaxed the last commits may be lost in a power failure
     * @param int $waitSecs how long a writer waits for its turn; 0 for 30 seconds
     * @param bool $network open it though it lies on a network file system
     */
    public static function open(string $path, bool $upgrade = false, int $connections = 0, bool $relaxed = false, int $waitSecs = 0, bool $network = false, ?callable $progress = null): Store {}
    /** Close it. Closing twice is harmless. */
    public function close(): void {}
    /**
     * What the store says of itself.
     * @return array<string,mixed>
     */
    public function info(): array {}
    /** The moment it is in this store. */
    public function now(): \DateTimeImmutable {}
    /** Fix the clock of a test store; null for the system's clock. */
    public function setNow(?\DateTimeInterface $now = null): void {}
    /**
     * Somebody acting on the store. The library trusts the application that it is them.
     * @param string $application what they act through
     * @param string $reason why, kept with everything done in the session
     */
    public function session(string $login, string $application = "", string $reason = ""): Session {}
}

/** Somebody acting on a store. */
final class Session
{
    /** Close it; an open transaction is rolled back. Closing twice is harmless. */
    public function close(): void {}
    /**
     * Who acts.
     * @return array<string,mixed>
     */
    public function whoami(): array {}
    /** Begin a group of calls that happen together or not at all. */
    public function begin(): void {}
    /** Make the group's changes lasting. */
    public function commit(): void {}
    /** Take the group's changes back. */
    public function rollback(): void {}
    /**
     * Call a function with this session, in a transaction; once more, up to $attempts times in all, where it was doomed or the store was busy.
     * @param callable(Session): mixed $fn
     */
    public function transact(callable $fn, int $attempts = 3): mixed {}
    /**
     * Create a record.
     * @param array<string,mixed>|object $record
     * @return array<string,mixed> the record as stored
     */
    public function create(string $kind, array|object $record): array {}
    /**
     * Read a record.
     * @param list<string>|string|null $fields names, also through references; null for all but the personal ones
     * @return array<string,mixed>
     */
    public function get(string $kind, int $id, array|string|null $fields = null): array {}
    /**
     * Find a record by its number, or by the one unique identifier its kind has.
     * @param list<string>|string|null $fields
     * @return array<string,mixed>
     */
    public function find(string $kind, string $key, array|string|null $fields = null): array {}
    /**
     * Change a record.
     * @param array<string,mixed>|object $record
     * @param int $rev the revision that was seen; 0 for whatever it is
     * @return array<string,mixed> the record as stored
     * @throws StaleException somebody changed it since $rev
     */
    public function update(string $kind, int $id, array|object $record, int $rev = 0): array {}
    /**
     * Move a record to another state, changing values on the way.
     * @param array<string,mixed>|object|null $record
     * @return array<string,mixed> the record as stored
     */
    public function transition(string $kind, int $id, string $transition, array|object|null $record = null, int $rev = 0): array {}
    /**
     * The transitions that the session could do now.
     * @return list<array<string,mixed>>
     */
    public function transitions(string $kind, int $id): array {}
    /**
     * Put a record into the trash.
     * @return array<string,mixed> the record as stored
     */
    public function trash(string $kind, int $id, int $rev = 0): array {}
    /**
     * Take a record out of the trash.
     * @return array<string,mixed> the record as stored
     */
    public function restore(string $kind, int $id, int $rev = 0): array {}
    /**
     * Say something about a record.
     * @return array<string,mixed> the comment as stored
     */
    public function comment(string $kind, int $id, string $body): array {}
    /**
     * List or search records.
     * @param string|array<string,mixed> $kind the kind, or a whole query, with which nothing else may be given
     * @param array<string,mixed>|null $where a condition
     * @param string|null $words text to search for
     * @param list<string>|null $order names of fields, - before one for descending
     * @param list<string>|null $fields names, also through references
     * @param int|null $limit how many records in all
     * @param string|null $after a token of Cursor::token()
     * @param string|null $trash without (the default), only or with
     */
    public function list(string|array $kind, ?array $where = null, ?string $words = null, ?array $order = null, ?array $fields = null, ?int $limit = null, ?string $after = null, ?string $trash = null): Cursor {}
    /**
     * Count records.
     * @param string|array<string,mixed> $kind
     * @param array<string,mixed>|null $where
     * @param int $most stop at so many; 0 for 1,000, -1 to count them all
     */
    public function count(string|array $kind, ?array $where = null, ?string $words = null, ?string $trash = null, int $most = 0): int {}
    /** What happened to a record, oldest first. */
    public function history(string $kind, int $id): Cursor {}
    /**
     * Do whatever has come due.
     * @return array<string,mixed>
     */
    public function runDue(): array {}
    /** Was the transaction that ended in doubt (EINDOUBT) written? */
    public function doubt(): bool {}
    /**
     * Create records from a CSV file.
     * @param string|null $charset utf-8, cp932 or utf-16le; null: by the bytes
     * @param array<string,string|null>|null $columns header text => field name; null leaves it out
     * @param string|null $onError stop (the default) or skip
     * @param callable(int,int,string):mixed|null $progress false cancels
     * @return array<string,mixed>
     */
    public function importCsv(string $kind, string $path, ?string $charset = null, ?array $columns = null, ?string $onError = null, ?callable $progress = null): array {}
    /**
     * Write the records of a query to a file, whole or not at all.
     * @param string|array<string,mixed> $kind the kind, or a whole query
     * @param string|null $format csv (the default) or json
     * @param string|null $charset utf-8-bom (the default), utf-8 or cp932
     * @param string|null $header title (the default) or name
     * @param string|null $formulas quote (the default) or keep
     * @param callable(int,int,string):mixed|null $progress false cancels
     * @return array<string,mixed>
     */
    public function export(string|array $kind, string $path, ?array $where = null, ?string $words = null, ?array $order = null, ?array $fields = null, ?int $limit = null, ?string $after = null, ?string $trash = null, ?string $format = null, ?string $charset = null, ?string $header = null, ?string $formulas = null, ?callable $progress = null): array {}
    /**
     * Run a report.
     * @param array<string,mixed>|null $params
     */
    public function report(string $name, ?array $params = null): Report {}
    /**
     * Plan the load of staff and organisation.
     * @param \DateTimeInterface|string $on the day as of which the files speak
     * @param callable(int,int,string):mixed|null $progress false cancels
     * @return array<string,mixed> the plan
     */
    public function staffPlan(\DateTimeInterface|string $on, ?string $units = null, ?string $people = null, ?string $profile = null, ?string $charset = null, ?callable $progress = null): array {}
    /** What was found while planning. */
    public function planFindings(int $id): Cursor {}
    /** What a plan would do. */
    public function planRows(int $id): Cursor {}
    /**
     * Approve a plan that somebody else made.
     * @return array<string,mixed> the plan
     */
    public function planApprove(int $id, ?string $note = null): array {}
    /**
     * Apply an approved plan, in one transaction.
     * @param callable(int,int,string):mixed|null $progress false cancels
     * @return array<string,mixed> the plan
     */
    public function planApply(int $id, ?callable $progress = null): array {}
    /**
     * Verify the history.
     * @param callable(int,int,string):mixed|null $progress false cancels
     * @return array<string,mixed>
     */
    public function auditVerify(?callable $progress = null): array {}
    /**
     * Check the store: whole, problems, repaired, findings and counts.
     * @param bool $repair derive anew what follows from the records
     * @param callable(int,int,string):mixed|null $progress false cancels
     * @return array<string,mixed>
     */
    public function storeCheck(bool $repair = false, ?callable $progress = null): array {}
    /**
     * Copy the whole store to where there is nothing yet: digest, records, resumed and counts. Stopped, calling it again goes on.
     * @param string $url a file name or the address of a server
     * @param callable(int,int,string):mixed|null $progress false cancels
     * @return array<string,mixed>
     */
    public function storeCopy(string $url, ?callable $progress = null): array {}
    /**
     * The digest of all that the store holds, whatever database keeps it, head, tables and counts.
     * @param callable(int,int,string):mixed|null $progress false cancels
     * @return array<string,mixed>
     */
    public function storeDigest(?callable $progress = null): array {}
    /**
     * Make the search index anew; the old one serves until the new one is whole.
     * @param callable(int,int,string):mixed|null $progress false cancels
     * @return array<string,mixed>
     */
    public function storeReindex(?callable $progress = null): array {}
    /**
     * How large the store and its parts are.
     * @return array<string,mixed>
     */
    public function storeStatistics(): array {}
    /**
     * Give room that is no longer used back to the disk.
     * @return array<string,mixed>
     */
    public function storeVacuum(): array {}
}

/**
 * Rows being read, once: after the first it cannot be rewound.
 * @implements \Iterator<int,array<string,mixed>>
 */
final class Cursor implements \Iterator
{
    public function current(): mixed {}
    public function key(): mixed {}
    public function next(): void {}
    public function rewind(): void {}
    public function valid(): bool {}
    /** Close it. Closing twice is harmless. */
    public function close(): void {}
    /** From where a later list goes on ($after): behind the record that was read last. */
    public function token(): string {}
}

/** A report that has been run. */
final class Report
{
    /** How many rows, the totals among them. */
    public function rows(): int {}
    /** How many columns of figures, the totals among them. */
    public function columns(): int {}
    /** The figure of a cell. */
    public function value(int $row, int $column): int {}
    /**
     * The query that lists what stands behind a cell.
     * @return array<string,mixed>
     */
    public function query(int $row, int $column): array {}
    /** Render it as csv, json or html. */
    public function render(string $format, string $lang = "ja"): string {}
}

/** Write a date in the Japanese era: long, short, table or era_year. */
function wareki(\DateTimeInterface|string $date, string $style = "long"): string {}
/**
 * Read a date as people and other systems write it.
 * @param bool $column a cell of a column of dates: a number may be a spreadsheet's serial number
 * @param string|null $era meiji, taisho, showa, heisei or reiwa, where none is written
 * @return array{date: \DateTimeImmutable, style: string, warnings: list<array<string,string>>}
 */
function parseDate(string $text, bool $column = false, ?string $era = null): array {}
/**
 * The fiscal year (会計年度) of a date.
 * @return array{year: int, first: \DateTimeImmutable, last: \DateTimeImmutable, name: string, name_new: string, half: int, quarter: int}
 */
function fiscalYear(\DateTimeInterface|string $date): array {}
/** The version of the library that is running. */
function version(): string {}
/** The same as a number: major * 1000000 + minor * 1000 + patch. */
function versionNumber(): int {}
/**
 * The kinds of record and their fields.
 * @return array<mixed>
 */
function describe(?string $kind = null): array {}
