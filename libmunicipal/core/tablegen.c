/* Prints the library's tables in the forms that others need: the C header of names, Python modules, a page of the manual.
 * Runs while the library is being built, so it stands alone: it includes the tables and nothing else of the library. What
 * the compiler cannot see in a table (two fields of one name, a reference to no kind) it refuses, and the build stops. */
#include "classes.h"

#include <stdio.h>
#include <string.h>

/* ---- the tables */

static const struct {
    const char *name;
    int code;
    const char *parent, *class_name, *ja, *en;
} errors[] = {
#define MUNI_ERROR(ename, enumber, eparent, eja, een) { #ename, enumber, #eparent, MUNI_CLASS_##ename, eja, een },
#include "errors.def"
#undef MUNI_ERROR
};
#define ERROR_COUNT (sizeof errors / sizeof errors[0])

/* The classes above the codes, with the built-in class of Python that each is as well. */
static const struct {
    const char *name, *python, *doc;
} parents[] = {
#define MUNI_PARENT(pname, ppython, pdoc) { #pname, #ppython, pdoc },
#include "classes.h"
#undef MUNI_PARENT
};
#define PARENT_COUNT (sizeof parents / sizeof parents[0])

typedef struct field {
    const char *constant, *name, *type, *flags, *target, *ja, *en, *doc;
    int max;
} field;

static const field common[] = {
#define MUNI_COMMON(F, fname, ftype, fflags, ftarget, fmax, fja, fen, fdoc) \
    { #F, #fname, #ftype, #fflags, ftarget, fja, fen, fdoc, fmax },
#include "common.def"
#undef MUNI_COMMON
};
#define COMMON_COUNT (sizeof common / sizeof common[0])

/* The fields of each kind, closed by a row without a name. */
#define MUNI_KIND(K, knumber, kname, kflags, ktypes, klifecycle, ktitle, kja, ken, kdoc) static const field fields_##K[] = {
#define MUNI_FIELD(K, F, fname, ftype, fflags, ftarget, fmax, fja, fen, fdoc) \
    { #F, #fname, #ftype, #fflags, ftarget, fja, fen, fdoc, fmax },
#define MUNI_KIND_END(K) \
    { NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0 } \
    } \
    ;
#include "kinds.def"

/* And its indexes. */
typedef struct keys {
    const char *name, *columns;
    int unique;
} keys;
#define MUNI_KIND(K, knumber, kname, kflags, ktypes, klifecycle, ktitle, kja, ken, kdoc) static const keys indexes_##K[] = {
#define MUNI_INDEX(K, iname, icolumns, iunique) { #iname, icolumns, iunique },
#define MUNI_KIND_END(K) \
    { NULL, NULL, 0 } \
    } \
    ;
#include "kinds.def"

