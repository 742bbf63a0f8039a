/* Numbers that tell whether they are right: cards, accounts, telephones, addresses of hosts. */
#include "runtime/redact/check.h"

#define DIGITS_MAX 24
#define PART_MAX   64 /* of a path; BEHIND_MAX is more */

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The digits of a number, without what is between them. */
struct digits {
    char p[DIGITS_MAX];
    unsigned n; /* may be more than there is room for */
};

static struct digits
digits_of(struct str s)
{
    struct digits d = { .n = 0 };
    for (size_t i = 0; i < s.n; i++)
        if (is_digit(s.p[i])) {
            if (d.n < DIGITS_MAX)
                d.p[d.n] = s.p[i];
            d.n++;
        }
    return d;
}

/* The first n digits as a number. */
static unsigned
leading(const struct digits *d, unsigned n)
{
    unsigned v = 0;
    for (unsigned i = 0; i < n && i < d->n; i++)
        v = v * 10 + (unsigned)(d->p[i] - '0');
    return v;
}

/* --- what stands around ------------------------------------------------------------------------ */

/* A number behind a `/`: a part of a path, unless it is a product's version as in `Browser/12.0.0.1`. */
static bool
in_path(const struct redact_view *v, size_t at)
{
    size_t i = at - 1;
    while (i && at - i < PART_MAX && redact_is(v->p[i - 1], CLASS_N))
        i--;
    return !(v->p[i] >= 'A' && v->p[i] <= 'Z') || redact_behind(v, i, 1) == '/';
}

/* No number begins within a word, a decimal fraction or a chain of numbers. */
static bool
number_begins(const struct redact_view *v, size_t at)
{
    char c = redact_behind(v, at, 1);
    if (v->p[at] == '(' || redact_after_escape(v, at))
        return true;
    if (redact_is(c, CLASS_A) || c == '_')
        return false;
    if (c == '/')
        return in_path(v, at);
    if (c && strchr(".-+%", c))
        return !redact_is(redact_behind(v, at, 2), CLASS_A);
    return true;
}

static bool
number_ends(struct redact_view *v, size_t end)
{
    char c = redact_peek(v, end);
    if (redact_is(c, CLASS_A) || c == '_')
        return false;
    return !((c == '-' || c == '.') && is_digit(redact_peek(v, end + 1)));
}

/* --- payment cards ----------------------------------------------------------------------------- */

/* ISO/IEC 7812: the issuers' ranges, and how many digits their numbers have. */
static const struct brand {
    unsigned places, from, to, least, most;
} brands[] = {
    { 1, 4, 4, 13, 19 }, /* 13, 16 or 19 */
    { 2, 51, 55, 16, 16 }, { 4, 2221, 2720, 16, 16 }, { 2, 34, 34, 15, 15 },
    { 2, 37, 37, 15, 15 }, { 4, 6011, 6011, 16, 19 }, { 3, 644, 649, 16, 19 },
    { 2, 65, 65, 16, 19 }, { 3, 300, 305, 14, 19 },   { 2, 36, 36, 14, 19 },
    { 2, 38, 39, 14, 19 }, { 4, 3528, 3589, 16, 19 }, { 2, 62, 62, 16, 19 },
    { 2, 50, 50, 13, 19 }, { 2, 56, 58, 13, 19 },     { 2, 63, 63, 13, 19 },
    { 2, 67, 67, 13, 19 }, { 2, 81, 81, 16, 19 },     { 4, 2200, 2204, 16, 19 },
};

static bool
is_issued(const struct digits *d)
{
    for (size_t i = 0; i < sizeof brands / sizeof *brands; i++) {
        const struct brand *b = &brands[i];
        unsigned first = leading(d, b->places);
        if (first >= b->from && first <= b->to && d->n >= b->least && d->n <= b->most)
            return d->p[0] != '4' || d->n == 13 || d->n == 16 || d->n == 19;
    }
    return false;
}

/* ISO/IEC 7812-1, annex B. */
static bool
passes_luhn(const struct digits *d)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < d->n; i++) {
        unsigned v = (unsigned)(d->p[d->n - 1 - i] - '0');
        v = i % 2 ? 2 * v : v;
        sum += v > 9 ? v - 9 : v;
    }
    return sum % 10 == 0;
}

