/* municipal: the operator's command. Its verbs and their help. */
#include "municipal.h"

#include <stdlib.h>
#include <string.h>

#define GLOBAL (BIT(O_DB) | BIT(O_AS) | BIT(O_LANG) | BIT(O_FORMAT) | BIT(O_NOW) | BIT(O_REASON) | BIT(O_UPGRADE) | BIT(O_HELP) | BIT(O_VERSION))
#define QUERY (BIT(O_WHERE) | BIT(O_ORDER) | BIT(O_FIELDS) | BIT(O_LIMIT) | BIT(O_AFTER) | BIT(O_TRASH))
#define MANY 255

#define VALUES_EN "field=value takes the text as the field's type wants it, field= clears it, field:=JSON gives any value. A reference is an id, or the\n" \
                  "identifier of what it leads to (@000123 where the identifier is a number)."
#define VALUES_JA "項目=値 は項目の型に合わせて読みます。項目= は値を消し、項目:=JSON は任意の値を与えます。参照項目はIDか参照先の識別子で\n" \
                  "指定します（識別子が数字のときは @000123 のように書きます）。"

static const verb verbs[] = {
    { "init", NULL, "FILE", 0, 1, 1, BIT(O_TEST) | BIT(O_ADMIN) | BIT(O_ADMIN_NAME), { "make a new store", "保存先を新しく作る" },
      { "The file must not exist. Makes the groups administrator, operator, approver and reader, and one administrator: the user of the operating\n"
        "system, who also acts wherever --as is missing. --now fixes the clock of a test store during this command.",
        "既存のファイルには作れません。管理者・担当者・承認者・閲覧者のグループと管理者1名を作ります。管理者はOSの利用者名に結び付き、\n"
        "--as を省いたときの操作者になります。--now は試験用の保存先の時計をこの実行の間だけ固定します。" }, do_init },
    { "check", NULL, "[--repair]", 0, 0, 0, BIT(O_REPAIR), { "check the whole store, and repair what can be", "保存先全体を検査し、作り直せるものを修復する" },
      { "Looks at the file, the history as audit verify does, references, counters, identifiers, and the search index, and names each problem. --repair derives\n"
        "anew what follows from the records; what does not is left as it is. Exit 1: not whole.",
        "ファイル、履歴（audit verifyと同じ）、参照、連番、識別子、検索索引を検査し、問題を1件ずつ示します。--repairはレコードから作り直せるものを\n"
        "修復し、作り直せないものには手を付けません。問題が残れば終了値1。" }, do_check },
    { "db", "info", "", 0, 0, 0, 0, { "what the store says of itself, and what was done to it as a whole", "保存先の情報と、全体に対して行った作業" }, { NULL, NULL }, do_info },
    { "db", "upgrade", "", 0, 0, 0, 0, { "bring an older store up to date", "古い版の保存先を今の版に更新する" },
      { "Goes in pieces: stopped anywhere, it goes on when it is called again. Close other programs on the store before, and keep a copy.",
        "小分けに進みます。途中で止まっても、もう一度実行すると続きから進みます。先に他のプログラムを終了し、コピーを取っておいてください。" }, do_db_upgrade },
    { "db", "copy", "SOURCE TARGET", 2, 2, 0, 0, { "copy a whole store to another place, or to a server", "保存先全体を別の場所やサーバーへ複製する" },
      { "Ids, numbers and history stay as they are. There must be nothing at TARGET; nobody can open it before both were compared and found the same.\n"
        "Stopped, it goes on when it is called again. What is written to SOURCE meanwhile is not in the copy: to move, close other programs first.",
        "ID・番号・履歴はそのまま残ります。TARGETには何もないことが必要で、両方を読み比べて一致するまで開けません。途中で止まっても、もう一度実行すると\n"
        "続きから進みます。複製中にSOURCEへ書かれたものは含まれません。移行するときは先に他のプログラムを終了してください。" }, do_db_copy },
    { "db", "digest", "", 0, 0, 0, 0, { "the digest of all that the store holds", "保存先の内容全体のダイジェスト" },
      { "Two stores have the same digest where they hold the same, in a file or on a server.", "内容が同じなら、ファイルでもサーバーでも同じ値になります。" }, do_db_digest },
    { "db", "reindex", "", 0, 0, 0, 0, { "make the search index anew, while the old one serves", "検索索引を作り直す（その間は元の索引を使う）" },
      { "Others read and write meanwhile. Stopped, it goes on when it is called again.", "他の利用者は読み書きを続けられます。途中で止まっても、もう一度実行すると続きから進みます。" }, do_db_reindex },
    { "db", "statistics", "", 0, 0, 0, 0, { "how large the store and its parts are", "保存先とその各部の大きさ" },
      { NULL, NULL }, do_db_statistics },
    { "db", "vacuum", "", 0, 0, 0, 0, { "give unused room back to the disk", "使っていない領域をディスクに返す" },
      { "Needs as much free room as the store is large; nobody writes meanwhile.", "保存先と同じだけの空き容量が要ります。その間は書き込めません。" }, do_db_vacuum },
    { "info", NULL, "", 0, 0, 0, 0, { "what the store says of itself", "保存先の情報を表示する" }, { NULL, NULL }, do_info },
    { "whoami", NULL, "", 0, 0, 0, 0, { "who acts, and in which groups", "操作者とそのグループを表示する" }, { NULL, NULL }, do_whoami },
    { "describe", NULL, "[KIND]", 0, 1, 0, 0, { "the kinds of record, or the fields of one", "レコードの種別、または項目の一覧" }, { NULL, NULL }, do_describe },
    { "list", NULL, "KIND", 1, 1, 0, QUERY | BIT(O_WORDS) | BIT(O_ALL) | BIT(O_COUNT), { "list records", "レコードを一覧する" },
      { "Shows 100 unless --all or --limit says otherwise. CSV and JSON give every field that is not personal; a table the usual ones.",
        "--all か --limit がなければ100件まで表示します。CSVとJSONでは個人情報でない全項目、表では主な項目を出します。" }, do_list },
    { "search", NULL, "KIND WORD…", 2, MANY, 0, QUERY | BIT(O_ALL) | BIT(O_COUNT), { "find records by words in their texts", "語でレコードを検索する" },
      { "A record is found where each word occurs; width, case, kana form and variant characters do not matter.",
        "すべての語を含むレコードを返します。全角・半角、大文字・小文字、仮名の違い、異体字は区別しません。" }, do_search },
    { "show", NULL, "KIND ID|NUMBER", 2, 2, 0, BIT(O_FIELDS), { "one record", "1件を表示する" },
      { "Digits are an id; anything else is a number or identifier (@000123 where the identifier is digits). Personal fields are shown only where\n"
        "--fields names them.", "数字だけならID、それ以外は番号か識別子とみなします（識別子が数字のときは @000123）。個人情報の項目は --fields で名指ししたときだけ\n"
        "表示します。" }, do_show },
    { "create", NULL, "KIND field=value… | --json TEXT|-", 1, MANY, 0, BIT(O_JSON), { "create a record", "レコードを登録する" }, { VALUES_EN, VALUES_JA }, do_create },
    { "update", NULL, "KIND ID|NUMBER field=value… | --json TEXT|-", 2, MANY, 0, BIT(O_JSON) | BIT(O_REV), { "change a record", "レコードを変更する" },
      { VALUES_EN, VALUES_JA }, do_update },
    { "do", NULL, "KIND ID|NUMBER TRANSITION [field=value…]", 3, MANY, 0, BIT(O_JSON) | BIT(O_REV), { "move a record to another state", "レコードの状態を進める" },
      { "municipal transitions KIND ID says what can be done.\n" VALUES_EN, "できる操作は municipal transitions 種別 ID で確かめられます。\n" VALUES_JA }, do_do },
    { "transitions", NULL, "KIND ID|NUMBER", 2, 2, 0, 0, { "what can be done with a record now", "レコードに今できる操作" }, { NULL, NULL }, do_transitions },
    { "comment", NULL, "KIND ID|NUMBER TEXT|-", 3, 3, 0, 0, { "say something about a record", "レコードにコメントする" }, { NULL, NULL }, do_comment },
    { "trash", NULL, "KIND ID|NUMBER", 2, 2, 0, BIT(O_REV), { "put a record into the trash", "レコードをごみ箱に入れる" }, { NULL, NULL }, do_trash },
    { "restore", NULL, "KIND ID", 2, 2, 0, BIT(O_REV), { "take a record out of the trash", "レコードをごみ箱から戻す" }, { NULL, NULL }, do_restore },
    { "history", NULL, "KIND ID|NUMBER", 2, 2, 0, 0, { "what happened to a record", "レコードの履歴を表示する" }, { NULL, NULL }, do_history },
    { "define", NULL, "FAMILY NAME FILE|-", 3, 3, 3, BIT(O_TITLE) | BIT(O_ACTIVATE), { "a new version of a definition, from its JSON", "定義の新しい版をJSONから登録する" },
      { "A draft, unless --activate puts it into force. Families: lifecycle numbering codes matrix calendar report profile.",
        "--activate がなければ作成中のまま残ります。種類: lifecycle numbering codes matrix calendar report profile" }, do_define },
    { "import", NULL, "KIND FILE", 2, 2, 2, BIT(O_CHARSET) | BIT(O_COLUMNS) | BIT(O_ON_ERROR), { "create records from a CSV file", "CSVファイルからレコードを登録する" },
      { "Every row is checked before the first is written. Running it again goes on where it ended; a file that is done is not done twice.\n"
        "Exit 1 where rows have errors and nothing was written.",
        "1行目を書く前に全行を検査します。中断後に再実行すると続きから進み、済んだファイルを二重に取り込みません。誤りのため何も書かなかった\n"
        "ときは終了値1。" }, do_import },
    { "export", NULL, "KIND FILE", 2, 2, 2, QUERY | BIT(O_WORDS) | BIT(O_CHARSET) | BIT(O_HEADER) | BIT(O_FORMULAS), { "write records to a file", "レコードをファイルに書き出す" },
      { "CSV for spreadsheets (UTF-8 with BOM, Japanese titles, formulas made harmless), or with --format json one record a line. The file is replaced\n"
        "when all is written.", "表計算ソフト向けのCSV（BOM付きUTF-8、日本語の見出し、数式は無害化）か、--format json で1行1件のJSONを書きます。全件を書き終えてから\n"
        "ファイルを置き換えます。" }, do_export },
    { "staff", "plan", "--on DATE [--units FILE] [--people FILE]", 0, 0, 0, BIT(O_PROFILE) | BIT(O_ON) | BIT(O_UNITS) | BIT(O_PEOPLE) | BIT(O_CHARSET),
      { "plan the load of the personnel system's files", "人事システムのファイルの取込みを計画する" },
      { "Writes the plan and nothing else. Exit 0 whenever a plan was made: what stops it stands in its limits.",
        "計画だけを書き、台帳は変えません。計画ができれば終了値は0です。停止の理由はlimitsに示します。" }, do_staff_plan },
    { "staff", "show", "PLAN", 1, 1, 0, BIT(O_ROWS), { "a plan with its findings", "計画と指摘事項を表示する" }, { NULL, NULL }, do_staff_show },
    { "staff", "approve", "PLAN", 1, 1, 0, BIT(O_NOTE), { "approve a plan that somebody else made", "他の人が作った計画を承認する" }, { NULL, NULL }, do_staff_approve },
    { "staff", "apply", "PLAN", 1, 1, 0, 0, { "apply an approved plan, whole or not at all", "承認された計画を適用する" },
      { "One transaction. Exit 3 where it is not approved, or a guard stops it.", "全部を一度に適用します。承認がないか条件を満たさないときは終了値3。" }, do_staff_apply },
    { "report", "list", "", 0, 0, 0, 0, { "the reports in force", "有効な帳票の一覧" }, { NULL, NULL }, do_report_list },
    { "report", "run", "NAME [parameter=value…]", 1, MANY, 0, BIT(O_OUTPUT) | BIT(O_ROW) | BIT(O_COLUMN), { "run a report", "帳票を作成する" },
      { "--format html writes an accessible page. --row and --column list what stands behind a cell instead.",
        "--format html は読み上げに対応したページを書きます。--row と --column を指定すると、そのセルの内訳を一覧します。" }, do_report_run },
    { "audit", "verify", "", 0, 0, 0, 0, { "verify the history, and the records against it", "履歴とレコードの一致を検証する" },
      { "Names each problem. Keep the head it prints elsewhere. Exit 1: not verified.", "問題を1件ずつ示します。表示される末尾のハッシュを別の場所に控えてください。検証できなければ終了値1。" },
      do_audit_verify },
    { "calendar", "holidays", "FROM TO", 2, 2, 0, 0, { "national holidays; years or dates", "国民の祝日・休日（年または日付）" },
      { "A line date,name for each, where no --format is given.", "--format を省くと、1日1行で date,name の形に出します。" }, do_calendar_holidays },
    { "calendar", "add-open-days", "DATE N", 2, 2, 0, 0, { "the day N open days away", "N開庁日後（負なら前）の日" },
      { "The first day does not count. With 0 the answer is the day itself, which must be open.", "初日は数えません。0のときはその日自身で、開庁日でなければ誤りです。" },
      do_calendar_add_open_days },
    { "calendar", "wareki", "DATE [long|short|table|era_year]", 1, 2, 0, 0, { "a date in the Japanese era", "日付を和暦で書く" }, { NULL, NULL }, do_calendar_wareki },
    { "calendar", "parse", "TEXT", 1, 1, 0, 0, { "read a date as people write it", "いろいろな書き方の日付を読む" }, { NULL, NULL }, do_calendar_parse },
};

