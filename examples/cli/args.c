/* The command line: verbs, options before or behind them, and their help. */
#include "municipal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EVERYWHERE (BIT(O_DB) | BIT(O_AS) | BIT(O_LANG) | BIT(O_FORMAT) | BIT(O_NOW) | BIT(O_REASON) | BIT(O_UPGRADE) | BIT(O_HELP) | BIT(O_VERSION))

static const struct {
    const char *name, *value; /* value: NULL for a switch */
    bool path;
    words does;
} options[OPTIONS] = {
    [O_DB] = { "db", "URL", true, { "the store: a file name", "保存先（ファイル名）" } },
    [O_AS] = { "as", "LOGIN", false, { "act as this principal (default: the user of the operating system)", "この利用者として操作する（既定: OSの利用者名）" } },
    [O_LANG] = { "lang", "ja|en", false, { "language of messages (default: from LC_ALL, LC_MESSAGES, LANG)", "表示の言語（既定: LC_ALL、LC_MESSAGES、LANGによる）" } },
    [O_FORMAT] = { "format", "table|csv|json", false, { "form of the output (default: table)", "出力の形式（既定: table）" } },
    [O_NOW] = { "now", "MOMENT", false, { "test stores: the clock stands here, as 2027-04-01T09:00:00+09:00", "試験用の保存先の時計を固定する（例 2027-04-01T09:00:00+09:00）" } },
    [O_REASON] = { "reason", "TEXT", false, { "why, kept in the history", "理由（履歴に残る）" } },
    [O_UPGRADE] = { "upgrade", NULL, false, { "bring an older store up to date", "古い版の保存先を今の版に更新する" } },
    [O_HELP] = { "help", NULL, false, { "explain the command, or the verb", "使い方を表示する" } },
    [O_VERSION] = { "version", NULL, false, { "print the version", "版を表示する" } },
    [O_TEST] = { "test", NULL, false, { "make a test store, which says so for ever and whose clock may be fixed", "試験用の保存先を作る（その旨が永久に残り、時計を固定できる）" } },
    [O_ADMIN] = { "admin", "LOGIN", false, { "the first administrator (default: the user of the operating system)", "最初の管理者のログイン名（既定: OSの利用者名）" } },
    [O_ADMIN_NAME] = { "admin-name", "NAME", false, { "that person's name", "最初の管理者の氏名" } },
    [O_JSON] = { "json", "TEXT|-", false, { "the values as a JSON object; - reads it from standard input", "値をJSONオブジェクトで与える（-は標準入力）" } },
    [O_REV] = { "rev", "N", false, { "the revision that was seen: refused where somebody changed it since", "確認済みの改訂番号（その後に変更されていれば拒否する）" } },
    [O_WHERE] = { "where", "JSON", false, { "a condition, such as {\"field\":\"state\",\"op\":\"eq\",\"value\":\"new\"}", "条件（例 {\"field\":\"state\",\"op\":\"eq\",\"value\":\"new\"}）" } },
    [O_WORDS] = { "words", "TEXT", false, { "words to search for", "検索する語" } },
    [O_ORDER] = { "order", "a,-b", false, { "fields to sort by; - before one for descending", "並び順の項目（前に-を付けると降順）" } },
    [O_FIELDS] = { "fields", "a,b", false, { "fields to show, also through references (assignee.name)", "表示する項目（assignee.nameのように参照先も可）" } },
    [O_LIMIT] = { "limit", "N", false, { "at most so many records (default for lists: 100)", "件数の上限（一覧の既定は100件）" } },
    [O_ALL] = { "all", NULL, false, { "all of them", "すべて" } },
    [O_AFTER] = { "after", "TOKEN", false, { "go on where a list ended", "前の一覧の続きから" } },
    [O_TRASH] = { "trash", "without|only|with", false, { "what of the trash (default: without)", "ごみ箱の扱い（既定: without＝除く）" } },
    [O_COUNT] = { "count", NULL, false, { "print only how many there are", "件数だけを表示する" } },
    [O_CHARSET] = { "charset", "NAME", false, { "character set of the file: utf-8, cp932, utf-16le; for export utf-8-bom, utf-8, cp932", "ファイルの文字コード（utf-8、cp932、utf-16le。書出しはutf-8-bom、utf-8、cp932）" } },
    [O_COLUMNS] = { "columns", "JSON", false, { "header text to field name, as a JSON object", "見出しから項目名への対応（JSONオブジェクト）" } },
    [O_ON_ERROR] = { "on-error", "stop|skip", false, { "stop: nothing is written; skip: rows without errors are", "stop: 何も書かない（既定）、skip: 誤りのない行だけ書く" } },
    [O_HEADER] = { "header", "title|name", false, { "header row of Japanese titles or field names", "見出し行を日本語の表題にするか項目名にするか" } },
    [O_FORMULAS] = { "formulas", "quote|keep", false, { "texts that a spreadsheet would run", "表計算ソフトが式とみなす値の扱い" } },
    [O_PROFILE] = { "profile", "NAME", false, { "profile definition (default: hr-export)", "取込みの設定名（既定: hr-export）" } },
    [O_ON] = { "on", "DATE", false, { "the day as of which the files speak", "ファイルの基準日" } },
    [O_UNITS] = { "units", "FILE", true, { "file of the organisation's units", "所属のファイル" } },
    [O_PEOPLE] = { "people", "FILE", true, { "file of the staff", "職員のファイル" } },
    [O_NOTE] = { "note", "TEXT", false, { "why, kept in the plan's history", "承認の理由（計画の履歴に残る）" } },
    [O_OUTPUT] = { "output", "FILE", true, { "write to this file", "出力先のファイル" } },
    [O_ROWS] = { "rows", NULL, false, { "show what the plan would do, row by row", "計画の内容を1件ずつ表示する" } },
    [O_ROW] = { "row", "N", false, { "list what stands behind a cell: its row, from 1", "セルの内訳を一覧する（行番号、1から）" } },
    [O_COLUMN] = { "column", "N", false, { "and its column, from 1", "セルの内訳を一覧する（列番号、1から）" } },
    [O_TITLE] = { "title", "TEXT", false, { "what people call it", "表題" } },
    [O_REPAIR] = { "repair", NULL, false, { "derive anew what follows from the records", "レコードから作り直せるものを修復する" } },
    [O_ACTIVATE] = { "activate", NULL, false, { "put it into force at once", "すぐに有効にする" } },
};

