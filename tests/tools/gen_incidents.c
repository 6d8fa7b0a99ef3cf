/* A year of helpdesk incidents, one row each, from a table of how many there were: a program for tests and examples.
 *
 *     gen_incidents TABLE.csv STAFF.csv OUT.csv [SEED]
 *
 * TABLE has a row per category and twelve columns of months from April; what stands behind them, and the row 合計, is not read. STAFF is a personnel
 * system's export as it comes (UTF-8 or CP932, with its defects). Reporters are people that no reading of it could refuse: a number of seven
 * digits that stands in one row only, twenty-two cells, dates that exist and are written in full, a unit that another row names in the same
 * way; and they are employed on the ticket's day. OUT is UTF-8 with a BOM, CRLF, sorted by the moment of reporting. The same input gives the
 * same bytes on every machine: whole numbers only, no clock, no locale. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FISCAL_YEAR 2023 /* the year of the table: 令和5年度 */
#define MONTHS 12
#define CATEGORIES_MAX 64
#define STAFF_COLUMNS 22
#define FILE_MAX ((size_t)64 << 20)
#define TICKETS_MAX 10000000

/* ---- CSV, read whole. Only bytes below 0x30 are looked for, which neither UTF-8 nor CP932 uses inside of a character. */

typedef struct cell {
    const char *p; /* ends with a NUL */
    size_t n;
} cell;
typedef struct line {
    cell *cells;
    size_t count;
} line;
typedef struct table {
    char *text;
    cell *cells;
    line *lines;
    size_t count;
} table;

static void table_free(table *t) {
    free(t->text);
    free(t->cells);
    free(t->lines);
    *t = (table){ NULL, NULL, NULL, 0 };
}

static char *slurp(const char *path, size_t *size) {
    FILE *f = fopen(path, "rb");
    char *text = NULL;
    size_t n = 0, cap = 0;
    if (!f)
        return NULL;
    for (;;) {
        if (n + 1 >= cap) {
            char *more = cap < FILE_MAX ? realloc(text, cap ? cap * 2 : 65536) : NULL;
            if (!more)
                break;
            text = more;
            cap = cap ? cap * 2 : 65536;
        }
        size_t got = fread(text + n, 1, cap - n - 1, f);
        n += got;
        if (!got && feof(f)) {
            (void)fclose(f);
            text[n] = 0;
            *size = n;
            return text;
        }
        if (!got)
            break;
    }
    (void)fclose(f);
    free(text);
    return NULL;
}

static bool table_read(const char *path, table *out) {
    size_t n = 0, cells = 0, most = 2, lines = 1;
    *out = (table){ slurp(path, &n), NULL, NULL, 0 };
    if (!out->text)
        return false;
    for (size_t i = 0; i < n; i++) {
        most += out->text[i] == ',' || out->text[i] == '\n';
        lines += out->text[i] == '\n';
    }
    out->cells = calloc(most, sizeof *out->cells);
    out->lines = calloc(lines, sizeof *out->lines);
    if (!out->cells || !out->lines) {
        table_free(out);
        return false;
    }
    char *r = out->text, *end = r + n, *w;
    if (n >= 3 && !memcmp(r, "\xEF\xBB\xBF", 3))
        r += 3;
    while (r < end) {
        line *l = &out->lines[out->count++];
        l->cells = &out->cells[cells];
        for (bool more = true; more;) {
            bool quoted = r < end && *r == '"';
            char *start = w = r;
            if (quoted) {
                for (r++; r < end; *w++ = *r++)
                    if (*r == '"' && (++r == end || *r != '"')) /* one alone ends it, two are one */
                        break;
            }
            while (r < end && *r != ',' && *r != '\n')
                *w++ = *r++;
            more = r < end && *r == ',';
            if (w > start && w[-1] == '\r' && !more)
                w--;
            r += r < end;
            *w = 0; /* what stood there was read, or is the separator */
            out->cells[cells++] = (cell){ start, (size_t)(w - start) };
            l->count++;
        }
    }
    return true;
}

/* ---- days: since 1970-01-01, so that they compare */

static int32_t month_days(int32_t y, int32_t m) {
    static const int32_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return days[m - 1] + (m == 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0));
}

