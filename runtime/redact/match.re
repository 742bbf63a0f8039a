/* The DFA.  It knows forms; check.c knows the rest.  No pattern is unbounded, but for addresses, which the `@` in the
 * middle keeps from being read twice.  Entered at words (as there are many of those, what is an address is not tried
 * there), at numbers, or at addresses. */
#include "runtime/redact/match.h"

#define HIT(r, c, count)                                       \
    do {                                                       \
        v->starved |= starved && n == v->n;                    \
        v->steps += i - at;                                    \
        return (struct redact_form){ (r), i - at, (c), (count) }; \
    } while (0)
#define NUMBER(r) HIT(r, CLASS_NONE, 0)

/*!conditions:re2c*/

struct redact_form
redact_match_at(struct redact_view *v, enum redact_start start, size_t at, size_t most)
{
    const unsigned char *p = (const unsigned char *)v->p;
    size_t n = v->n - at > most ? at + most : v->n;
    size_t i = at, marker = at;
    bool starved = false; /* n was reached, which may be the end of the view */
    enum YYCONDTYPE state = start == START_WORD ? yycword : start == START_NUMBER ? yycnumber : yycaddress;
    /*!re2c
        re2c:api = custom;
        re2c:api:style = free-form;
        re2c:define:YYCTYPE = "unsigned char";
        re2c:define:YYPEEK = "(i < n ? p[i] : (starved = true, 0))";
        re2c:define:YYSKIP = "i++;";
        re2c:define:YYBACKUP = "marker = i;";
        re2c:define:YYRESTORE = "i = marker;";
        re2c:define:YYGETCONDITION = "state";
        re2c:define:YYSETCONDITION = "";
        re2c:yyfill:enable = 0;

        A = [A-Za-z0-9];
        quote = ["'] | "\\" ["'];
        S = quote? [ \t]* ("=" | ":" | ":=" | "=>" | '%3d') [ \t]* quote?;
        D = [0-9];
        H = [0-9a-fA-F];

        !include "redact/secrets.re";

        label = [A-Za-z0-9\-]+;
        <address> [A-Za-z0-9._%+\-]+ "@" (label ".")+ ([A-Za-z]{2,24} | 'xn--' label) { NUMBER(RULE_EMAIL); }

        sep = [ .\-];
        gap = " "? "(" | ")" [ \-]? | [ .\-/];
        <number> D{12} D* { NUMBER(RULE_CARD); }
        <number> D{4} ([ \-] D{4}){3} ([ \-] D{1,3})? | D{4} [ \-] D{6} [ \-] D{4,5} { NUMBER(RULE_CARD); }
        <number> D{3} [ \-] D{2} [ \-] D{4} { NUMBER(RULE_SSN_DASHED); }
        <number> "+" [1-9] (gap? D){6} { NUMBER(RULE_PHONE_PLUS); }
        <number> ("1" sep?)? ("(" [2-9] D{2} ")" " "? | [2-9] D{2} sep) D{3} sep D{4} { NUMBER(RULE_PHONE_NORTH); }
        <number> "1" [3-9] D sep D{4} sep D{4} { NUMBER(RULE_PHONE_NORTH); }
        <number> "0" [1-9] D* ([ .\-/] D D+){1,4} { NUMBER(RULE_PHONE_TRUNK); }
        <number> "(" D{2,5} ")" [ \-]? D{3,5} ([ \-]? D{2,5}){1,2} { NUMBER(RULE_PHONE_PAREN); }
        <number> D{1,3} "." D{1,3} "." D{1,3} "." D{1,3} { NUMBER(RULE_IPV4); }
        <number> H{0,4} ":" H{0,4} ":" { NUMBER(RULE_IPV6); }

        <*> * { NUMBER(RULE_NONE); }
    */
}