static const struct {
    const char *constant, *name;
    int number;
    const char *flags, *types, *lifecycle, *title, *ja, *en, *doc;
    const field *fields;
    const keys *indexes;
} kinds[] = {
#define MUNI_KIND(K, knumber, kname, kflags, ktypes, klifecycle, ktitle, kja, ken, kdoc) \
    { #K, #kname, knumber, #kflags, ktypes, klifecycle, ktitle, kja, ken, kdoc, fields_##K, indexes_##K },
#include "kinds.def"
};
#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

/* What the words of the tables mean. A type or flag that is not here stops the build. */
static const struct {
    const char *name, *ja, *en;
} types[] = {
    { "TEXT", "一行の文字列", "text of one line" },
    { "NOTE", "複数行の文字列", "text of many lines" },
    { "KEY", "識別子。入力のまま保存し、全角・半角や大文字・小文字の違いを除いて比べる", "identifier: kept as given, compared without regard to width and case" },
    { "CODE", "決まった値の一つ。括弧内は値、または@に続くコード定義の名前", "one of fixed values: those in brackets, or those of the codes definition named behind @" },
    { "INT", "整数", "whole number" },
    { "BOOL", "真偽値", "truth value" },
    { "DATE", "日付（YYYY-MM-DD）", "day, YYYY-MM-DD" },
    { "TIME", "日時。UTCの秒で保存し、保存先の時間帯で表す", "moment: kept as seconds UTC, written in the store's zone" },
    { "SECS", "秒数", "duration in seconds" },
    { "YEN", "金額（円）", "whole yen" },
    { "BYTES", "バイト数", "size in bytes" },
    { "REF", "括弧内の種類のレコードのID", "id of a record of the kind in brackets" },
    { "ANY", "任意の種類のレコード（種類:ID）", "any record, written kind:id" },
    { "JSON", "JSONの文書", "JSON document" },
}, flags[] = {
    { "REQUIRED", "必須", "must be filled" },
    { "UNIQUE", "ごみ箱にないレコードの間で重複しない", "no two records outside the trash have the same" },
    { "INDEXED", "索引あり", "has an index" },
    { "SEARCHED", "全文検索の対象", "found by a search" },
    { "PERSONAL", "個人情報。名指しした場合だけ、権限のある人に表示する", "personal: given only where it is named, to who has the right" },
    { "CREATE_ONLY", "登録のときにだけ指定できる", "given when the record is created, never changed" },
    { "SYSTEM", "ライブラリだけが設定する", "set by the library only" },
    { "OWN", "範囲「own」の判定に使う", "tells whose record it is, for the scope own" },
    { "UNIT", "範囲「unit」「below」の判定に使う", "tells which unit's record it is, for the scopes unit and below" },
    { "LIST", "値の並び", "a list of values" },
    { "BOOKKEEPING", "履歴に残らない管理用の項目", "the library's book-keeping: in no history row" },
    { "SECRET", "ライブラリの外に出ない", "never leaves the library" },
    { "NUMBERED", "採番規則により番号が付く", "gets a number by its numbering rule" },
    { "INTERNAL", "ライブラリが内部で使う種類", "of the library's own: not used directly" },
    { "APPEND", "登録後は変更できない", "created, never changed" },
};

static int is_type(const char *name) {
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (!strcmp(types[i].name, name))
            return 1;
    return 0;
}

/* "A | B", or NONE; answers whether each is known. */
static int are_flags(const char *list) {
    char name[32];
    if (!strcmp(list, "NONE"))
        return 1;
    for (const char *p = list; *p; p += strspn(p, " |")) {
        size_t n = strcspn(p, " |"), i = 0;
        snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : sizeof name - 1), p);
        while (i < sizeof flags / sizeof flags[0] && strcmp(flags[i].name, name) != 0)
            i++;
        if (i == sizeof flags / sizeof flags[0])
            return 0;
        p += n;
    }
    return 1;
}

/* ---- what the compiler cannot see */

static int wrong;

static void complain(const char *kind, const char *what, const char *name) {
    fprintf(stderr, "tablegen: kind %s: %s \"%s\"\n", kind, what, name);
    wrong = 1;
}

/* The number of fields of this name, constant or text, that come before `end` (NULL: all). */
static int fields_named(size_t kind, const field *end, const char *name) {
    int n = 0;
    for (size_t i = 0; i < COMMON_COUNT; i++)
        n += !strcmp(common[i].name, name) || !strcmp(common[i].constant, name);
    for (const field *f = kinds[kind].fields; f->name && f != end; f++)
        n += !strcmp(f->name, name) || !strcmp(f->constant, name);
    return n;
}

static int is_kind(const char *name) {
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (!strcmp(kinds[i].name, name))
            return 1;
    return 0;
}

/* Whatever of the tables is wrong is said; the answer is whether all is well. */
static int check(void) {
    for (size_t i = 0; i < ERROR_COUNT; i++)
        for (size_t j = 0; j < i; j++)
            if (errors[i].code == errors[j].code || !strcmp(errors[i].class_name, errors[j].class_name))
                complain("(errors)", "a number or class that another code has:", errors[i].name);
    for (size_t i = 0; i < ERROR_COUNT; i++) {
        size_t j = 0;
        while (j < PARENT_COUNT && strcmp(errors[i].parent, parents[j].name) != 0)
            j++;
        if (j == PARENT_COUNT)
            complain("(errors)", "no such parent:", errors[i].parent);
        for (j = 0; j < PARENT_COUNT; j++)
            if (!strcmp(errors[i].class_name, parents[j].name))
                complain("(errors)", "a class named like a parent:", errors[i].class_name);
    }
    for (size_t i = 0; i < KIND_COUNT; i++) {
        const char *kind = kinds[i].name;
        for (size_t j = 0; j < i; j++)
            if (kinds[i].number == kinds[j].number || !strcmp(kind, kinds[j].name))
                complain(kind, "its number or name belongs already to", kinds[j].name);
        for (const field *f = kinds[i].fields; f->name; f++) {
            if (fields_named(i, f, f->name) || fields_named(i, f, f->constant))
                complain(kind, "a second field", f->name);
            if (!strcmp(f->type, "REF") && !is_kind(f->target))
                complain(kind, "a reference to no kind:", f->target);
            if (!strcmp(f->type, "CODE") && !*f->target)
                complain(kind, "a code without its list:", f->name);
            if (!is_type(f->type) || !are_flags(f->flags))
                complain(kind, "a type or flag that the manual does not explain:", f->name);
        }
        if (*kinds[i].title && !fields_named(i, NULL, kinds[i].title))
            complain(kind, "its title is no field:", kinds[i].title);
        for (const keys *k = kinds[i].indexes; k->name; k++) {
            char column[64];
            for (const char *p = k->columns; *p; p += *p == ',') {
                size_t n = strcspn(p, ",");
                snprintf(column, sizeof column, "%.*s", (int)(n < sizeof column ? n : sizeof column - 1), p);
                size_t stem = strlen(column) > 4 ? strlen(column) - 4 : 0; /* <name>_key is the folded column of a KEY */
                if (!fields_named(i, NULL, column) && (strcmp(column + stem, "_key") != 0 || (column[stem] = '\0', !fields_named(i, NULL, column))))
                    complain(kind, "an index over what is no field:", column);
                p += n;
            }
        }
    }
    return !wrong;
}