static int32_t day_number(int32_t y, int32_t m, int32_t d) {
    int32_t n = d - 1;
    for (int32_t i = 1970; i < y; i++)
        n += 337 + month_days(i, 2);
    for (int32_t i = 1; i < m; i++)
        n += month_days(y, i);
    return n;
}

static bool digits(const char *p, size_t n, int32_t *out) {
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9')
            return false;
        *out = *out * 10 + (p[i] - '0');
    }
    return n > 0;
}

/* YYYY/MM/DD of a day that exists. */
static bool slash_date(const cell *c, int32_t *day) {
    int32_t y, m, d;
    if (c->n != 10 || c->p[4] != '/' || c->p[7] != '/' || !digits(c->p, 4, &y) || !digits(c->p + 5, 2, &m) || !digits(c->p + 8, 2, &d) || y < 1970 || m < 1 || m > 12 ||
        d < 1 || d > month_days(y, m))
        return false;
    *day = day_number(y, m, d);
    return true;
}

/* S42.05.26 */
static bool era_date(const cell *c) {
    int32_t y, m, d;
    return c->n == 9 && strchr("MTSHR", c->p[0]) && c->p[3] == '.' && c->p[6] == '.' && digits(c->p + 1, 2, &y) && digits(c->p + 4, 2, &m) && digits(c->p + 7, 2, &d) &&
           y > 0 && m > 0 && m <= 12 && d > 0 && d <= 31;
}

/* ---- who may report */

typedef struct person {
    const char *number;
    int32_t from, to;
} person;

/* Columns of the export. */
enum { C_NUMBER, C_BORN = 3, C_HIRED = 6, C_RETIRED = 7, C_UNIT = 8, C_UNIT_NAME = 9, C_ORDERED = 14, C_TERM = 17 };

static bool blank_or_date(const cell *c) {
    int32_t day;
    return !c->n || slash_date(c, &day);
}

/* Numbers as they compare when zeros in front of them were dropped and blanks stand around. */
static cell bare(cell c) {
    while (c.n && (*c.p == '0' || *c.p == ' '))
        c = (cell){ c.p + 1, c.n - 1 };
    while (c.n && c.p[c.n - 1] == ' ')
        c.n--;
    return c;
}

static bool same(cell a, cell b) {
    return a.n == b.n && !memcmp(a.p, b.p, a.n);
}

static bool person_read(const table *staff, size_t row, person *out) {
    const cell *c = staff->lines[row].cells;
    int32_t number;
    bool unit = false;
    if (staff->lines[row].count != STAFF_COLUMNS || c[C_NUMBER].n != 7 || !digits(c[C_NUMBER].p, 7, &number) || !era_date(&c[C_BORN]) || !slash_date(&c[C_HIRED], &out->from) ||
        !blank_or_date(&c[C_RETIRED]) || !c[C_ORDERED].n || !blank_or_date(&c[C_ORDERED]) || !blank_or_date(&c[C_TERM]))
        return false;
    out->number = c[C_NUMBER].p;
    out->to = INT32_MAX;
    if (c[C_RETIRED].n && (!slash_date(&c[C_RETIRED], &out->to) || out->to < out->from))
        return false;
    for (size_t i = 0; i < staff->count; i++) {
        const line *l = &staff->lines[i];
        if (i == row)
            continue;
        if (same(bare(l->cells[C_NUMBER]), bare(c[C_NUMBER])))
            return false;
        unit = unit || (l->count == STAFF_COLUMNS && same(l->cells[C_UNIT], c[C_UNIT]) && same(l->cells[C_UNIT_NAME], c[C_UNIT_NAME]));
    }
    return unit;
}

static person *people_read(const table *staff, size_t *count) {
    person *list = calloc(staff->count + 1, sizeof *list);
    *count = 0;
    for (size_t i = 1; list && i < staff->count; i++)
        *count += person_read(staff, i, &list[*count]);
    return list;
}

/* ---- chance: splitmix64 */

typedef struct chance {
    uint64_t s;
} chance;

