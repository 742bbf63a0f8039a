/* The negatives of the labelled set. */
#include "tests/lib/redact_maker.h"
#include "tests/lib/redact_set.h"

/* What is drawn anew each time: its name, and forms as of redact_maker.h. */
static const struct {
    const char *name, *form;
} forms[] = {
    { "uuid", "~~~~~~~~-~~~~-4~~~-a~~~-~~~~~~~~~~~~" },
    { "uuid", "urn:uuid:########-####-4###-8###-############" },
    { "sha-1", "~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~" },
    { "short sha", "commit ~~~~~~~ by" },
    { "sha-256", "sha256:~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~" },
    { "order", "ORD-2024-0#####" },
    { "order", "order #1########" },
    { "order", "#1##-#####-##########" },
    { "order", "INV/2023/##/####" },
    { "order", "1Z###^##03########" },
    { "order", "^^##########^^" },
    { "order", "9########2" },
    { "part", "^##-###-####^" },
    { "part", "###-####-##" },
    { "version", "v1.#.#.##" },
    { "version", "version 1.##.#.#" },
    { "version", "\"version\": \"4.#.##.1\"" },
    { "version", "Chrome/12#.0.#.1##" },
    { "version", "libfoo-1.2.#.4.tar.gz" },
    { "version", "foo_1.2.#.4-1ubuntu#" },
    { "version", "3.#.1" },
    { "version", "1.2.#.4.5.#" },
    { "version", "build=10.0.1####.#" },
    { "date", "2024-0#-1#" },
    { "date", "1#.0#.2023" },
    { "date", "0#/1#/2024" },
    { "date", "0#-1#-2024 1#:4#" },
    { "date", "2024-0#-1#T1#:2#:3#.###Z" },
    { "date", "2024-0#-1#T1#:2#:3#+02:00" },
    { "date", "202401#1" },
    { "date", "Mon, 0# Jan 2024 1#:2#:3# GMT" },
    { "date", "[1#/Oct/2000:13:5#:36 -0700]" },
    { "time", "1#:4#:5#" },
    { "time", "00:0#:1#,###" },
    { "time", "17########" },
    { "time", "17###########" },
    { "time", "17#################" },
    { "isbn", "978-3-16-14####-0" },
    { "isbn", "ISBN 0-306-4####-2" },
    { "isbn", "978########6" },
    { "isbn", "979-10-90636-##-#" },
    { "price", "$1,2##.99" },
    { "price", "\xe2\x82\xac 19.##9,00" },
    { "price", "12#.### EUR" },
    { "price", "USD 1 2## ###.50" },
    { "price", "+1#.5 %" },
    { "number", "0.####################" },
    { "number", "-1.########e+1#" },
    { "number", "1,###,###,###" },
    { "number", "1 ### ### ###" },
    { "number", "0x~~~~~~~~~~~~~~~~" },
    { "number", "12######## bytes" },
    { "number", "[#, ##, ###, ####]" },
    { "number", "# ## # ## ### # ##" },
    { "number", "pages 1##-1## and 2##-2##" },
    { "place", "52.52####, 13.40####" },
    { "place", "-33.86####,151.20####" },
    { "place", "N 40\xc2\xb0 42' #2\" W 74\xc2\xb0" },
    { "ssn of none", "000-##-####" },
    { "ssn of none", "666-##-####" },
    { "ssn of none", "9##-##-####" },
    { "ssn of none", "1##-00-####" },
    { "ssn of none", "1##-##-0000" },
    { "host of none", "256.###.1.1" },
    { "host of none", "1.2.3.3##" },
    { "host of none", "01.02.03.04" },
    { "mac", "~~:~~:~~:~~:~~:~~" },
    { "mac", "~~-~~-~~-~~-~~-~~" },
    { "dump", "0000##0  ~~~~ ~~~~ ~~~~ ~~~~ ~~~~ ~~~~ ~~~~ ~~~~" },
    { "dump", "000000#0: ~~ ~~ ~~ ~~ ~~ ~~ ~~ ~~  ~~ ~~ ~~ ~~ ~~ ~~ ~~ ~~  |..@@.@.^|" },
    { "dump", "\\x~~\\x~~\\x~~\\x~~\\x~~" },
    { "key of none", "sk-@@@@@@@-@@@@@@@-@@@@@@@@@-@@@@@" },
    { "key of none", "task-@@@@@-@@@@@@-@@@@@@@@-##" },
    { "key of none", "AKIA#####" },
    { "key of none", "hf_@@@@@_@@@@" },
    { "key of none", "AIza-@@@@" },
    { "key of none", "eyJ@@@@####^^^^@@@@@@@@@@@@@@@@@@@@@@==" },
    { "key of none", "api_key: required, see ####" },
    { "key of none", "\"max_tokens\": ####, \"token\": null" },
    { "key of none", "next_page_token=@@@@####@@@@####^^^^####" },
    { "key of none", "api_key=os.environ['PROVIDER_KEY_##']" },
    { "key of none", "password: at least 1# characters" },
    { "key of none", "Bearer authentication is needed for #" },
    { "key of none", "basic understanding of chapter ##" },
    { "no address", "@@@@@@@@"
                    "@@ at @@@@@.com" },
    { "no address", "git version 2.##.# of x" },
    { "code", "arr[##] = (a + b) * #### - c_##;" },
    { "code", "std::@@@@::@@@ x = a::b::c(##);" },
    { "code", "if (x##.y > ##.#) return x[##:##];" },
    { "code", "#define MAX_@@@ 0x~~~~~~~~" },
    { "code", "rgba(##, 1##, 2##, 0.#) #~~~~~~" },
    { "code", "M10.## 2#.## L3#.# 4#.##Z" },
    { "code", "f'{x:.#f}' % (##, ##)" },
    { "code", "192.168.@.@/## and ::/0" },
    { "id", "chatcmpl-^@^@#@^@#^@@#^^@@#^@@^@@@^@@#" },
    { "id", "msg_01^@^@#@^@#^@@#^^@@#^@@^" },
    { "id", "req_~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~" },
    { "id", "call_@@@^^^###@@@^^^###@@@^^^" },
    { "id", "arn:aws:iam::############:role/x" },
    { "id", "1#################" },
    { "id", "00-~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~-~~~~~~~~~~~~~~~~-01" },
    { "id", "W/\"~~~~-~~~~~~~~~~~\"" },
    { "id", "PMID: ########; doi:10.1###/j.@@@.20##.0#.0##" },
};