bool number_read(const char *s, int64_t *out) {
    char *end = NULL;
    const char *digits = s + (*s == '-');
    if (*digits < '0' || *digits > '9')
        return false;
    errno = 0;
    long long n = strtoll(s, &end, 10);
    *out = (int64_t)n;
    return errno == 0 && *end == '\0';
}

static bool digits_read(const char **s, int count, int64_t *out) {
    *out = 0;
    for (int i = 0; i < count; i++, (*s)++) {
        if (**s < '0' || **s > '9')
            return false;
        *out = *out * 10 + (**s - '0');
    }
    return true;
}

static bool mark_read(const char **s, char mark) {
    return *(*s)++ == mark;
}

bool moment_read(const char *s, int64_t *out) {
    int64_t y, m, d, h, min, sec = 0, zh = 9, zm = 0;
    bool west = false;
    if (!digits_read(&s, 4, &y) || !mark_read(&s, '-') || !digits_read(&s, 2, &m) || !mark_read(&s, '-') || !digits_read(&s, 2, &d) ||
        !mark_read(&s, 'T') || !digits_read(&s, 2, &h) || !mark_read(&s, ':') || !digits_read(&s, 2, &min))
        return false;
    if (*s == ':' && (s++, !digits_read(&s, 2, &sec)))
        return false;
    if (*s == 'Z') {
        zh = 0;
        s++;
    } else if (*s == '+' || *s == '-') {
        west = *s++ == '-';
        if (!digits_read(&s, 2, &zh) || !mark_read(&s, ':') || !digits_read(&s, 2, &zm))
            return false;
    }
    static const int64_t length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
    if (*s || y < 1 || m < 1 || m > 12 || d < 1 || d > length[m - 1] + (m == 2 && leap) || h > 23 || min > 59 || sec > 59 || zh > 14 || zm > 59)
        return false;
    int64_t days = (y - 1) * 365 + (y - 1) / 4 - (y - 1) / 100 + (y - 1) / 400 - 719162 + d - 1;
    for (int64_t i = 1; i < m; i++)
        days += length[i - 1] + (i == 2 && leap);
    int64_t zone = (zh * 60 + zm) * 60;
    *out = ((days * 24 + h) * 60 + min) * 60 + sec - (west ? -zone : zone);
    return true;
}

