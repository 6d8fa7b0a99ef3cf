/* Character sets: in pieces as in one, back as it was, and what is proposed can be read. */
#include "fuzz.h"

#include "core/charset.h"

typedef struct decoded {
    muni__buf out;
    muni_status st;
    uint64_t offset, line;
    char why[512];
} decoded;

/* Decode in pieces that end at `cut`, or (step) after every so many bytes. */
static void decode(muni__charset charset, const char *p, size_t n, size_t cut, size_t step, decoded *d) {
    muni__decoder decoder;
    memset(d, 0, sizeof *d);
    muni__decoder_init(&decoder, charset);
    for (size_t at = 0; at < n && d->st >= 0;) {
        size_t end = step ? at + step : at < cut ? cut : n;
        end = end > n ? n : end;
        d->st = TRY(muni__decoder_feed(&decoder, p + at, end - at, &d->out));
        at = end;
    }
    if (d->st >= 0)
        d->st = TRY(muni__decoder_finish(&decoder));
    else
        HOLDS(muni__decoder_finish(&decoder) == d->st && muni__decoder_feed(&decoder, "a", 1, &d->out) == d->st, "a failure stays");
    d->offset = decoder.offset;
    d->line = decoder.line;
    (void)snprintf(d->why, sizeof d->why, "%s", d->st < 0 ? muni_error_text("en") : "");
    if (d->st < 0)
        HOLDS(muni__decoder_feed(&decoder, "", 0, &d->out) == d->st && !strcmp(d->why, muni_error_text("en")), "not any more: %s", d->why);
}

static void same(const decoded *a, const decoded *b, size_t where) {
    HOLDS(a->st == b->st && !strcmp(a->why, b->why), "piece at %zu: %d %s, %d %s", where, a->st, a->why, b->st, b->why);
    HOLDS(a->offset == b->offset && a->line == b->line, "piece at %zu: offset %llu, %llu; line %llu, %llu", where, (unsigned long long)a->offset,
          (unsigned long long)b->offset, (unsigned long long)a->line, (unsigned long long)b->line);
    HOLDS(fuzz_same(a->out.p, a->out.n, b->out.p, b->out.n), "piece at %zu", where);
}

typedef struct pieces {
    const char *p;
    size_t n, at, most;
} pieces;
static muni_status read_piece(void *user, char *p, size_t cap, size_t *got) {
    pieces *s = user;
    size_t n = s->n - s->at;
    n = n < cap ? n : cap;
    n = s->most && n > s->most ? s->most : n;
    if (n)
        memcpy(p, s->p + s->at, n);
    s->at += n;
    *got = n;
    return MUNI_OK;
}

static void sniff(const char *p, size_t n, size_t most) {
    pieces a = { p, n, 0, 0 }, b = { p, n, 0, most };
    muni__sniffed x, y;
    char *text = NULL;
    size_t len;
    muni_status st = TRY(muni__charset_sniff(read_piece, &a, &x));
    HOLDS(TRY(muni__charset_sniff(read_piece, &b, &y)) == st, "in pieces of %zu", most);
    HOLDS(x.charset == y.charset && x.ascii == y.ascii && x.ambiguous == y.ambiguous && x.bytes == y.bytes, "in pieces of %zu", most);
    if (st >= 0) {
        HOLDS(x.bytes == n, "%llu of %zu bytes", (unsigned long long)x.bytes, n);
        /* a file with a BOM is taken at its word */
        bool bom = (n >= 3 && !memcmp(p, "\xef\xbb\xbf", 3)) || (n >= 2 && !memcmp(p, "\xff\xfe", 2));
        if (!bom)
            HOLDS(muni__decode(x.charset, p, n, &text, &len) >= 0, "what was proposed (%s) can be read", muni__charset_name(x.charset));
        muni__free(text);
    } else if (n < 2 || memcmp(p, "\xfe\xff", 2) != 0) {
        HOLDS(x.utf8_offset == y.utf8_offset && x.cp932_offset == y.cp932_offset && x.utf8_line == y.utf8_line && x.cp932_line == y.cp932_line, "in pieces of %zu", most);
        HOLDS(muni__decode(MUNI__CHARSET_UTF8, p, n, &text, &len) < 0, "it is UTF-8");
        HOLDS(muni__decode(MUNI__CHARSET_CP932, p, n, &text, &len) < 0, "it is CP932");
    }
}

static muni_status count_loss(void *user, const muni__loss *loss) {
    uint32_t cp;
    HOLDS(muni__utf8_valid(loss->from, strlen(loss->from), NULL) && muni__utf8_valid(loss->to, strlen(loss->to), NULL), "texts of a loss are UTF-8");
    if (loss->cp) {
        HOLDS(muni__utf8_next(loss->from, strlen(loss->from), &cp) == strlen(loss->from) && cp == loss->cp, "U+%04X", (unsigned)loss->cp);
    }
    ++*(uint64_t *)user;
    return MUNI_OK;
}

