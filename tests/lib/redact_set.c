#include "tests/lib/redact_set.h"

#include "runtime/base/base64.h"
#include "tests/lib/redact_maker.h"

void
redact_sample_init(struct redact_sample *s)
{
    buf_init(&s->text, 1 << 20);
}

void
redact_sample_fini(struct redact_sample *s)
{
    buf_fini(&s->text);
}

/* --- positives --------------------------------------------------------------------------------- */

static const struct {
    const char *prefix, *alphabet;
    unsigned n;
} keys[] = {
    { "sk-", ALNUM, 48 },
    { "sk-proj-", KEY, 156 },
    { "sk-svcacct-", KEY, 120 },
    { "sk-admin-", KEY, 120 },
    { "sk-ant-api03-", KEY, 95 },
    { "sk-ant-admin01-", KEY, 95 },
    { "sk-ant-oat01-", KEY, 95 },
    { "sk-or-v1-", HEX, 64 },
    { "sk-", HEX, 32 },
    { "AIza", KEY, 35 },
    { "ya29.", KEY, 180 },
    { "GOCSPX-", KEY, 28 },
    { "AQ.Ab8", KEY, 47 },
    { "1//0", KEY, 99 },
    { "AKIA", UPPER "234567", 16 },
    { "ASIA", UPPER "234567", 16 },
    { "ABSK", BASE64, 128 },
    { "gsk_", ALNUM, 52 },
    { "xai-", ALNUM, 80 },
    { "hf_", ALNUM, 34 },
    { "pplx-", ALNUM, 48 },
    { "r8_", ALNUM, 37 },
    { "nvapi-", KEY, 64 },
    { "dapi", HEX, 32 },
    { "ghp_", ALNUM, 36 },
    { "gho_", ALNUM, 36 },
    { "ghu_", ALNUM, 36 },
    { "ghs_", ALNUM, 36 },
    { "ghr_", ALNUM, 76 },
    { "github_pat_", ALNUM "_", 82 },
    { "glpat-", KEY, 20 },
    { "npm_", ALNUM, 36 },
    { "xoxb-", DIGITS "-" ALNUM, 50 },
    { "xoxp-", DIGITS "-" ALNUM, 70 },
    { "xapp-1-", UPPER DIGITS, 60 },
    { "sk_live_", ALNUM, 24 },
    { "rk_live_", ALNUM, 99 },
    { "sk_test_", ALNUM, 24 },
    { "whsec_", ALNUM, 32 },
    { "csk-", ALNUM, 48 },
    { "fw_", ALNUM, 24 },
    { "tvly-", ALNUM, 32 },
};

/* Name and value: the value is the secret. */
static const struct {
    const char *name, *alphabet;
    unsigned n;
} named[] = {
    { "aws_secret_access_key = ", BASE64, 40 },
    { "AWS_SECRET_ACCESS_KEY=", BASE64, 40 },
    { "\"secretAccessKey\": \"", BASE64, 40 },
    { "api-key: ", HEX, 32 },
    { "Ocp-Apim-Subscription-Key: ", HEX, 32 },
    { "AZURE_OPENAI_API_KEY=", ALNUM, 84 },
    { "\"api_key\":\"", ALNUM, 40 },
    { "apiKey = '", ALNUM, 32 },
    { "x-api-key: ", KEY, 48 },
    { "client_secret=", ALNUM, 40 },
    { "access_token: ", ALNUM, 64 },
    { "refresh_token=", ALNUM, 64 },
    { "&sig=", ALNUM, 43 },
    { "?key=", ALNUM, 32 },
};

static void
make_email(struct maker *m)
{
    static const char *const forms[] = {
        "@@@@@",   "@@@@.@@@@@@@", "@@@@@+@@@", "@.@@@@@@", "@@@@@_@@@##", "^@@@.^@@@@@",
        "@@@@@##", "####@@",       "@@-@@@@",   "@@@@%@@@", "@",           "@@@.@@.@@@@"
    };
    static const char *const hosts[] = { "example.com",   "mail.example.org",
                                         "example.co.uk", "sub.dept.example.edu",
                                         "ex-ample.io",   "example.museum",
                                         "EXAMPLE.COM",   "xn--bcher-kva.example",
                                         "a.de",          "123.example.net" };
    fill(m, PICK(m, forms));
    put(m, "@");
    put(m, PICK(m, hosts));
}

