#include "runtime/redact/check.h"

#define FORM_MAX  512 /* longer forms are no secrets (but for what follows them) */
#define GLANCE    64  /* of a value that must look random so much is looked at */
#define EMAIL_MAX 254 /* RFC 5321, 4.5.3.1.3, without the brackets */
#define LINES_MAX 3   /* of a PEM header */
#define LINE_MAX  80
#define PEM_LINE  24 /* a word of so many characters is no word */

bool
redact_after_escape(const struct redact_view *v, size_t at)
{
    char c1 = redact_behind(v, at, 1), c2 = redact_behind(v, at, 2);
    if (c2 == '\\' && c1 && strchr("nrtbf", c1))
        return true;
    if (!redact_is(c1, CLASS_H) || !redact_is(c2, CLASS_H))
        return false;
    if (redact_behind(v, at, 3) == '%')
        return true;
    return redact_is(redact_behind(v, at, 3), CLASS_H)
           && redact_is(redact_behind(v, at, 4), CLASS_H) && redact_behind(v, at, 5) == 'u'
           && redact_behind(v, at, 6) == '\\';
}

/* What may belong to a match behind its first REDACT_HELD_MAX bytes. */
static bool
is_tail(enum redact_kind kind, char c)
{
    if (kind == REDACT_PRIVATE_KEY)
        return redact_is(c, CLASS_B) || c == '\n' || c == '\r' || c == '\\';
    return redact_is(c, kind == REDACT_PASSWORD ? CLASS_P : CLASS_V);
}

/* The secret begins at m->at and goes on to `end` at least, and as far as the class does. */
static bool
extend(struct redact_view *v, size_t end, enum redact_class class, struct redact_match *m)
{
    while (end - m->at < REDACT_HELD_MAX && redact_is(redact_peek(v, end), class))
        end++;
    if (end - m->at >= REDACT_HELD_MAX)
        while (is_tail(m->kind, redact_peek(v, end)))
            end++;
    m->n = end - m->at;
    return true;
}

/* Do so many of the class stand at i? */
static bool
has_run(struct redact_view *v, size_t i, enum redact_class class, unsigned least)
{
    for (unsigned k = 0; k < least; k++)
        if (!redact_is(redact_peek(v, i + k), class))
            return false;
    return true;
}

/* --- how random a value looks --- */

struct look {
    unsigned n, digits, upper, lower, humps; /* humps: upper case behind lower case */
    unsigned slashes, dots, tildes, pads;
    bool run; /* twelve letters and digits in a row, a digit among them */
};

static struct look
look_at(struct redact_view *v, size_t i, enum redact_class class)
{
    struct look l = { 0 };
    unsigned run = 0, digits = 0;
    for (char c, before = 0; l.n < GLANCE && redact_is(c = redact_peek(v, i + l.n), class);
         before = c) {
        bool digit = c >= '0' && c <= '9', upper = c >= 'A' && c <= 'Z',
             lower = c >= 'a' && c <= 'z';
        l.n++;
        l.digits += digit;
        l.upper += upper;
        l.lower += lower;
        l.humps += upper && before >= 'a' && before <= 'z';
        l.slashes += c == '/';
        l.dots += c == '.';
        l.tildes += c == '~';
        l.pads += c == '=';
        run = digit || upper || lower ? run + 1 : 0;
        digits = run ? digits + digit : 0;
        l.run |= run >= 12 && digits;
    }
    return l;
}

/* A value by its name: not a path, not words with dots between them. */
static bool
is_value(const struct look *l)
{
    if (l->digits + l->upper + l->lower == l->digits)
        return false;
    if ((l->slashes && (l->n < 40 || l->dots)) || (l->dots && !l->tildes))
        return false;
    return l->digits > 1 || (l->digits && l->upper && l->lower);
}

static bool
is_token(const struct look *l)
{
    return l->digits || l->pads || l->humps > 1;
}

/* --- rules --- */

static bool
word_begins(const struct redact_view *v, size_t at)
{
    return !redact_is(redact_behind(v, at, 1), CLASS_A) || redact_after_escape(v, at);
}

/* Names that mean a place in a list: `next_page_token`. */
static bool
is_cursor(const struct redact_view *v, size_t at)
{
    static const struct str words[] = { STR_INIT("page"), STR_INIT("next"), STR_INIT("prev"),
                                        STR_INIT("continuation"), STR_INIT("sync") };
    char c = redact_behind(v, at, 1);
    if (c != '_' && c != '-')
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (at > words[i].n
            && str_eq_nocase(str_make(v->p + at - 1 - words[i].n, words[i].n), words[i]))
            return true;
    return false;
}