/* Whole lines, each in several surroundings. */
static const char *const lines[] = {
    "The quick brown fox jumps over the lazy dog; it took 12 minutes.",
    "@decorator\ndef f(self): return self.value @ other.T",
    "npm install @scope/package@18.2.0 react@18.2.0 left-pad@^1.3.0",
    "git clone git@host.example.com:group/project.git",
    "systemctl restart getty@tty1.service user@1000.service",
    "<img src=\"logo@2x.png\" width=\"128\"> background: url(icon@3x.webp)",
    "HTTP/1.1 200 OK\r\nContent-Length: 12345678\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT",
    "The API key must begin with sk- or AIza; yours does not.",
    "Set the header Authorization: Bearer <token>, or x-api-key: <key>.",
    "Use password=<your password> and api_key=$API_KEY, token=${TOKEN}.",
    "See RFC 2818, section 3.1, and RFC 6125 (pages 12-15).",
    "Call us between 9:00 and 17:00, or write to the office.",
    "1. one 2. two 3. three 4. four 5. five 6. six 7. seven",
    "12 34 56 78 90 12 34 56 78 90 12 34 56 78 90",
    "score 3-2, 21-19, 15-21, 11-9; seasons 2019-2020, 2020-2021",
    "SELECT * FROM t WHERE id IN (100001, 100002, 100003) LIMIT 50;",
    "-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAK\n-----END PUBLIC KEY-----",
    "A file that begins with -----BEGIN PRIVATE KEY----- is a key in PEM.",
    "The IBAN of Germany begins with DE and has 22 characters: DE00 0000 0000 0000 0000 00.",
    "GB29 is how some begin; FR7630006000011234567890188 is one with a wrong end.",
    "0800 is free, 110 and 112 are for emergencies, 911 elsewhere.",
    "The mask is 255.255.255.0.1 and the version 10.15.7.3.2.",
    "https://example.com/a/b/c?page=2&limit=100&sort=-created#top",
    "Er wohnt in 10115 Berlin, sie in 75001 Paris, beide seit 1999.",
    "transition: all .2s ease-in-out; margin: 0 10px 20px 30px;",
    "sk-SK, sk_SK and sk are locales; desk-lamp, task-force and risk-free are words.",
    "max_tokens: 4096, tokens: 1234567890, token_count=99999999",
    "{\"usage\":{\"prompt_tokens\":1234,\"completion_tokens\":5678,\"total_tokens\":6912}}",
    "{\"created\":1700000000,\"id\":\"chatcmpl-123\",\"system_fingerprint\":\"fp_44709d6fcb\"}",
    "x = 3.14159265358979323846; y = 2.71828182845904523536; z = 6.02214076e23",
    "ratio 16:9, 4:3, 21:9; Gen 1:1-2:3; a:b:c; 1:2:3:4:5:6:7:8",
    "Ports 8080:80, 443:8443; slices [1:2, ::3, ::-1]; emoji :smile::tada:",
    "0123456789 and 9876543210 and 1234567890123456 are made up.",
    "The bearer of good news; basic responsibilities; a token of appreciation.",
    "secret: it is a secret. Secrets are secret, keys are keys.",
    "Sent from (0,0) to (100,200) at (12, 34, 56) in (1990-2024).",
    "8.8.x.x, 10.0.0.x and 1.2.3 are no hosts.",
    "+++ b/file.c\n@@ -1,7 +1,8 @@ static int\n-12345678\n+12345679",
};