static bool
is_card(struct str s)
{
    struct digits d = digits_of(s);
    return d.n >= 13 && d.n <= 19 && is_issued(&d) && passes_luhn(&d);
}

/* --- social security numbers (ssa.gov: numbers that were never issued) ------------------------- */

static bool
is_ssn(struct str s)
{
    struct digits d = digits_of(s);
    unsigned all = leading(&d, 9), area = all / 1000000;
    bool one_sign = s.n == 9 || s.p[3] == s.p[6];
    return one_sign && area != 0 && area != 666 && area < 900 && all / 10000 % 100 && all % 10000;
}

/* --- accounts (the SWIFT registry of IBAN formats) --------------------------------------------- */

/* Country and length. */
static const char countries[] =
    "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24"
    "FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32"
    "LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24"
    "RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30";

static unsigned
iban_length(const char *country)
{
    for (const char *p = countries; *p; p += 4)
        if (p[0] == country[0] && p[1] == country[1])
            return (unsigned)(p[2] - '0') * 10 + (unsigned)(p[3] - '0');
    return 0;
}

/* ISO 7064, MOD 97-10. */
static unsigned
mod97(unsigned sum, char c)
{
    return is_digit(c) ? (sum * 10 + (unsigned)(c - '0')) % 97
                       : (sum * 100 + (unsigned)(c - 'A') + 10) % 97;
}

/* In groups of four, with spaces or dashes between them, or without. */
static bool
check_iban(struct redact_view *v, size_t at, size_t *n)
{
    unsigned wanted = iban_length(v->p + at), got = 0, sum = 0;
    char account[40], sign = redact_peek(v, at + 4), before = redact_behind(v, at, 1);
    size_t i = at;
    bool apart = sign == ' ' || sign == '-';
    if (!wanted || ((redact_is(before, CLASS_A) || before == '_') && !redact_after_escape(v, at)))
        return false;
    for (; got < wanted; i++) {
        char c = redact_peek(v, i);
        if (apart && got && got % 4 == 0 && c == sign)
            c = redact_peek(v, ++i);
        if (!redact_is(c, CLASS_U))
            return false;
        account[got++] = c;
    }
    for (unsigned k = 0; k < wanted; k++)
        sum = mod97(sum, account[(k + 4) % wanted]);
    *n = i - at;
    return sum == 1 && !redact_is(redact_peek(v, i), CLASS_A) && redact_peek(v, i) != '_';
}

/* --- telephones -------------------------------------------------------------------------------- */