static bool
check_named(struct redact_view *v, size_t at, struct redact_form form, struct redact_match *m)
{
    char before = redact_behind(v, at, 1);
    size_t value = at + form.n;
    m->at = value;
    m->kind = form.rule == RULE_PASS ? REDACT_PASSWORD : REDACT_API_KEY;
    if (form.rule == RULE_QUERY ? before != '?' && before != '&' : is_cursor(v, at))
        return false;
    if (!has_run(v, value, form.class, form.least))
        return false;
    struct look l = look_at(v, value, form.class);
    if (form.rule == RULE_PASS ? !l.digits : !is_value(&l))
        return false;
    return extend(v, value, form.class, m);
}

static bool
check_key(struct redact_view *v, size_t at, struct redact_form form, struct redact_match *m)
{
    m->at = at;
    m->kind = REDACT_API_KEY;
    if (!has_run(v, at + form.n, form.class, form.least))
        return false;
    if (form.rule == RULE_MIXED && !look_at(v, at + form.n, form.class).run)
        return false;
    return extend(v, at + form.n, form.class == CLASS_B ? CLASS_B : CLASS_K, m);
}

static bool
check_bearer(struct redact_view *v, size_t at, struct redact_form form, struct redact_match *m)
{
    m->at = at + form.n;
    m->kind = REDACT_BEARER;
    if (!has_run(v, m->at, form.class, form.least))
        return false;
    struct look l = look_at(v, m->at, form.class);
    return is_token(&l) && extend(v, m->at, CLASS_V, m);
}

/* Three segments or, encrypted, five; the last may be empty (RFC 7515, 7516). */
static bool
check_jwt(struct redact_view *v, size_t at, struct redact_form form, struct redact_match *m)
{
    char before = redact_behind(v, at, 1);
    if ((redact_is(before, CLASS_K) || before == '.') && !redact_after_escape(v, at))
        return false;
    size_t i = at + form.n;
    m->at = at;
    m->kind = REDACT_JWT;
    if (!has_run(v, i, form.class, form.least))
        return false;
    while (i - at < REDACT_HELD_MAX && redact_is(redact_peek(v, i), CLASS_K))
        i++;
    if (redact_peek(v, i) != '.' || !has_run(v, i + 1, CLASS_K, 4))
        return false;
    for (unsigned dots = 0; i - at < REDACT_HELD_MAX; i++) {
        char c = redact_peek(v, i);
        if (c == '.' && (++dots > 4 || !redact_is(redact_peek(v, i + 1), CLASS_K)))
            break;
        if (c != '.' && !redact_is(c, CLASS_K))
            break;
    }
    return extend(v, i, CLASS_K, m);
}

/* The length of a line end, a space or their escapes at i; 0: none. */
static size_t
gap(struct redact_view *v, size_t i)
{
    char c = redact_peek(v, i);
    if (c == '\\') {
        char d = redact_peek(v, i + 1);
        return d == 'n' || d == 'r' ? 2 : 0;
    }
    return c == '\n' || c == '\r' || c == ' ' || c == '\t';
}

static size_t
skip_gaps(struct redact_view *v, size_t i)
{
    for (size_t n, left = 8; left && (n = gap(v, i)) > 0; left--)
        i += n;
    return i;
}

/* `Proc-Type: 4,ENCRYPTED` and the like. */
static size_t
skip_header_lines(struct redact_view *v, size_t i)
{
    for (unsigned lines = 0; lines < LINES_MAX; lines++) {
        size_t k = i;
        while (k - i < LINE_MAX && redact_is(redact_peek(v, k), CLASS_K))
            k++;
        if (redact_peek(v, k) != ':')
            return i;
        while (k - i < LINE_MAX && redact_peek(v, k) > ' ' - 1 && redact_peek(v, k) != '\\')
            k++;
        i = skip_gaps(v, k);
    }
    return i;
}

/* The line -----END ... KEY-----, if it stands at i. */
static size_t
skip_end_line(struct redact_view *v, size_t i)
{
    static const char begin[] = "-----END ";
    size_t k = i;
    for (const char *p = begin; *p; p++)
        if (redact_peek(v, k++) != *p)
            return i;
    while (k - i < LINE_MAX && (redact_is(redact_peek(v, k), CLASS_U) || redact_peek(v, k) == ' '))
        k++;
    for (unsigned n = 0; n < 5; n++)
        if (redact_peek(v, k++) != '-')
            return i;
    return k;
}

/* A line of base64: a long one, or the last, which the line of the end follows. */
static bool
is_line(struct redact_view *v, size_t i)
{
    size_t k = i;
    while (k - i < PEM_LINE && redact_is(redact_peek(v, k), CLASS_B))
        k++;
    return k - i == PEM_LINE || (k > i && redact_peek(v, skip_gaps(v, k)) == '-');
}