/* ---- the C header */

static void print_define(const char *kind, const field *f) {
    printf("/** %s (%s), %s: %s */\n#define MUNI_%s_%s \"%s\"\n", f->en, f->ja, f->type, f->doc, kind, f->constant, f->name);
}

static void print_names_h(void) {
    puts("/** @file\n"
         " * The names that come from the library's tables. Generated by core/tablegen.c: change the tables instead. */\n"
         "#ifndef MUNICIPAL_NAMES_H\n"
         "#define MUNICIPAL_NAMES_H\n");
    for (size_t i = 0; i < ERROR_COUNT; i++)
        printf("/** %s (%s) */\n#define MUNI_%s (%d)\n", errors[i].en, errors[i].ja, errors[i].name, errors[i].code);
    for (size_t i = 0; i < KIND_COUNT; i++) {
        printf("\n/** Kind %s (%s): %s */\n#define MUNI_KIND_%s \"%s\"\n", kinds[i].en, kinds[i].ja, kinds[i].doc, kinds[i].constant,
               kinds[i].name);
        for (size_t j = 0; j < COMMON_COUNT; j++)
            print_define(kinds[i].constant, &common[j]);
        for (const field *f = kinds[i].fields; f->name; f++)
            print_define(kinds[i].constant, f);
    }
    puts("\n#endif");
}

/* ---- Python */

static void print_errors_py(void) {
    puts("\"\"\"The exceptions of libmunicipal: one class per code, eight parents above them.\n"
         "\n"
         "Generated by core/tablegen.c: change errors.def and classes.h instead.\n"
         "\"\"\"\n"
         "\n"
         "from __future__ import annotations\n"
         "\n"
         "from typing import Dict, Type\n"
         "\n"
         "\n"
         "class Error(Exception):\n"
         "    \"\"\"What the library refused or failed to do.\n"
         "\n"
         "    ``code`` is the number, ``name`` its name, ``message_ja`` the message in Japanese; ``kind``, ``field``,\n"
         "    ``line`` and ``record`` say what it concerns, empty or 0 where that is not known.\n"
         "    \"\"\"\n"
         "\n"
         "    code: int = 0\n"
         "    name: str = \"\"\n"
         "\n"
         "    def __init__(\n"
         "        self, message: str = \"\", message_ja: str = \"\", kind: str = \"\", field: str = \"\", line: int = 0, record: int = 0\n"
         "    ) -> None:\n"
         "        super().__init__(message, message_ja, kind, field, line, record)\n"
         "        self.message = message\n"
         "        self.message_ja = message_ja\n"
         "        self.kind = kind\n"
         "        self.field = field\n"
         "        self.line = line\n"
         "        self.record = record\n"
         "\n"
         "    def __str__(self) -> str:\n"
         "        return self.message");
    for (size_t i = 0; i < PARENT_COUNT; i++)
        printf("\n\nclass %sError(Error, %s):\n    \"\"\"%s\"\"\"\n", parents[i].name, parents[i].python, parents[i].doc);
    for (size_t i = 0; i < ERROR_COUNT; i++)
        printf("\n\nclass %sError(%sError):\n    \"\"\"%s (%s)\"\"\"\n\n    code = %d\n    name = \"%s\"\n", errors[i].class_name,
               errors[i].parent, errors[i].en, errors[i].ja, errors[i].code, errors[i].name);
    puts("\n\nBY_CODE: Dict[int, Type[Error]] = {");
    for (size_t i = 0; i < ERROR_COUNT; i++)
        printf("    %d: %sError,\n", errors[i].code, errors[i].class_name);
    puts("}");
}

