/* Tickets for the measurements: the same at every run. About 130 characters each, put together from what a help desk hears. */
#ifndef BENCH_TEXTS_H
#define BENCH_TEXTS_H

#include <stdint.h>
#include <stdio.h>

typedef struct ticket {
    char subject[256], body[1024];
    const char *category, *impact, *urgency;
    int64_t reporter, assignee; /* from 0, −1: none */
    int64_t reported_at;
} ticket;

static inline uint64_t mix(uint64_t *state) { /* splitmix64 */
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static inline uint64_t below(uint64_t *state, uint64_t n) {
    return mix(state) % n;
}

#define PICK(state, list) (list)[below(state, sizeof(list) / sizeof *(list))]

/* Words that are looked for: 印刷 stands in a seventh of the texts, 下水道台帳 in a fiftieth, 贈呈 in a thousandth, 火星 in none. */
static inline void ticket_make(ticket *t, uint64_t no, int64_t reporters, int64_t assignees, int64_t begin, int64_t seconds) {
    static const char *const offices[] = { "総務課", "財政課", "税務課", "市民課", "保険年金課", "福祉課", "子育て支援課", "環境課", "商工観光課", "農林水産課", "建設課", "都市計画課",
                                           "上下水道課", "会計課", "議会事務局", "教育総務課", "生涯学習課", "図書館", "消防本部", "選挙管理委員会" };
    static const char *const things[] = { "業務端末", "ノートパソコン", "複合機", "プリンター", "スキャナー", "共有フォルダー", "グループウェア", "住民記録システム", "財務会計システム",
                                          "文書管理システム", "メール", "無線アクセスポイント", "内線電話", "窓口の番号表示機", "ICカードリーダー", "外付けディスク" };
    static const char *const faults[] = { "起動しません", "動作が非常に遅い状態です", "途中で止まります", "エラーが表示されます", "ログインできません", "接続が切れます", "画面が真っ暗になります",
                                          "更新できません", "文字が化けます", "音が鳴り続けています" };
    static const char *const since[] = { "今朝から", "昨日の夕方から", "先週の更新の後から", "席を移動してから", "異動してきた職員が使い始めてから", "停電の後から", "月初めから" };
    static const char *const tried[] = { "再起動しても変わりません", "別の端末では問題ありません", "配線は確認しました", "隣の席でも同じ症状です", "パスワードは変更済みです",
                                         "説明書のとおりに試しましたが直りません" };
    static const char *const effects[] = { "窓口の受付が止まっています", "本日中の締切に間に合いません", "急ぎではありませんが見てください", "来庁者をお待たせしています", "支払の処理ができません",
                                           "会議の資料が作れません" };
    static const char *const wishes[] = { "至急の対応をお願いします", "代わりの機器をお借りできますか", "午後に来ていただけると助かります", "電話での説明で構いません", "手順を教えてください" };
    static const char *const categories[] = { "support", "work", "network", "hardware", "print_room", "supplies", "other" };
    static const char *const levels[] = { "high", "middle", "low", "low" };
    uint64_t s = no * 0x2545f4914f6cdd1du + 7;
    const char *office = PICK(&s, offices), *thing = PICK(&s, things), *fault = PICK(&s, faults);
    bool print = below(&s, 7) == 0;
    (void)snprintf(t->subject, sizeof t->subject, "%s %sの%s", office, thing, print ? "印刷ができない件" : "不具合について");
    (void)snprintf(t->body, sizeof t->body,
                   "%sです。%s、%s%sの席で使っている%sが%s。%s。%s%s。%s%s管理番号はNP%05u、内線は%uです。%s。", office, PICK(&s, since), below(&s, 2) ? "本庁舎" : "支所",
                   below(&s, 2) ? "二階" : "三階", thing, fault, PICK(&s, tried), print ? "印刷を待つ書類がたまり、" : "", PICK(&s, effects),
                   below(&s, 50) ? "" : "下水道台帳の閲覧にも使う機器です。", below(&s, 1000) ? "" : "記念品の贈呈式があるため急いでいます。", (unsigned)below(&s, 100000),
                   1000 + (unsigned)below(&s, 9000), PICK(&s, wishes));
    t->category = print ? "print_room" : PICK(&s, categories);
    t->impact = PICK(&s, levels);
    t->urgency = PICK(&s, levels);
    t->reporter = (int64_t)below(&s, (uint64_t)reporters);
    t->assignee = below(&s, 10) ? (int64_t)below(&s, (uint64_t)assignees) : -1;
    t->reported_at = begin + (int64_t)below(&s, (uint64_t)seconds);
}

/* Keys → the tokens of the index, for the characters that stand above: every two neighbours of a run of kanji and kana, its last one
 * alone, and whole runs of letters and digits; a blank between. Answers the length. */
static inline size_t tokens_make(const char *key, size_t n, char *out) {
    size_t o = 0;
    for (size_t i = 0; i < n;) {
        const unsigned char *p = (const unsigned char *)key + i;
        size_t run = 0;
        if (*p < 0x80) {
            while (i + run < n && ((p[run] >= '0' && p[run] <= '9') || (p[run] >= 'a' && p[run] <= 'z')))
                run++;
            if (run) {
                if (o)
                    out[o++] = ' ';
                for (size_t k = 0; k < run; k++)
                    out[o++] = key[i + k];
            }
            i += run ? run : 1;
            continue;
        }
        /* three bytes each; 、and 。 end a run */
#define RUNS(q) (i + (q) + 3 <= n && p[q] >= 0x80 && !(p[q] == 0xe3 && p[(q) + 1] == 0x80 && p[(q) + 2] < 0x83))
        for (; RUNS(run); run += 3) {
            if (o)
                out[o++] = ' ';
            for (size_t k = 0; k < (RUNS(run + 3) ? 6u : 3u); k++)
                out[o++] = key[i + run + k];
        }
        i += run ? run : 3;
#undef RUNS
    }
    return o;
}

#endif