static void
make_phone(struct maker *m)
{
    static const char *const forms[] = {
        "+1 (N1N) N##-####",   "+1-N2N-N##-####",   "+1N3NN######",        "+1 N4N N## ####",
        "(N5N) N##-####",      "N6N-N##-####",      "N7N.N##.####",        "(N8N)N##-####",
        "1-800-N##-####",      "+44 20 7### ####",  "+44 (0)20 7### ####", "+447#########",
        "020 7### ####",       "07### ######",      "0161 ### ####",       "+49 30 #######",
        "+49 (0)151 ########", "+4915########",     "0151 ########",       "030/########",
        "+33 6 ## ## ## ##",   "06 ## ## ## ##",    "06.##.##.##.##",      "+34 6## ### ###",
        "+39 06 #### ####",    "+41 44 ### ## ##",  "+31 6 ########",      "+46 70 ### ## ##",
        "+91 98### #####",     "+86 138 #### ####", "138-####-####",       "+81 3-####-####",
        "03-####-####",        "090-####-####",     "+82 10-####-####",    "+61 4## ### ###",
        "0412 ### ###",        "+55 11 9####-####", "(11) 9####-####",     "+7 912 ###-##-##",
        "+52 55 #### ####",    "+972 50-###-####",  "+65 8### ####",       "+353 1 ### ####",
    };
    fill(m, PICK(m, forms));
}

static void
make_ssn(struct maker *m)
{
    unsigned area = 1 + below(m, 898);
    char sign = "--- "[below(m, 4)];
    area = area == 666 ? 665 : area;
    buf_printf(m->out, "%03u%c%02u%c%04u", area, sign, 1 + below(m, 99), sign, 1 + below(m, 9999));
}

static void
make_ip(struct maker *m)
{
    static const char *const forms[] = {
        "2001:db8:~~~~:~~~~:~~~~:~~~~:~~~~:1~~~",
        "2001:db8::~~~~:1~~",
        "fe80::1~~:~~~~:~~~~:~~~~",
        "2001:DB8:0:0:8:800:200C:417A",
        "::1",
        "::ffff:192.0.2.1##",
        "2001:db8:1234::",
        "fd00:~~~~:~~~~::1",
        "64:ff9b::198.51.100.2#",
        "2001:db8:85a3::8a2e:370:7334",
    };
    if (below(m, 2))
        fill(m, PICK(m, forms));
    else
        buf_printf(m->out, "%u.%u.%u.%u", 1 + below(m, 255), below(m, 256), below(m, 256),
                   below(m, 256));
}

static void
make_jwt(struct maker *m)
{
    static const char *const headers[] = { "{\"alg\":\"HS256\",\"typ\":\"JWT\"}",
                                           "{\"typ\":\"JWT\",\"alg\":\"RS256\",\"kid\":\"k1\"}",
                                           "{\"alg\":\"ES256\"}" };
    struct buf header;
    buf_init(&header, 200);
    base64_encode(&header, str_from(PICK(m, headers)));
    while (header.n && header.p[header.n - 1] == '=')
        header.n--;
    buf_puts(m->out, buf_str(&header));
    buf_fini(&header);
    put(m, ".eyJ");
    draw(m, KEY, 20 + below(m, 200));
    put(m, ".");
    draw(m, KEY, 42 + below(m, 300));
    draw(m, ALNUM, 1);
}