static void print_attribute(const field *f) {
    printf("    %s: Final = \"%s\"\n    \"\"\"%s (%s), %s: %s\"\"\"\n", f->constant, f->name, f->en, f->ja, f->type, f->doc);
}

static void print_fields_py(void) {
    puts("\"\"\"The kinds of records and the names of their fields: ``fields.TICKET.SUBJECT`` is ``\"subject\"``.\n"
         "\n"
         "Generated by core/tablegen.c: change the .def files instead.\n"
         "\"\"\"\n"
         "\n"
         "from __future__ import annotations\n"
         "\n"
         "from typing import Final");
    for (size_t i = 0; i < KIND_COUNT; i++) {
        printf("\n\nclass %s:\n    \"\"\"%s (%s): %s\"\"\"\n\n", kinds[i].constant, kinds[i].en, kinds[i].ja, kinds[i].doc);
        for (size_t j = 0; j < COMMON_COUNT; j++)
            print_attribute(&common[j]);
        for (const field *f = kinds[i].fields; f->name; f++)
            print_attribute(f);
    }
    puts("\n\nKINDS: Final = {");
    for (size_t i = 0; i < KIND_COUNT; i++)
        printf("    \"%s\": %s,\n", kinds[i].name, kinds[i].constant);
    puts("}");
}

/* ---- PHP: what the extension declares from the tables, for editors and static analysis */

/* blog_post → BlogPost, as bindings/php/muni_php.c names the classes */
static void print_camel(const char *name) {
    for (int up = 1; *name; name++) {
        if (*name == '_') {
            up = 1;
            continue;
        }
        putchar(up && *name >= 'a' && *name <= 'z' ? *name - 32 : *name);
        up = 0;
    }
}

static void print_constant(const field *f) {
    printf("    /** %s (%s), %s: %s */\n    public const %s = '%s';\n", f->en, f->ja, f->type, f->doc, f->constant, f->name);
}

static void print_tables_php(void) {
    puts("<?php\n"
         "\n"
         "/** What the extension declares from the library's tables, for editors and static analysis; never loaded.\n"
         " * Generated by core/tablegen.c: change the tables instead. */\n"
         "\n"
         "namespace Municipal {\n"
         "\n"
         "/** What the library refused or failed to do. getCode() is the number of the code, getMessage() the English text. */\n"
         "class Exception extends \\RuntimeException\n"
         "{\n"
         "    /** The name of the code, such as EFIELD. */\n"
         "    final public function getErrorName(): string {}\n"
         "    /** The message in Japanese. */\n"
         "    final public function getMessageJa(): string {}\n"
         "    /** The kind of record it concerns; empty where none is known. */\n"
         "    final public function getKind(): string {}\n"
         "    /** The field, column or argument; empty where none is known. */\n"
         "    final public function getField(): string {}\n"
         "    /** The line of the input file; 0 where none is known. */\n"
         "    final public function getInputLine(): int {}\n"
         "    /** The id of the record; 0 where none is known. */\n"
         "    final public function getRecord(): int {}\n"
         "}");
    for (size_t i = 0; i < PARENT_COUNT; i++)
        printf("/** %s */\nclass %sException extends Exception {}\n", parents[i].doc, parents[i].name);
    for (size_t i = 0; i < ERROR_COUNT; i++)
        printf("/** %s: %s (%s) */\nclass %sException extends %sException {}\n", errors[i].name, errors[i].en, errors[i].ja, errors[i].class_name,
               errors[i].parent);
    puts("\n}\n\nnamespace Municipal\\Kind {\n");
    for (size_t i = 0; i < KIND_COUNT; i++) {
        printf("/** %s (%s): %s */\nfinal class ", kinds[i].en, kinds[i].ja, kinds[i].doc);
        print_camel(kinds[i].name);
        printf("\n{\n    public const KIND = '%s';\n", kinds[i].name);
        for (size_t j = 0; j < COMMON_COUNT; j++)
            print_constant(&common[j]);
        for (const field *f = kinds[i].fields; f->name; f++)
            print_constant(f);
        puts("}\n");
    }
    puts("}");
}