static bool
check_pem(struct redact_view *v, size_t at, struct redact_form form, struct redact_match *m)
{
    for (unsigned k = 1; k <= 5; k++)
        if (redact_behind(v, at, k) != '-')
            return false;
    size_t i = skip_gaps(v, at + form.n);
    i = skip_header_lines(v, i);
    if (!has_run(v, i, form.class, form.least))
        return false;
    m->at = at - 5;
    m->kind = REDACT_PRIVATE_KEY;
    /* Lines of base64; what follows the last of them stays. */
    size_t end = i;
    while (i - m->at < REDACT_HELD_MAX) {
        if (redact_is(redact_peek(v, i), CLASS_B)) {
            end = ++i;
            continue;
        }
        size_t next = skip_gaps(v, i);
        if (redact_peek(v, next) == '-') {
            end = skip_end_line(v, next);
            end = end == next ? i : end;
            break;
        }
        if (next == i || !is_line(v, next))
            break;
        i = next;
    }
    m->n = end - m->at;
    return m->n < REDACT_HELD_MAX || extend(v, end, CLASS_NONE, m);
}

/* Whose top level is none, but the end of a file's name: `logo@2x.png`, or of a unit: `getty@tty1.service`. */
static bool
is_file_name(struct str domain)
{
    static const struct str ends[] = {
        STR_INIT(".png"),     STR_INIT(".jpg"),    STR_INIT(".jpeg"),  STR_INIT(".gif"),
        STR_INIT(".svg"),     STR_INIT(".webp"),   STR_INIT(".css"),   STR_INIT(".scss"),
        STR_INIT(".js"),      STR_INIT(".mjs"),    STR_INIT(".ts"),    STR_INIT(".tsx"),
        STR_INIT(".json"),    STR_INIT(".html"),   STR_INIT(".xml"),   STR_INIT(".pdf"),
        STR_INIT(".service"), STR_INIT(".socket"), STR_INIT(".timer"), STR_INIT(".mount"),
        STR_INIT(".target"),  STR_INIT(".slice"),  STR_INIT(".jar"),   STR_INIT(".tgz"),
    };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (domain.n > ends[i].n && str_eq_nocase(str_skip(domain, domain.n - ends[i].n), ends[i]))
            return true;
    return false;
}

static bool
check_email(struct redact_view *v, size_t at, struct redact_form form, struct redact_match *m)
{
    struct str text = { v->p + at, form.n };
    const char *sign = memchr(text.p, '@', text.n);
    struct str local = { text.p, (size_t)(sign - text.p) };
    struct str domain = str_skip(text, local.n + 1);
    char after = redact_peek(v, at + form.n);
    *m = (struct redact_match){ at, form.n, REDACT_EMAIL, 0 };
    if (text.n > EMAIL_MAX || domain.p[0] == '-' || local.p[0] == '.' || sign[-1] == '.'
        || after == '(')
        return false;
    /* A repository by SSH: `git@host:path`. */
    if (str_is(local, "git") && (after == ':' || after == '/'))
        return false;
    return !is_file_name(domain);
}

bool
redact_check(struct redact_view *v, size_t at, struct redact_form form, struct redact_match *m)
{
    if (form.n > FORM_MAX)
        return false;
    *m = (struct redact_match){ at, form.n, REDACT_API_KEY, 0 };
    if (form.rule < RULE_EMAIL && form.rule != RULE_IBAN && !word_begins(v, at))
        return false;
    switch (form.rule) {
    case RULE_KEY:
    case RULE_MIXED:
        return check_key(v, at, form, m);
    case RULE_NAMED:
    case RULE_QUERY:
    case RULE_PASS:
        return check_named(v, at, form, m);
    case RULE_BEARER:
        return check_bearer(v, at, form, m);
    case RULE_JWT:
        return check_jwt(v, at, form, m);
    case RULE_PEM:
        return check_pem(v, at, form, m);
    case RULE_EMAIL:
        return check_email(v, at, form, m);
    case RULE_SSN:
        m->at = at + form.n;
        m->n = form.least;
        return has_run(v, m->at, form.class, form.least)
               && redact_check_number(v, m->at, form.rule, &m->n, &m->kind);
    case RULE_NONE:
        return false;
    case RULE_IBAN:
    case RULE_CARD:
    case RULE_SSN_DASHED:
    case RULE_PHONE_PLUS:
    case RULE_PHONE_NORTH:
    case RULE_PHONE_TRUNK:
    case RULE_PHONE_PAREN:
    case RULE_IPV4:
    case RULE_IPV6:
        break;
    }
    return redact_check_number(v, at, form.rule, &m->n, &m->kind);
}
