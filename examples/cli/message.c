/* What the command says beside its output: on stderr, in one of two languages, with the place and what would help. */
#include "municipal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

bool text_is_utf8(const char *s) {
    const unsigned char *p = (const unsigned char *)s;
    while (*p) {
        int more = *p < 0x80 ? 0 : *p >= 0xc2 && *p < 0xe0 ? 1 : *p >= 0xe0 && *p < 0xf0 ? 2 : *p >= 0xf0 && *p < 0xf5 ? 3 : -1;
        if (more < 0 || (*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) || (*p == 0xf0 && p[1] < 0x90) ||
            (*p == 0xf4 && p[1] > 0x8f))
            return false;
        for (p++; more > 0; more--, p++)
            if ((*p & 0xc0) != 0x80)
                return false;
    }
    return true;
}

const char *in(const cli *c, words w) {
    return c->ja ? w.ja : w.en;
}

int usage(const cli *c, const char *en, const char *ja, ...) {
    va_list ap;
    va_start(ap, ja);
    (void)fputs("municipal: ", stderr);
    (void)vfprintf(stderr, c->ja ? ja : en, ap);
    (void)fputc('\n', stderr);
    va_end(ap);
    return USAGE;
}

void note(const cli *c, const char *en, const char *ja, ...) {
    va_list ap;
    va_start(ap, ja);
    (void)fputs("municipal: ", stderr);
    (void)vfprintf(stderr, c->ja ? ja : en, ap);
    (void)fputc('\n', stderr);
    va_end(ap);
}

/* What the operator can do, where the library's own text cannot know it. */
static const struct {
    int32_t code;
    words help;
} remedies[] = {
    { MUNI_EAUTH, { "name somebody whom the store knows: --as LOGIN", "保存先に登録された利用者を --as で指定してください" } },
    { MUNI_EDENIED,
      { "ask an administrator for the right, or act as somebody who has it: --as LOGIN",
        "管理者に権限の付与を依頼するか、権限のある利用者を --as で指定してください" } },
    { MUNI_ESTALE,
      { "look at it again (municipal show) and give the revision it has now: --rev N",
        "municipal show で今の内容を確かめ、その改訂番号を --rev で指定してください" } },
    { MUNI_ESTATE,
      { "municipal transitions KIND ID says what can be done now",
        "municipal transitions 種別 ID で今できる操作を確かめてください" } },
    { MUNI_EAPPROVAL,
      { "somebody other than its author approves it: municipal --as LOGIN staff approve PLAN",
        "作成者以外が承認してください: municipal --as ログイン名 staff approve 計画" } },
    { MUNI_EMOVED, { "plan again, and have the new plan approved", "計画を作り直し、改めて承認を受けてください" } },
    { MUNI_EUPGRADE,
      { "copy the file first, then once: municipal --db FILE db upgrade",
        "ファイルの写しをとってから、一度だけ municipal --db ファイル db upgrade を実行してください" } },
    { MUNI_EFIELD, { "municipal describe KIND lists the fields", "municipal describe 種別 で項目の一覧を確かめてください" } },
    { MUNI_EBUSY, { "somebody else is writing; try again", "他の人が書込み中です。もう一度実行してください" } },
    { MUNI_EINDOUBT,
      { "look whether it was done (municipal history) before doing it again",
        "やり直す前に、実行済みかどうかを municipal history で確かめてください" } },
    { MUNI_ECORRUPT,
      { "stop using the store, keep a copy of it as it is, and restore a backup",
        "使用を止め、今のファイルの写しを残してから、控えを戻してください" } },
};

static int exit_for(int32_t code) {
    switch (code) {
    case MUNI_EGUARD:
    case MUNI_EAPPROVAL: return GUARDED;
    case MUNI_EBUSY:
    case MUNI_EINDOUBT:
    case MUNI_EIO:
    case MUNI_EFULL:
    case MUNI_EREADONLY:
    case MUNI_ENOTSTORE:
    case MUNI_EUPGRADE:
    case MUNI_EVERSION:
    case MUNI_ECORRUPT: return STORE;
    default: return REFUSED;
    }
}

int fail(const cli *c) {
    int32_t code = muni_error_code();
    char *text = text_safe(muni_error_text(c->ja ? "ja" : "en"));
    char *field = text_safe(muni_error_field());
    const char *kind = muni_error_kind();
    (void)fprintf(stderr, "municipal: %s: %s\n", muni_error_name(code), text ? text : "");
    if (*kind || (field && *field) || muni_error_line() || muni_error_record()) {
        const char *separator = "";
        (void)fputs(c->ja ? "  場所: " : "  place: ", stderr);
        if (*kind)
            (void)fprintf(stderr, "%s %s", c->ja ? "種別" : "kind", kind), separator = c->ja ? "、" : ", ";
        if (field && *field)
            (void)fprintf(stderr, "%s%s %s", separator, c->ja ? "項目" : "field", field), separator = c->ja ? "、" : ", ";
        if (muni_error_line())
            (void)fprintf(stderr, "%s%s %lld", separator, c->ja ? "行" : "line", (long long)muni_error_line()),
                separator = c->ja ? "、" : ", ";
        if (muni_error_record())
            (void)fprintf(stderr, "%s%s %lld", separator, c->ja ? "レコード" : "record", (long long)muni_error_record());
        (void)fputc('\n', stderr);
    }
    for (size_t i = 0; i < COUNT(remedies); i++)
        if (remedies[i].code == code)
            (void)fprintf(stderr, c->ja ? "  対処: %s\n" : "  remedy: %s\n", in(c, remedies[i].help));
    bool file = field && strcmp(field, "path") == 0; /* not the store but a file to read or write */
    free(text);
    free(field);
    return file && exit_for(code) == STORE ? REFUSED : exit_for(code);
}

int fail_open(const cli *c) {
    bool missing = muni_error_code() == MUNI_ENOTFOUND;
    int code = fail(c);
    if (missing)
        (void)fprintf(stderr, c->ja ? "  対処: %s\n" : "  remedy: %s\n",
                      c->ja ? "ファイル名を確かめるか、municipal init で作成してください"
                            : "check the name, or make the store: municipal init FILE");
    return missing ? STORE : code;
}

int fail_memory(const cli *c) {
    note(c, "out of memory", "メモリが足りません");
    return REFUSED;
}

int fail_file(const cli *c, const char *path) {
    int why = errno;
    char *name = text_is_utf8(path) ? text_safe(path) : NULL;
    note(c, "%s: %s", "%s: 読み書きできません（%s）", name ? name : "?", strerror(why));
    free(name);
    return REFUSED;
}