/* ---- the manual */

/* A text in a cell of a table: a bar would end the cell. */
static void print_cell(const char *s) {
    for (; *s; s++)
        putchar(*s == '|' ? '/' : *s);
}

static void print_row(const field *f) {
    printf("| `%s` | %s | %s | %s", f->name, f->ja, f->en, f->type);
    if (*f->target) {
        fputs(" (`", stdout); /* as code: a target may begin with @ */
        print_cell(f->target);
        fputs("`)", stdout);
    }
    fputs(" | ", stdout);
    if (f->max)
        printf("%d", f->max);
    fputs(" | ", stdout);
    print_cell(strcmp(f->flags, "NONE") != 0 ? f->flags : "");
    printf(" | %s |\n", f->doc);
}

static void print_tables_md(void) {
    puts("# Tables {#tables}\n\n"
         "## Error codes {#error-codes}\n\n"
         "| code | number | Python class | beneath | English | Japanese |\n"
         "|---|---|---|---|---|---|");
    for (size_t i = 0; i < ERROR_COUNT; i++)
        printf("| `MUNI_%s` | %d | `%sError` | `%sError` | %s | %s |\n", errors[i].name, errors[i].code, errors[i].class_name,
               errors[i].parent, errors[i].en, errors[i].ja);
    puts("\n## Kinds {#kinds}\n\n| kind | Japanese | English | number | flags | what it is |\n|---|---|---|---|---|---|");
    for (size_t i = 0; i < KIND_COUNT; i++) {
        printf("| [%s](#kind-%s) | %s | %s | %d | ", kinds[i].name, kinds[i].name, kinds[i].ja, kinds[i].en, kinds[i].number);
        print_cell(strcmp(kinds[i].flags, "NONE") != 0 ? kinds[i].flags : "");
        printf(" | %s |\n", kinds[i].doc);
    }
    puts("\n## Types of fields {#field-types}\n\n| type | Japanese | English |\n|---|---|---|");
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        printf("| `%s` | %s | %s |\n", types[i].name, types[i].ja, types[i].en);
    puts("\n## Flags {#field-flags}\n\n| flag | Japanese | English |\n|---|---|---|");
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        printf("| `%s` | %s | %s |\n", flags[i].name, flags[i].ja, flags[i].en);
    puts("\n## Fields of every kind {#fields-common}\n\n"
         "| field | Japanese | English | type | longest | flags | what it is |\n"
         "|---|---|---|---|---|---|---|");
    for (size_t i = 0; i < COMMON_COUNT; i++)
        print_row(&common[i]);
    for (size_t i = 0; i < KIND_COUNT; i++) {
        printf("\n## Kind %s: %s (%s) {#kind-%s}\n\n%s Number %d", kinds[i].name, kinds[i].en, kinds[i].ja, kinds[i].name,
               kinds[i].doc, kinds[i].number);
        if (*kinds[i].types) {
            fputs("; types: ", stdout);
            print_cell(kinds[i].types);
        }
        if (*kinds[i].lifecycle)
            printf("; lifecycle: %s", kinds[i].lifecycle);
        puts(".\n\n| field | Japanese | English | type | longest | flags | what it is |\n|---|---|---|---|---|---|---|");
        for (const field *f = kinds[i].fields; f->name; f++)
            print_row(f);
        for (const keys *k = kinds[i].indexes; k->name; k++)
            printf("%s%s: `%s`.%s", k == kinds[i].indexes ? "\n" : " ", k->unique ? "Unique together" : "Index", k->columns, k[1].name ? "" : "\n");
    }
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*print)(void);
    } outputs[] = {
        { "names.h", print_names_h },
        { "errors.py", print_errors_py },
        { "fields.py", print_fields_py },
        { "tables.md", print_tables_md },
        { "tables.stub.php", print_tables_php },
    };
    if (!check())
        return 1;
    for (size_t i = 0; argc == 2 && i < sizeof outputs / sizeof outputs[0]; i++)
        if (!strcmp(argv[1], outputs[i].name)) {
            outputs[i].print();
            if (fflush(stdout) == 0 && !ferror(stdout))
                return 0;
            perror("tablegen");
            return 1;
        }
    fputs("usage: tablegen names.h|errors.py|fields.py|tables.md|tables.stub.php\n", stderr);
    return 2;
}
