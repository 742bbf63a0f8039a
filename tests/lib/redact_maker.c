/* Numbers with check digits. */
#include "tests/lib/redact_maker.h"

#include <stdio.h>

/* n digits that begin so and pass the check of ISO/IEC 7812. */
static void
luhn(struct maker *m, const char *begin, unsigned n, char *to, unsigned wrong)
{
    unsigned sum = 0, k = 0;
    for (; begin[k]; k++)
        to[k] = begin[k];
    for (; k < n - 1; k++)
        to[k] = (char)('0' + below(m, 10));
    for (unsigned i = 0; i < n - 1; i++) {
        unsigned v = (unsigned)(to[n - 2 - i] - '0') * (i % 2 ? 1 : 2);
        sum += v > 9 ? v - 9 : v;
    }
    to[n - 1] = (char)('0' + (10 - sum % 10 + wrong) % 10);
    to[n] = '\0';
}

void
make_card(struct maker *m, unsigned wrong)
{
    static const struct {
        const char *begin;
        unsigned n;
    } brands[] = { { "4", 16 },  { "51", 16 },   { "55", 16 },   { "2221", 16 }, { "2720", 16 },
                   { "34", 15 }, { "37", 15 },   { "6011", 16 }, { "65", 16 },   { "3056", 14 },
                   { "36", 14 }, { "3530", 16 }, { "62", 16 },   { "4", 13 },    { "50", 16 } };
    char d[24], sign = "\0 -"[below(m, 3)];
    unsigned k = below(m, COUNT(brands));
    luhn(m, brands[k].begin, brands[k].n, d, wrong);
    sign = brands[k].n == 13 ? '\0' : sign;
    for (unsigned i = 0; d[i]; i++) {
        bool cut = brands[k].n == 16 ? i && i % 4 == 0 : i == 4 || i == 10;
        if (sign && cut)
            buf_putc(m->out, sign);
        buf_putc(m->out, d[i]);
    }
}

static unsigned
mod97(const char *s)
{
    unsigned sum = 0;
    for (; *s; s++)
        sum = *s <= '9' ? (sum * 10 + (unsigned)(*s - '0')) % 97
                        : (sum * 100 + (unsigned)(*s - 'A') + 10) % 97;
    return sum;
}

void
make_iban(struct maker *m, unsigned wrong)
{
    static const char *const forms[] = {
        "DE##################",    "FR##########^#########^##",
        "GB^^^^##############",    "NL^^^^##########",
        "ES####################",  "IT^######################",
        "CH#####~###########",     "AT################",
        "BE############",          "PL########################",
        "NO###########",           "SE####################",
        "PT#####################", "MT^^^^#####^^^^##############",
        "SA####################",
    };
    char account[48], turned[64];
    struct buf made, *out = m->out;
    const char *form = PICK(m, forms);
    buf_init(&made, 64);
    m->out = &made;
    fill(m, form + 2);
    m->out = out;
    snprintf(account, sizeof account, "%.*s", (int)made.n, made.p);
    buf_fini(&made);
    for (char *p = account; *p; p++)
        *p = (char)(*p >= 'a' ? *p - 32 : *p);
    snprintf(turned, sizeof turned, "%s%.2s00", account, form);
    unsigned check = (98 - mod97(turned) + wrong) % 97;
    check = check < 2 ? check + 97 : check;
    snprintf(turned, sizeof turned, "%.2s%02u%s", form, check, account);
    bool apart = below(m, 2);
    for (unsigned i = 0; turned[i]; i++) {
        if (apart && i && i % 4 == 0)
            buf_putc(out, ' ');
        buf_putc(out, turned[i]);
    }
}