static void
make_pem(struct maker *m)
{
    static const char *const what[] = { "", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED " };
    const char *kind = PICK(m, what), *line = below(m, 3) ? "\n" : "\\n";
    buf_printf(m->out, "-----BEGIN %sPRIVATE KEY-----%s", kind, line);
    if (!below(m, 4))
        buf_printf(m->out, "Proc-Type: 4,ENCRYPTED%sDEK-Info: AES-128-CBC,0123456789ABCDEF%s%s",
                   line, line, line);
    for (unsigned k = 1 + below(m, 12); k; k--) {
        draw(m, BASE64, 64);
        put(m, line);
    }
    draw(m, BASE64, 4 + 4 * below(m, 12));
    buf_printf(m->out, "==%s-----END %sPRIVATE KEY-----", line, kind);
}

static void
put_secret(struct maker *m, struct redact_sample *s, const char *before)
{
    put(m, before);
    s->at = s->text.n;
}

static void
make_secret(struct maker *m, struct redact_sample *s, unsigned turn)
{
    unsigned k;
    switch (s->kind) {
    case REDACT_API_KEY:
        if (turn % 3) {
            k = turn / 3 * 2 % COUNT(keys) + turn % 3 - 1;
            k %= COUNT(keys);
            put_secret(m, s, "");
            put(m, keys[k].prefix);
            draw(m, keys[k].alphabet, keys[k].n - 1);
            draw(m, keys[k].n == 64 ? HEX : UPPER, 1);
        } else {
            k = turn / 3 % COUNT(named);
            put_secret(m, s, named[k].name);
            draw(m, named[k].alphabet, named[k].n - 3);
            put(m, "7a4");
        }
        break;
    case REDACT_JWT:
        put_secret(m, s, "");
        make_jwt(m);
        break;
    case REDACT_PRIVATE_KEY:
        put_secret(m, s, "");
        make_pem(m);
        break;
    case REDACT_BEARER:
        put_secret(m, s,
                   turn % 3 == 0   ? "Basic "
                   : turn % 3 == 1 ? "Bearer "
                                   : "authorization: bearer ");
        draw(m, turn % 3 ? KEY : BASE64, 20 + below(m, 60));
        put(m, "3x");
        break;
    case REDACT_PASSWORD:
        put_secret(m, s, turn % 2 ? "postgres://user:" : "\"password\": \"");
        draw(m, ALNUM "!.", 8 + below(m, 12));
        put(m, "5");
        break;
    case REDACT_EMAIL:
        put_secret(m, s, "");
        make_email(m);
        break;
    case REDACT_PHONE:
        put_secret(m, s, "");
        make_phone(m);
        break;
    case REDACT_CARD:
        put_secret(m, s, "");
        make_card(m, 0);
        break;
    case REDACT_SSN:
        put_secret(m, s, turn % 4 ? "" : "SSN: ");
        if (turn % 4)
            make_ssn(m);
        else
            buf_printf(m->out, "%u%02u%04u", 100 + below(m, 500), 1 + below(m, 99),
                       1 + below(m, 9999));
        break;
    case REDACT_IBAN:
        put_secret(m, s, "");
        make_iban(m, 0);
        break;
    case REDACT_IP:
        put_secret(m, s, "");
        make_ip(m);
        break;
    case REDACT_CUSTOM:
    case REDACT_KINDS:
        break;
    }
    s->n = s->text.n - s->at;
}

void
redact_set_positive(struct redact_sample *s, unsigned i)
{
    static const char *const around[][2] = {
        { "", "" },
        { "My one is ", ", please keep it." },
        { "{\"text\":\"use ", "\",\"n\":1}" },
        { "line one\n", "\nline three" },
        { "(", ")" },
        { "'", "'" },
        { "a=1;b=", ";c=2" },
        { "What about ", "? I do not know." },
        { "\\n", "\\n" },
        { "Gr\xc3\xbc\xc3\x9f"
          "e: ",
          " \xe2\x80\x93 danke" },
    };
    struct maker m = { { i }, &s->text };
    unsigned turn = i / REDACT_CUSTOM, k = turn % COUNT(around);
    buf_clear(&s->text);
    s->kind = (enum redact_kind)(i % REDACT_CUSTOM);
    put(&m, around[k][0]);
    make_secret(&m, s, turn);
    if (s->kind == REDACT_PASSWORD)
        put(&m, turn % 2 ? "@db.internal/x" : "\"");
    put(&m, around[k][1]);
}