static void help_all(const cli *c) {
    (void)printf("%s\n\n", c->ja ? "使い方: municipal [オプション] 動詞 …（オプションは動詞の前後どちらでも可）" : "Usage: municipal [options] VERB … (options before or behind the verb)");
    for (size_t i = 0; i < COUNT(verbs); i++) {
        const verb *v = &verbs[i];
        int width = (int)(strlen(v->name) + (v->sub ? strlen(v->sub) + 1 : 0));
        (void)printf("  %s%s%s%*s  %s\n", v->name, v->sub ? " " : "", v->sub ? v->sub : "", width < 24 ? 24 - width : 0, "", in(c, v->does));
    }
    (void)printf("\n%s\n", c->ja ? "どの動詞でも使えるオプション:" : "Options of every verb:");
    args_help(c, stdout, GLOBAL);
    (void)printf("\n%s\n", c->ja ? "終了値: 0 完了（指摘があっても）、1 拒否・失敗、2 使い方の誤り、3 条件不足や未承認のため何もしない、4 保存先の障害\n動詞ごとの説明: municipal 動詞 --help"
                                 : "Exit: 0 done (also with findings), 1 refused or failed, 2 usage, 3 nothing done because a guard or an approval is missing,\n"
                                   "4 store trouble. More on a verb: municipal VERB --help");
}