static void
make_opaque(struct maker *m, const char **name)
{
    switch (below(m, 6)) {
    case 0:
        *name = "base64 image";
        put(m, "data:image/png;base64,iVBORw0KGgo");
        draw(m, BASE64, 400);
        put(m, "==");
        break;
    case 1:
        *name = "base64 signature";
        put(m, "\"signature\":\"Er");
        draw(m, BASE64, 300);
        put(m, "\"");
        break;
    case 2:
        *name = "hex";
        draw(m, HEX, 200);
        break;
    case 3:
        *name = "digits";
        draw(m, "123456789", 1);
        draw(m, DIGITS, 29);
        break;
    case 4:
        *name = "card with a wrong digit";
        make_card(m, 1 + below(m, 9));
        break;
    default:
        *name = "account with a wrong digit";
        make_iban(m, 1 + below(m, 90));
        break;
    }
}

const char *
redact_set_negative(struct redact_sample *s, unsigned i)
{
    static const char *const around[][2] = {
        { "", "" },     { "It is ", ", they say." }, { "{\"v\":\"", "\"}" }, { "(", ")" },
        { "\n", "\n" },
    };
    struct maker m = { { i ^ 0x5eed0000u }, &s->text };
    const char *name = "line";
    unsigned k = i / 3;
    buf_clear(&s->text);
    put(&m, around[k % COUNT(around)][0]);
    if (i % 3 == 0) {
        make_opaque(&m, &name);
    } else if (i % 30 == 1) {
        put(&m, lines[i / 30 % COUNT(lines)]);
    } else {
        name = forms[k % COUNT(forms)].name;
        fill(&m, forms[k % COUNT(forms)].form);
    }
    put(&m, around[k % COUNT(around)][1]);
    return name;
}