/* LC_ALL before LC_MESSAGES before LANG, as everywhere. The command asks the environment; the library never does. */
static bool speaks_japanese(void) {
    static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
    for (size_t i = 0; i < COUNT(names); i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return strncmp(value, "ja", 2) == 0;
    }
    return false;
}

static int option_find(const char *name, size_t length) {
    for (int o = 0; o < OPTIONS; o++)
        if (strlen(options[o].name) == length && memcmp(options[o].name, name, length) == 0)
            return o;
    return -1;
}

/* A text of the user's in a complaint: not too long, nothing that moves the cursor. */
static const char *shown(const char *s, char out[64]) {
    if (!text_is_utf8(s))
        return "?";
    size_t n = 0;
    for (; s[n] && n < 40; n++)
        out[n] = (unsigned char)s[n] < 0x20 || s[n] == 0x7f ? '?' : s[n];
    while (s[n] && n && ((unsigned char)s[n] & 0xc0) == 0x80)
        n--;
    (void)strcpy(out + n, s[n] ? "…" : "");
    return out;
}

static int set_option(cli *c, int o, const char *value) {
    char name[64];
    if (c->option[o] && options[o].value)
        return usage(c, "--%s is given twice", "--%sが2回指定されています", options[o].name);
    if (options[o].value && !options[o].path && !text_is_utf8(value))
        return usage(c, "the value of --%s is not valid UTF-8", "--%sの値がUTF-8ではありません", options[o].name);
    if (options[o].value && options[o].path && !*value)
        return usage(c, "--%s needs the name of a file", "--%sにはファイル名が必要です", options[o].name);
    c->option[o] = value;
    if (o == O_LANG) {
        if (strcmp(value, "ja") != 0 && strcmp(value, "en") != 0)
            return usage(c, "--lang is ja or en, not \"%s\"", "--langはjaかenです（「%s」は使えません）", shown(value, name));
        c->ja = *value == 'j';
    }
    return DONE;
}

static int set_format(cli *c) {
    static const char *const names[] = { "table", "csv", "json", "html" };
    const char *value = c->option[O_FORMAT];
    char name[64];
    if (!value)
        return DONE;
    for (size_t i = 0; i < COUNT(names); i++)
        if (strcmp(value, names[i]) == 0) {
            c->format = (enum format)i;
            if (c->format != FORMAT_HTML || (c->verb && strcmp(c->verb->name, "report") == 0))
                return DONE;
        }
    return usage(c, "--format is table, csv or json (report run: also html), not \"%s\"",
                 "--formatはtable、csv、jsonのどれかです（report runではhtmlも可。「%s」は使えません）", shown(value, name));
}

static int find_verb(cli *c, const verb *verbs, size_t count) {
    char a[64], b[64];
    bool group = false;
    if (c->args == 0)
        return DONE;
    for (size_t i = 0; i < count; i++)
        if (strcmp(verbs[i].name, c->arg[0]) == 0) {
            group = verbs[i].sub != NULL;
            if (!group || (c->args > 1 && strcmp(verbs[i].sub, c->arg[1]) == 0)) {
                c->verb = &verbs[i];
                int used = group ? 2 : 1;
                c->args -= used;
                memmove(c->arg, c->arg + used, (size_t)c->args * sizeof c->arg[0]);
                return DONE;
            }
        }
    if (group && c->args == 1)
        return c->option[O_HELP] ? DONE
                                 : usage(c, "%s needs one more word; see municipal --help", "%sの後にもう1語必要です。municipal --helpを見てください", c->arg[0]);
    if (group)
        return usage(c, "%s cannot \"%s\"; see municipal --help", "%sに「%s」はありません。municipal --helpを見てください", c->arg[0], shown(c->arg[1], b));
    return usage(c, "there is no verb \"%s\"; see municipal --help", "「%s」という動詞はありません。municipal --helpを見てください", shown(c->arg[0], a));
}