static void help_verb(const cli *c) {
    const verb *v = c->verb;
    (void)printf("%s: municipal %s%s%s %s\n\n%s\n", c->ja ? "使い方" : "Usage", v->name, v->sub ? " " : "", v->sub ? v->sub : "", v->usage, in(c, v->does));
    if (v->more.en)
        (void)printf("%s\n", in(c, v->more));
    if (v->options) {
        (void)printf("\n%s\n", c->ja ? "オプション:" : "Options:");
        args_help(c, stdout, v->options);
    }
    (void)printf("\n%s\n", c->ja ? "どの動詞でも使えるオプション:" : "Options of every verb:");
    args_help(c, stdout, GLOBAL);
}

int main(int argc, char **argv) {
    static cli c; /* all zero */
    int code = args_read(&c, argc, argv, verbs, COUNT(verbs));
    if (code == DONE && c.option[O_VERSION])
        (void)printf("municipal %s\n", muni_version());
    else if (code == DONE && c.option[O_HELP] && c.verb)
        help_verb(&c);
    else if (code == DONE && c.option[O_HELP])
        help_all(&c);
    else if (code == DONE && !c.verb)
        code = usage(&c, "which verb? municipal --help lists them", "動詞を指定してください。一覧は municipal --help");
    else if (code == DONE)
        code = c.verb->run(&c);
    muni_session_unref(c.session);
    muni_db_close(c.db);
    muni_db_unref(c.db);
    if ((fflush(stdout) != 0 || ferror(stdout)) && code == DONE)
        code = fail_file(&c, c.ja ? "標準出力" : "standard output");
    return code;
}