/* ITU-T E.164: the country codes of one and two digits; and what those of three begin with. */
static bool
is_country(const struct digits *d)
{
    static const char two[] = "20273031323334363940414344454647484951525354555657586061626364656681"
                              "82848690919293949598";
    static const char three[] = "2122232425262935373842505967686980858788969799";
    unsigned first = leading(d, 2);
    if (first / 10 == 1 || first / 10 == 7)
        return true;
    for (const char *p = two; *p; p += 2)
        if (first == (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0'))
            return true;
    for (const char *p = three; *p; p += 2)
        if (first == (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0'))
            return true;
    return false;
}

/* The length of one sign, or brackets with spaces, between digits at i; 0 when no digit follows. */
static size_t
sign_between(struct redact_view *v, size_t i)
{
    size_t k = i;
    while (k - i < 2 && redact_peek(v, k) && strchr(" .-/()", redact_peek(v, k)))
        k++;
    return k > i && is_digit(redact_peek(v, k)) ? k - i : 0;
}

/* `+`, a country and groups of digits: as many groups as 15 digits allow (11 in the North American plan). */
static bool
check_phone_plus(struct redact_view *v, size_t at, size_t *n)
{
    unsigned most = redact_peek(v, at + 1) == '1' ? 11 : 15, count = 0;
    size_t i = at + 1, end = at;
    for (;;) {
        unsigned before = count;
        while (is_digit(redact_peek(v, i)) && count <= most) {
            i++;
            count++;
        }
        if (count > most) {
            count = before;
            break;
        }
        end = i;
        size_t sign = sign_between(v, i);
        if (!sign || count == most)
            break;
        i += sign;
    }
    struct digits d = digits_of(str_make(v->p + at, end - at));
    *n = end - at;
    if (redact_is(redact_behind(v, at, 1), CLASS_A) && !redact_after_escape(v, at))
        return false;
    return d.n == count && count >= (most == 11 ? 11 : 9) && is_country(&d) && number_ends(v, end);
}

/* North America: no area ends in 11; with spaces only, no exchange begins with 0 or 1. */
static bool
is_north(struct str s)
{
    struct digits d = digits_of(s);
    const char *p = d.p + (d.n == 11);
    if (d.n == 11 && d.p[0] == '1' && d.p[1] >= '3' && s.n >= 13 && !is_digit(s.p[3])
        && !is_digit(s.p[8]) && s.p[3] == s.p[8])
        return true; /* mobile numbers of China: 3, 4 and 4 */
    return !(p[1] == '1' && p[2] == '1') && (p[3] > '1' || !memchr(s.p, ' ', s.n));
}

/* 01 23 45 67 89, 020 7946 0958, 0151/12345678: ten or so digits, one sign, and no date. */
static bool
is_trunk(struct str s)
{
    struct digits d = digits_of(s);
    char sign = 0;
    unsigned group = 0, groups = 1, longest = 0, pairs = 0;
    size_t first = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (is_digit(s.p[i])) {
            longest = ++group > longest ? group : longest;
            continue;
        }
        first = groups == 1 ? i : first;
        pairs += groups > 1 && group == 2;
        if (sign && s.p[i] != sign && !(sign == '/' && groups == 2))
            return false;
        sign = s.p[i];
        groups++;
        group = 0;
    }
    if (d.n < 9 || d.n > 12 || first > 5)
        return false;
    /* 01-02-2024 and what follows. */
    if (first == 2 && s.n >= 10 && !is_digit(s.p[5])
        && leading(&(struct digits){ { s.p[6], s.p[7] }, 2 }, 2) - 19 < 2)
        return false;
    pairs += group == 2;
    return groups == 5 && pairs == 4 ? first == 2 : longest > 2 && (!pairs || sign == ' ');
}

/* Groups in the middle of a longer chain are no number of their own. */
static bool
in_chain(const struct redact_view *v, size_t at)
{
    char c = redact_behind(v, at, 1), d = redact_behind(v, at, 2);
    return ((c == ' ' || c == '-') && is_digit(d)) || (c == '/' && redact_is(d, CLASS_A));
}

/* --- addresses of hosts ------------------------------------------------------------------------ */

/* Does a word that says `version` stand before? */
static bool
after_version(const struct redact_view *v, size_t at)
{
    static const struct str words[] = { STR_INIT("version"),  STR_INIT("ver"),
                                        STR_INIT("release"),  STR_INIT("build"),
                                        STR_INIT("firmware"), STR_INIT("v") };
    size_t i = at;
    while (i && at - i < 6 && strchr(" \"':=._-", v->p[i - 1]) && v->p[i - 1])
        i--;
    if (i == at)
        return false;
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
        struct str w = words[k];
        if (i >= w.n && str_eq_nocase(str_make(v->p + i - w.n, w.n), w)
            && !(i > w.n && redact_is(v->p[i - w.n - 1], CLASS_A) && w.n < 7))
            return true;
    }
    return false;
}

/* A number up to 255 at i, without zeros before it: its length, else 0. */
static size_t
octet(struct redact_view *v, size_t i)
{
    unsigned value = 0;
    size_t n = 0;
    for (; n < 3 && is_digit(redact_peek(v, i + n)); n++)
        value = value * 10 + (unsigned)(v->p[i + n] - '0');
    return value > 255 || (n > 1 && v->p[i] == '0') ? 0 : n;
}

static bool
check_ipv4(struct redact_view *v, size_t at, size_t *n)
{
    size_t i = at;
    for (unsigned k = 0; k < 4; k++) {
        size_t length = octet(v, i + (k > 0));
        if (!length || (k && v->p[i] != '.'))
            return false;
        i += length + (k > 0);
    }
    *n = i - at;
    char c = redact_peek(v, i), d = redact_peek(v, i + 1);
    if (redact_is(c, CLASS_A) || c == '_' || c == '+' || (c == '.' && redact_is(d, CLASS_A)))
        return false;
    /* 1.2.3.4-beta and 1.2.3.4-1 are versions, 1.2.3.4-1.2.3.9 is a range. */
    if (c == '-' && redact_is(d, CLASS_A)) {
        size_t k = octet(v, i + 1);
        return k && redact_peek(v, i + 1 + k) == '.' && !after_version(v, at);
    }
    return !after_version(v, at);
}

/* RFC 4291, 2.2, and with an address of version 4 at the end; a short one with `::` looks like a name in a program. */
static bool
check_ipv6(struct redact_view *v, size_t at, size_t *n)
{
    char before = redact_behind(v, at, 1);
    unsigned groups = 0, longest = 0, digits = 0;
    bool gap = false;
    size_t i = at;
    if ((redact_is(before, CLASS_A) && !redact_after_escape(v, at))
        || (before && strchr("_:.-", before)))
        return false;
    for (;;) {
        unsigned length = 0, found = 0;
        while (length < 5 && redact_is(redact_peek(v, i + length), CLASS_H))
            found += is_digit(v->p[i + length++]);
        if (length && redact_peek(v, i + length) == '.') {
            size_t four;
            if (groups > 6 || !check_ipv4(v, i, &four))
                return false;
            groups += 2;
            longest = 4;
            digits++;
            i += four;
            break;
        }
        if (length > 4 || (length && ++groups > 8))
            return false;
        longest = length > longest ? length : longest;
        digits += found;
        i += length;
        if (redact_peek(v, i) != ':')
            break;
        bool twice = redact_peek(v, i + 1) == ':';
        if (twice ? gap : !redact_is(redact_peek(v, i + 1), CLASS_H)) {
            break;
        }
        gap |= twice;
        i += twice ? 2 : 1;
        if (twice && !redact_is(redact_peek(v, i), CLASS_H))
            break;
    }
    *n = i - at;
    char c = redact_peek(v, i);
    if (redact_is(c, CLASS_A) || c == '_' || (c == ':' && redact_peek(v, i + 1) == ':'))
        return false;
    bool begins_with_gap = v->p[at] == ':' && (groups > 1 || (*n == 3 && v->p[at + 2] == '1'));
    return digits
           && (gap ? groups < 8 && (longest > 2 || begins_with_gap) : groups == 8 && longest > 2);
}

/* --- all of them ------------------------------------------------------------------------------- */

bool
redact_check_number(struct redact_view *v, size_t at, enum redact_rule rule, size_t *n,
                    enum redact_kind *kind)
{
    struct str s = { v->p + at, *n };
    switch (rule) {
    case RULE_IBAN:
        *kind = REDACT_IBAN;
        return check_iban(v, at, n);
    case RULE_IPV6:
        *kind = REDACT_IP;
        return check_ipv6(v, at, n);
    case RULE_PHONE_PLUS:
        *kind = REDACT_PHONE;
        return check_phone_plus(v, at, n);
    case RULE_IPV4:
        *kind = REDACT_IP;
        return number_begins(v, at) && check_ipv4(v, at, n);
    case RULE_CARD:
        *kind = REDACT_CARD;
        return number_begins(v, at) && is_card(s) && number_ends(v, at + *n);
    case RULE_SSN:
        *kind = REDACT_SSN;
        return is_ssn(s) && number_ends(v, at + *n);
    case RULE_SSN_DASHED:
        *kind = REDACT_SSN;
        return number_begins(v, at) && is_ssn(s) && number_ends(v, at + *n);
    case RULE_PHONE_NORTH:
        *kind = REDACT_PHONE;
        return number_begins(v, at) && is_north(s) && number_ends(v, at + *n);
    case RULE_PHONE_TRUNK:
        *kind = REDACT_PHONE;
        return number_begins(v, at) && !in_chain(v, at) && is_trunk(s) && number_ends(v, at + *n);
    case RULE_PHONE_PAREN: {
        unsigned count = digits_of(s).n;
        *kind = REDACT_PHONE;
        return count >= 9 && count <= 12 && number_ends(v, at + *n);
    }
    default:
        return false;
    }
}