int args_read(cli *c, int argc, char **argv, const verb *verbs, size_t count) {
    bool only_args = false;
    char name[64];
    int code;
    c->ja = speaks_japanese();
    for (int i = 1; i + 1 < argc; i++) /* so that complaints about what stands before it are in the right language */
        if (strcmp(argv[i], "--lang") == 0)
            c->ja = strcmp(argv[i + 1], "ja") == 0;
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i];
        if (only_args || a[0] != '-' || a[1] == '\0' || (a[1] >= '0' && a[1] <= '9')) { /* also - and -3 */
            if (c->args == (int)COUNT(c->arg))
                return usage(c, "there are more than %d arguments", "引数が%d個を超えています", (int)COUNT(c->arg));
            c->arg[c->args++] = a;
            continue;
        }
        if (strcmp(a, "--") == 0) {
            only_args = true;
            continue;
        }
        int o = strcmp(a, "-h") == 0 ? O_HELP : -1;
        const char *equals = NULL;
        if (o < 0 && a[1] == '-') {
            equals = strchr(a, '=');
            o = option_find(a + 2, equals ? (size_t)(equals - a - 2) : strlen(a + 2));
        }
        if (o < 0)
            return usage(c, "there is no option \"%s\"; what begins with a hyphen and is no option stands behind --",
                         "「%s」というオプションはありません。ハイフンで始まる値は -- の後に書いてください", shown(a, name));
        if (!options[o].value && equals)
            return usage(c, "--%s takes no value", "--%sは値をとりません", options[o].name);
        if (options[o].value && !equals && i + 1 == argc)
            return usage(c, "--%s needs a value: %s", "--%sには値が必要です: %s", options[o].name, options[o].value);
        code = set_option(c, o, !options[o].value ? "" : equals ? equals + 1 : argv[++i]);
        if (code != DONE)
            return code;
    }
    code = find_verb(c, verbs, count);
    if (code == DONE)
        code = set_format(c);
    if (code != DONE || !c->verb || c->option[O_HELP])
        return code;
    for (int o = 0; o < OPTIONS; o++)
        if (c->option[o] && !((EVERYWHERE | c->verb->options) & BIT(o)))
            return usage(c, "%s%s%s knows no --%s", "%s%s%sでは--%sを使えません", c->verb->name, c->verb->sub ? " " : "",
                         c->verb->sub ? c->verb->sub : "", options[o].name);
    if (c->args < c->verb->least || c->args > c->verb->most)
        return usage(c, "too %s arguments; right is: municipal %s%s%s %s", "引数が%sます。正しい形: municipal %s%s%s %s",
                     c->args < c->verb->least ? in(c, (words){ "few", "不足してい" }) : in(c, (words){ "many", "多すぎ" }), c->verb->name,
                     c->verb->sub ? " " : "", c->verb->sub ? c->verb->sub : "", c->verb->usage);
    for (int i = 0; i < c->args; i++)
        if (i + 1 != c->verb->path && !text_is_utf8(c->arg[i]))
            return usage(c, "argument %d is not valid UTF-8", "%d番目の引数がUTF-8ではありません", i + 1);
    return DONE;
}

void args_help(const cli *c, FILE *to, uint64_t which) {
    for (int o = 0; o < OPTIONS; o++)
        if (which & BIT(o)) {
            int width = (int)strlen(options[o].name) + (options[o].value ? 1 + (int)strlen(options[o].value) : 0);
            (void)fprintf(to, "  --%s%s%s%*s  %s\n", options[o].name, options[o].value ? " " : "", options[o].value ? options[o].value : "",
                          width < 24 ? 24 - width : 0, "", in(c, options[o].does));
        }
}