static uint32_t below(chance *c, uint32_t n) {
    uint64_t z = c->s += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (uint32_t)((((z ^ (z >> 31)) >> 32) * n) >> 32);
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PICK(c, list) (list)[below((c), (uint32_t)COUNT(list))]

/* ---- what tickets say. %s stands for a system or a device. */

static const char *const systems[] = {
    "財務会計システム", "人事給与システム", "文書管理システム", "庶務事務システム", "住民記録システム", "税務総合システム", "福祉総合システム", "介護保険システム",
    "戸籍システム", "電子申請サービス", "施設予約システム", "地図情報システム", "電子入札システム", "グループウェア", "ファイル転送サービス", "健康管理システム",
};
static const char *const devices[] = {
    "業務端末", "ノートパソコン", "複合機", "プリンタ", "窓口端末", "タブレット", "スキャナ", "証明書発行機", "ディスプレイ", "カードリーダ", "会議用カメラ", "番号発券機",
};
static const char *const places[] = {
    "1階の窓口", "2階の執務室", "3階の会議室", "南支所", "北支所", "東出張所", "中央図書館", "保健センター", "西保育所", "水道庁舎", "議会事務局", "教育委員会事務局",
};

enum { SYSTEM = 0, DEVICE = 1, TROUBLE = 2 }; /* what %s is; something is broken, and no request was made yet */
typedef struct saying {
    const char *subject, *body;
    uint32_t is;
} saying;
typedef struct theme {
    const char *category; /* its title in the table; NULL: any other */
    const saying *list;
    uint32_t count;
} theme;

static const saying support[] = {
    { "%sにログインできない", "%sで利用者番号を入れても先に進みません。パスワードは昨日変えたばかりです。", SYSTEM | TROUBLE },
    { "%sのパスワードを忘れた", "パスワードを3回間違えて止まりました。%sの解除をお願いします。", SYSTEM },
    { "%sのﾊﾟｽﾜｰﾄﾞ期限切れ", "%sを開くと「ﾊﾟｽﾜｰﾄﾞの期限が切れました」と表示されます。", SYSTEM | TROUBLE },
    { "%sの操作方法について", "%sで決裁の差し戻しをする手順を教えてください。手引きの12ページは読みました。", SYSTEM },
    { "%sから印刷できない", "%sの帳票を印刷すると白紙が出てきます。昨日までは正しく印刷できていました。", SYSTEM | TROUBLE },
    { "異動後の%sの権限", "4月の異動で所属が変わりましたが、%sに前の課の書類しか表示されません。", SYSTEM | TROUBLE },
    { "%sの画面が固まる", "%sで検索を押すと10分ほど応答がありません。同じ係の3人が同じ状況です。", SYSTEM | TROUBLE },
    { "%sの文字化け", "%sの一覧を表計算ソフトで開くと氏名が文字化けします。「髙」と「﨑」の字です。", SYSTEM | TROUBLE },
    { "%sの集計が合わない", "%sから出した表で、=SUM(B2:B13)の値と画面の合計が合いません。", SYSTEM },
    { "在宅からVPN-01に接続できない", "在宅勤務でVPN-01につながらず、%sが使えません。「認証に失敗しました」と表示されます。", SYSTEM | TROUBLE },
    { "%sの動作が遅い", "%sの動作が遅く、来庁者をお待たせしています。", SYSTEM | TROUBLE },
    { "添付の書類が開けない", "%sに添付された書類を開くと、\"保護されています\"と表示されます。", SYSTEM | TROUBLE },
};
static const saying work[] = {
    { "異動に伴う%sの利用登録", "来月の異動で着任する職員に%sの利用登録をお願いします。", SYSTEM },
    { "%sの権限の追加", "%sの閲覧権限を、係の2人に追加してください。課長の承認は得ています。", SYSTEM },
    { "共有フォルダの作成", "会議の資料を置く共有フォルダを作ってください。%sからも見られるようにお願いします。", SYSTEM },
    { "%sのデータの抽出", "%sから前年度分の一覧を抽出してください。CSVで、期限は今週中です。", SYSTEM },
    { "%sのマスタの変更", "組織改正のため、%sの所属の名称を変更してください。", SYSTEM },
};
static const saying network[] = {
    { "VPN-01の通信が切れる", "VPN-01の接続が数分ごとに切れます。%sの画面が途中で止まります。", SYSTEM | TROUBLE },
    { "無線につながらない", "%sが無線につながりません。有線では使えます。", DEVICE | TROUBLE },
    { "回線の障害", "%sが庁内のどこにもつながりません。内線電話は使えます。", DEVICE | TROUBLE },
    { "VPN-02への切り替え", "VPN-01が混み合うため、%sをVPN-02に切り替えてください。", DEVICE },
};
static const saying hardware[] = {
    { "%sの電源が入らない", "%sの電源を押しても何も表示されません。コンセントは差し直しました。", DEVICE | TROUBLE },
    { "%sの故障", "%sから焦げたようなにおいがします。使うのを止めています。", DEVICE | TROUBLE },
    { "%sの交換", "%sの画面に縦の線が出ます。交換をお願いします。", DEVICE },
    { "%sの印刷がかすれる", "%sで印刷すると右側がかすれます。清掃をしても直りません。", DEVICE | TROUBLE },
    { "%sの異音", "%sから大きな音がします。議会の日までに見てください。", DEVICE },
};
static const saying print_room[] = {
    { "印刷室の輪転機が止まる", "印刷室の輪転機が50枚ほどで止まります。広報の印刷を急いでいます。", SYSTEM | TROUBLE },
    { "印刷室の利用について", "印刷室の予約が%sに表示されません。", SYSTEM | TROUBLE },
    { "印刷室の用紙が足りない", "印刷室のA3の用紙がなくなりました。印刷の途中です。", SYSTEM | TROUBLE },
};
static const saying supplies[] = {
    { "トナーの交換", "%sの黒のトナーがなくなりました。予備もありません。", DEVICE | TROUBLE },
    { "%sの消耗品の補充", "%sの消耗品を2つお願いします。印刷が薄くなってきました。", DEVICE },
    { "USBメモリの貸出", "会議で使うUSBメモリを1本貸してください。%sで使います。", DEVICE },
    { "マウスの電池", "%sのマウスの電池が切れました。単3を4本お願いします。", DEVICE },
};
static const saying other[] = {
    { "問い合わせ先の確認", "%sについて、どの課に聞けばよいか教えてください。", SYSTEM },
    { "研修の申込み", "%sの研修に申し込みたいのですが、締切を過ぎましたか。", SYSTEM },
    { "拾得物の連絡", "会議室に%sの付属品が置かれたままです。", DEVICE },
};

#define THEME(title, list) { title, list, (uint32_t)COUNT(list) }
static const theme themes[] = {
    THEME("サポート", support), THEME("作業依頼", work),     THEME("NW関連", network), THEME("ハード対応", hardware),
    THEME("印刷室関連", print_room), THEME("消耗品", supplies), THEME(NULL, other),
};

static const char *const begun[] = { "今朝から", "昨日の夕方から", "先週から", "異動の後から", "更新作業の後から", "停電の後から", "再起動した後も", "月末の締めの最中に" };
static const char *const asks[] = { "原因を調べてください。", "至急の対応をお願いします。", "電話での回答を希望します。", "復旧の見込みを教えてください。" };
static const char *const asks_device[] = { "代わりの機器を貸してください。", "現地での確認をお願いします。", "至急の対応をお願いします。", "原因を調べてください。" };
static const char *const courtesies[] = { "急ぎではありません。", "電話での回答を希望します。", "よろしくお願いします。", "" };
static const char *const levels[] = { "high", "middle", "low" };
static const char *const levels_mostly_low[] = { "high", "middle", "middle", "low", "low", "low", "low", "low" };

/* ---- tickets */

typedef struct ticket {
    int64_t at; /* seconds since 1970-01-01T00:00, local */
    uint32_t category, order, reporter;
} ticket;

static int by_time(const void *a, const void *b) {
    const ticket *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

/* A moment of the month: mostly in office hours of Monday to Friday. */
static int64_t moment(chance *c, int32_t first, int32_t days) {
    int32_t day = first + (int32_t)below(c, (uint32_t)days);
    bool weekend = (day + 4) % 7 == 0 || (day + 4) % 7 == 6; /* 1970-01-01 was a Thursday */
    if (weekend && below(c, 20)) { /* the nearest working day of the month */
        day += day + 2 < first + days ? 2 : -2;
    }
    uint32_t second = below(c, 25) ? 8 * 3600 + 1800 + below(c, 8 * 3600 + 2700) : below(c, 86400);
    return (int64_t)day * 86400 + second;
}

static bool put_cell(FILE *f, const char *p, char after) {
    bool ok = true;
    if (strpbrk(p, ",\"\n")) {
        ok = fputc('"', f) != EOF;
        for (; *p; p++)
            ok = ok && (*p != '"' || fputc('"', f) != EOF) && fputc(*p, f) != EOF;
        ok = ok && fputc('"', f) != EOF;
    } else {
        ok = fputs(p, f) != EOF;
    }
    return ok && (after == '\n' ? fputs("\r\n", f) : fputc(after, f)) != EOF;
}

/* `text` with its %s replaced. */
static size_t fill(char *out, size_t size, const char *text, const char *what) {
    const char *at = strstr(text, "%s");
    int n = at ? snprintf(out, size, "%.*s%s%s", (int)(at - text), text, what, at + 2) : snprintf(out, size, "%s", text);
    return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}

static bool put_ticket(FILE *f, chance *c, const ticket *t, uint32_t serial, const char *title, const char *reporter) {
    char number[32], subject[256], body[1024], at[64];
    const theme *th = themes;
    while (th->category && strcmp(th->category, title))
        th++;
    const saying *s = &th->list[below(c, th->count)];
    const char *what = s->is & DEVICE ? PICK(c, devices) : PICK(c, systems);
    (void)snprintf(number, sizeof number, "R%d-%05u", FISCAL_YEAR - 2018, serial);
    (void)fill(subject, sizeof subject, s->subject, what);
    /* one chance a statement: the order in which arguments are worked out is the compiler's */
    size_t n = (size_t)snprintf(body, sizeof body, "%sの職員です。", PICK(c, places));
    if (s->is & TROUBLE && below(c, 2))
        n += (size_t)snprintf(body + n, sizeof body - n, "%s、", PICK(c, begun));
    n += fill(body + n, sizeof body - n, s->body, what);
    if (!below(c, 4)) {
        n += (size_t)snprintf(body + n, sizeof body - n, "\n機器番号: PC-%05u", below(c, 100000));
        n += (size_t)snprintf(body + n, sizeof body - n, ", 内線: %04u\n", 1000 + below(c, 9000));
    }
    const char *ask = !(s->is & TROUBLE) ? PICK(c, courtesies) : s->is & DEVICE ? PICK(c, asks_device) : PICK(c, asks);
    (void)snprintf(body + n, sizeof body - n, "%s", ask);
    int32_t day = (int32_t)(t->at / 86400), second = (int32_t)(t->at % 86400), y = FISCAL_YEAR, m = 4;
    for (int32_t first = day_number(y, m, 1); day >= first + month_days(y, m); m = m % 12 + 1, y += m == 1)
        first += month_days(y, m);
    (void)snprintf(at, sizeof at, "%04d-%02d-%02dT%02d:%02d:%02d+09:00", y, m, day - day_number(y, m, 1) + 1, second / 3600, second / 60 % 60, second % 60);
    return put_cell(f, number, ',') && put_cell(f, "incident", ',') && put_cell(f, title, ',') && put_cell(f, subject, ',') && put_cell(f, body, ',') &&
           put_cell(f, PICK(c, levels_mostly_low), ',') && put_cell(f, PICK(c, levels), ',') && put_cell(f, reporter, ',') && put_cell(f, at, '\n');
}

static bool employed(const person *p, int64_t at) {
    int32_t day = (int32_t)(at / 86400);
    return p->from <= day && day <= p->to;
}

/* All tickets of the table, sorted; NULL with a reason. */
static ticket *plan(const table *t, chance *c, const person *people, size_t npeople, uint32_t *total, const char **why) {
    int32_t counts[CATEGORIES_MAX][MONTHS];
    size_t rows = 0;
    uint64_t sum = 0;
    *why = "the table has no row of counts";
    for (size_t i = 1; i < t->count && strcmp(t->lines[i].cells[0].p, "合計"); i++, rows++) {
        *why = "the table has a row without twelve counts, or too many rows";
        if (rows == CATEGORIES_MAX || t->lines[i].count <= MONTHS)
            return NULL;
        for (size_t m = 0; m < MONTHS; m++) {
            const cell *v = &t->lines[i].cells[m + 1];
            if (v->n > 6 || !digits(v->p, v->n, &counts[rows][m]))
                return NULL;
            sum += (uint64_t)counts[rows][m];
        }
    }
    if (!sum || sum > TICKETS_MAX)
        return NULL;
    *why = "out of memory";
    ticket *list = calloc((size_t)sum, sizeof *list);
    uint32_t n = 0;
    for (uint32_t m = 0; list && m < MONTHS; m++) {
        int32_t y = FISCAL_YEAR + (m >= 9), month = (int32_t)(m + 3) % 12 + 1, first = day_number(y, month, 1), days = month_days(y, month);
        for (uint32_t k = 0; k < rows; k++)
            for (int32_t i = 0; i < counts[k][m]; i++, n++) {
                /* the first hour and the last one, with the very first and the very last second among them */
                int64_t at = moment(c, first, days);
                if (i == 0 && (counts[k][m] > 1 || m % 2 == 0))
                    at = (int64_t)first * 86400 + (k ? below(c, 3600) : 0);
                else if (i <= 1)
                    at = (int64_t)(first + days) * 86400 - 1 - (k ? below(c, 3600) : 0);
                list[n] = (ticket){ at, k, n, 0 };
            }
    }
    if (!list)
        return NULL;
    qsort(list, n, sizeof *list, by_time);
    for (uint32_t i = 0; i < n; i++) {
        size_t there = 0;
        for (size_t p = 0; p < npeople; p++)
            there += employed(&people[p], list[i].at);
        if (!there) {
            *why = "nobody in the staff file is employed on the day of a ticket";
            free(list);
            return NULL;
        }
        uint32_t pick = below(c, (uint32_t)there);
        for (uint32_t p = 0; p < npeople; p++)
            if (employed(&people[p], list[i].at) && !pick--) {
                list[i].reporter = p;
                break;
            }
    }
    *total = n;
    return list;
}

static bool write_all(FILE *f, chance *c, const table *t, const person *people, const ticket *list, uint32_t n) {
    bool ok = fputs("\xEF\xBB\xBF元番号,種別,分類,件名,内容,影響度,緊急度,申告者,受付日時\r\n", f) != EOF;
    for (uint32_t i = 0; ok && i < n; i++)
        ok = put_ticket(f, c, &list[i], i + 1, t->lines[list[i].category + 1].cells[0].p, people[list[i].reporter].number);
    return ok;
}

static int gen_incidents(const char *table_path, const char *staff_path, const char *out_path, uint64_t seed) {
    table t = { NULL, NULL, NULL, 0 }, staff = { NULL, NULL, NULL, 0 };
    chance c = { seed * UINT64_C(0x2545F4914F6CDD1D) + 1 };
    const char *why = NULL;
    person *people = NULL;
    ticket *list = NULL;
    size_t npeople = 0;
    uint32_t n = 0;
    int rc = 1;
    if (!table_read(table_path, &t) || !table_read(staff_path, &staff)) {
        (void)fprintf(stderr, "gen_incidents: cannot read %s\n", t.text ? staff_path : table_path);
        goto out;
    }
    people = people_read(&staff, &npeople);
    if (people)
        list = plan(&t, &c, people, npeople, &n, &why);
    if (!list) {
        (void)fprintf(stderr, "gen_incidents: %s\n", why ? why : "out of memory");
        goto out;
    }
    FILE *f = fopen(out_path, "wb");
    if (f) {
        rc = !write_all(f, &c, &t, people, list, n);
        rc |= fclose(f) != 0;
        if (rc)
            (void)remove(out_path);
    }
    if (rc)
        (void)fprintf(stderr, "gen_incidents: cannot write %s\n", out_path);
out:
    free(list);
    free(people);
    table_free(&t);
    table_free(&staff);
    return rc;
}

#ifndef GEN_INCIDENTS_INSIDE /* a test includes this file */
int main(int argc, char **argv) {
    char *end = NULL;
    uint64_t seed = argc == 5 ? strtoull(argv[4], &end, 10) : 1;
    if ((argc != 4 && argc != 5) || (end && (end == argv[4] || *end))) {
        (void)fprintf(stderr, "usage: gen_incidents TABLE.csv STAFF.csv OUT.csv [SEED]\n");
        return 2;
    }
    return gen_incidents(argv[1], argv[2], argv[3], seed);
}
#endif