/* Valid UTF-8 to CP932 and back. */
static void encode(const char *p, size_t n, bool shrink) {
    muni__buf out = MUNI_BUF_INIT(0), strict = MUNI_BUF_INIT(0);
    uint64_t told = 0;
    bool joined = false; /* does something come back as another that looks the same? */
    muni__encoder e = { .policy = MUNI__LOSS_REPLACE, .shrink = shrink, .loss = count_loss, .user = &told }, f = { .policy = MUNI__LOSS_FAIL };
    char *back = NULL;
    size_t len = 0;
    OK(muni__encode_cp932(&e, p, n, &out));
    HOLDS(e.losses == told, "%llu losses, %llu told", (unsigned long long)e.losses, (unsigned long long)told);
    OK(muni__decode(MUNI__CHARSET_CP932, out.p ? out.p : "", out.n, &back, &len));
    muni_status st = TRY(muni__encode_cp932(&f, p, n, &strict));
    HOLDS((st >= 0) == !e.losses, "losses %llu", (unsigned long long)e.losses);
    for (size_t i = 0; i < n;) {
        uint32_t cp, again;
        uint16_t code, same;
        i += muni__utf8_next(p + i, n - i, &cp);
        joined |= cp == 0x3099 || cp == 0x309a;
        if (!muni__cp932_encode_char(cp, &code))
            continue;
        HOLDS(muni__cp932_decode_char(code, &again), "U+%04X is %04X", (unsigned)cp, code);
        HOLDS(muni__cp932_encode_char(again, &same) && same == code, "U+%04X is %04X, U+%04X is %04X", (unsigned)cp, code, (unsigned)again, same);
        joined |= again != cp; /* one of those that look the same, such as 〜 and ～ */
    }
    if (st >= 0) {
        HOLDS(fuzz_same(out.p, out.n, strict.p, strict.n), "without losses the policy does not matter");
        if (!joined)
            HOLDS(fuzz_same(back, len, p, n), "it comes back");
    } else {
        HOLDS(!strict.n, "a failure leaves nothing");
    }
    muni__free(back);
    muni__buf_free(&out);
    muni__buf_free(&strict);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_in in = { data, size };
    uint8_t how = fuzz_byte(&in);
    muni__charset charset = (muni__charset)(1 + how % 4), named;
    char *p = fuzz_copy(in);
    size_t n = in.n;
    decoded whole, parts;
    decode(charset, p, n, n, 0, &whole);
    HOLDS(muni__utf8_valid(whole.out.p ? whole.out.p : "", whole.out.n, NULL), "what comes out is UTF-8");
    size_t every = n <= 300 ? 1 : n / 100;
    for (size_t cut = 1; cut < n; cut += every) {
        decode(charset, p, n, cut, 0, &parts);
        same(&whole, &parts, cut);
        muni__buf_free(&parts.out);
    }
    for (size_t step = 1; step < 4; step++) {
        decode(charset, p, n, 0, step, &parts);
        same(&whole, &parts, step);
        muni__buf_free(&parts.out);
    }
    if (whole.st >= 0) {
        char *text = NULL;
        size_t len = 0;
        OK(muni__decode(charset, p, n, &text, &len));
        HOLDS(fuzz_same(text, len, whole.out.p, whole.out.n) && !text[len], "the whole is the whole");
        if (charset == MUNI__CHARSET_UTF8 || charset == MUNI__CHARSET_UTF8_BOM) {
            size_t bom = n >= 3 && !memcmp(p, "\xef\xbb\xbf", 3) ? 3 : 0;
            HOLDS(fuzz_same(text, len, p + bom, n - bom), "UTF-8 stays as it is");
        }
        if (charset == MUNI__CHARSET_CP932) {
            muni__encoder e = { .policy = MUNI__LOSS_FAIL };
            muni__buf b = MUNI_BUF_INIT(0);
            char *again = NULL;
            size_t again_n = 0;
            OK(muni__encode_cp932(&e, text, len, &b));
            OK(muni__decode(charset, b.p ? b.p : "", b.n, &again, &again_n));
            HOLDS(fuzz_same(text, len, again, again_n), "CP932 comes back");
            muni__free(again);
            muni__buf_free(&b);
        }
        encode(text, len, how & 8);
        muni__free(text);
    }
    sniff(p, n, 1 + (how >> 4));
    char *name = malloc(n + 1);
    if (!name)
        abort();
    memcpy(name, p, n);
    name[n] = '\0';
    if (TRY(muni__charset_parse(name, &named)) >= 0)
        HOLDS(named >= MUNI__CHARSET_UTF8 && named <= MUNI__CHARSET_UTF16LE, "a name leads to a set");
    free(name);
    muni__buf_free(&whole.out);
    free(p);
    return 0;
}
