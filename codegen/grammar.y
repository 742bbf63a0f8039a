/* The spec language.
 *
 * Read from top to bottom: three kinds of files, then what stands in each of them, down to paths
 * and constants. Every statement ends with END, which the lexer makes from newlines, ';' and '}'; a
 * list of statements goes on after a faulty one (`error END`), so that all errors of a file come
 * out at once.  For that a '}' must complete a rule: else the parser would look for the faulty
 * statement inside the block that was just closed.
 *
 * Names may be keywords everywhere (%fallback); at the beginning of a statement the lexer decides,
 * see lex.h. The actions only build nodes; what they mean is checked later. */

%name           spec_parser
%token_prefix   TOK_
%token_type     { struct token }
%extra_context  { struct build *b }
%stack_size     500
%default_type   { struct word }

%include {
#include "codegen/build.h"
#include "codegen/parser.h"

#include <stdio.h>
#include <string.h>

void spec_parserInit(void *parser, struct build *b);
void spec_parserFinalize(void *parser);
void spec_parserTrace(FILE *file, char *prompt);
int spec_parserFallback(int token);

/* lemon's template names things that this grammar has no use for. */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-variable"
}

%parse_failure  { b->failed = true; }
%stack_overflow { build_overflow(b); }

%token BAD.     // made by the lexer, wanted nowhere

%fallback NAME
    IR DIALECT EXTEND PROVIDER ENUM RECORD UNION EVENTS OBJECT LIST TABLE STREAM POST GET DELETE POLICY HEADER
    SENDS RETURNS STREAMS STREAMED FAILS PASSES COSTS USUAL DROP OMIT REMOVE REFUSE IGNORE REST WITH FIRST EACH CHOICES
    ORDER ANYWHERE FINAL SKIP NONE BY PATCH ITEMS UNTIL MEMBER FRAME GROWS ELSE MAX MIN SLOT LAST REQUIRED
    ADDS TRY APART AS JOINS IN.

file ::= ir.
file ::= dialect.
file ::= provider.

/* The canonical model: specs/ir.spec. */

// ir 1
ir ::= ir_head.
ir ::= ir ir_decl END.
ir ::= ir error END.
ir_head ::= IR NUMBER(N) END.           { build_file(b, FILE_IR, N.word, (struct word){ 0 }); }

ir_decl ::= enum(D).                            { build_add_decl(b, D); }
ir_decl ::= record(D).                          { build_add_decl(b, D); }
ir_decl ::= model_union(D).                     { build_add_decl(b, D); }
ir_decl ::= events(D).                          { build_add_decl(b, D); }
ir_decl ::= policy(D).                          { build_add_decl(b, D); }

%type enum          { struct ast_decl * }
%type record        { struct ast_decl * }
%type model_union   { struct ast_decl * }
%type events        { struct ast_decl * }
%type policy        { struct ast_decl * }

// enum Fault { invalid, rate retry }           values with flags, on one line or several
enum(D) ::= ENUM(K) name(N) LBRACE enum_values(V) RBRACE. {
    D = build_decl(b, DECL_ENUM, build_span(K.word.pos, N.pos), N);
    D->values = V;
}
%type enum_values   { struct ast_enum_values }
%type enum_value    { struct ast_enum_value }
enum_values(A) ::= .                            { memset(&A, 0, sizeof A); }
enum_values(A) ::= enum_values(A) enum_value(V) COMMA.  { BUILD_PUSH(b, &A, V); }
enum_values(A) ::= enum_values(A) enum_value(V) END.    { BUILD_PUSH(b, &A, V); }
enum_values(A) ::= enum_values(A) error END.
enum_value(A) ::= name(N).                      { A = (struct ast_enum_value){ .name = N }; }
enum_value(A) ::= enum_value(A) name(F).        { BUILD_PUSH(b, &A.flags, F); }

// record Turn { role : Role!; blocks : [Block]! }
record(D) ::= RECORD(K) name(N) LBRACE fields(F) RBRACE. {
    D = build_decl(b, DECL_RECORD, build_span(K.word.pos, N.pos), N);
    D->fields = F;
}
%type fields        { struct ast_fields }
%type field         { struct ast_field }
%type type          { struct ast_type }
%type bare_type     { struct ast_type }
fields(A) ::= .                                 { memset(&A, 0, sizeof A); }
fields(A) ::= fields(A) field(F) END.           { BUILD_PUSH(b, &A, F); }
fields(A) ::= fields(A) error END.
field(A) ::= name(N) COLON type(T).             { A = (struct ast_field){ N, T }; }

// string    Block!    [Turn]!                  `!` is for what is always present
type(A) ::= bare_type(A).
type(A) ::= bare_type(A) BANG.                  { A.always = true; }
bare_type(A) ::= name(N).                       { A = (struct ast_type){ .name = N }; }
bare_type(A) ::= LBRACKET name(N) RBRACKET.    { A = (struct ast_type){ .name = N, .list = true }; }

// union Source { cache : Cache; url { url : string! } }        common fields, then cases
model_union(D) ::= UNION(K) name(N) LBRACE model_cases(C) RBRACE. {
    D = C;
    build_head(D, DECL_MODEL_UNION, build_span(K.word.pos, N.pos), N);
}
%type model_cases   { struct ast_decl * }
model_cases(A) ::= .                            { A = build_decl_body(b); }
model_cases(A) ::= model_cases(A) field(F) END. { BUILD_PUSH(b, &A->fields, F); }
model_cases(A) ::= model_cases(A) model_case(C) END. { BUILD_PUSH(b, &A->cases, C); }
model_cases(A) ::= model_cases(A) error END.
%type model_case    { struct ast_case }
model_case(A) ::= name(N) LBRACE fields(F) RBRACE. { A = (struct ast_case){ N, F }; }

// events Reply { open(choice, index); end(); order { begin end }; anywhere beat; final fail }
events(D) ::= EVENTS(K) name(N) LBRACE event_list(L) RBRACE. {
    D = L;
    build_head(D, DECL_EVENTS, build_span(K.word.pos, N.pos), N);
}
%type event_list    { struct ast_decl * }
event_list(A) ::= .                             { A = build_decl_body(b); }
event_list(A) ::= event_list(A) name(N) LPAREN params(P) RPAREN END. {
    BUILD_PUSH(b, &A->events, (struct ast_event){ N, P });
}
event_list(A) ::= event_list(A) ordering(O) END. { build_ordering(b, &A->order, &O); }
event_list(A) ::= event_list(A) error END.
%type params        { struct words }
params(A) ::= .                                 { memset(&A, 0, sizeof A); }
params(A) ::= names(A).

// policy empty_text { keep, drop }     policy max_output : number { keep }      the first is the default
policy(D) ::= POLICY(K) name(N) LBRACE enum_values(V) RBRACE. {
    D = build_decl(b, DECL_POLICY, build_span(K.word.pos, N.pos), N);
    D->values = V;
}
policy(D) ::= POLICY(K) name(N) COLON name(T) LBRACE enum_values(V) RBRACE. {
    D = build_decl(b, DECL_POLICY, build_span(K.word.pos, N.pos), N);
    D->takes = T;
    D->values = V;
}

/* The order of a stream's events, in the model and on the wire. */

// order { begin (open grow* close)* finish+ end }    anywhere ping    final error    skip begin
%type ordering      { struct build_ordering }
ordering(A) ::= ORDER(K) LBRACE choice(R) RBRACE. {
    A = (struct build_ordering){ .kind = ORDERING_ORDER, .at = K.word.pos, .regex = R };
}
ordering(A) ::= ORDER(K) LBRACE RBRACE. {
    A = (struct build_ordering){ .kind = ORDERING_ORDER, .at = K.word.pos };
}
ordering(A) ::= ORDER(K) LBRACE faulty RBRACE. {
    A = (struct build_ordering){ .kind = ORDERING_FAULTY, .at = K.word.pos };
}
faulty ::= error END.
faulty ::= faulty repeated.
faulty ::= faulty PIPE.
faulty ::= faulty END.
ordering(A) ::= ANYWHERE(K) event_names(N). {
    A = (struct build_ordering){ .kind = ORDERING_ANYWHERE, .at = K.word.pos, .names = N };
}
ordering(A) ::= FINAL(K) event_names(N). {
    A = (struct build_ordering){ .kind = ORDERING_FINAL, .at = K.word.pos, .names = N };
}
ordering(A) ::= SKIP(K) event_names(N). {
    A = (struct build_ordering){ .kind = ORDERING_SKIP, .at = K.word.pos, .names = N };
}

// a b      one after the other; newlines between them mean nothing, except in brackets left open
// a | b    either         a*  a+  a?  (a b)
%type choice        { struct ast_regex * }
%type run           { struct ast_regex * }
%type regex         { struct ast_regex * }
%type sequence      { struct ast_regex * }
%type repeated      { struct ast_regex * }
%type event_name    { struct word }
%type event_names   { struct words }
choice(A) ::= run(A).
choice(A) ::= choice(L) PIPE run(R).            { A = build_regex(b, REGEX_ALT, L, R); }
run(A) ::= repeated(A).
run(A) ::= run(L) repeated(R).                  { A = build_regex(b, REGEX_SEQ, L, R); }
run(A) ::= run(A) END.
regex(A) ::= sequence(A).
regex(A) ::= regex(L) PIPE sequence(R).         { A = build_regex(b, REGEX_ALT, L, R); }
sequence(A) ::= repeated(A).
sequence(A) ::= sequence(L) repeated(R).        { A = build_regex(b, REGEX_SEQ, L, R); }
repeated(A) ::= event_name(N).                  { A = build_regex_name(b, N); }
event_name(A) ::= name(A).
event_name(A) ::= STRING(S).                    { A = S.word; }
event_names(A) ::= event_name(N).               { memset(&A, 0, sizeof A); BUILD_PUSH(b, &A, N); }
event_names(A) ::= event_names(A) COMMA event_name(N). { BUILD_PUSH(b, &A, N); }
repeated(A) ::= LPAREN regex(R) RPAREN.         { A = R; }
repeated(A) ::= repeated(R) STAR.               { A = build_regex(b, REGEX_STAR, R, NULL); }
repeated(A) ::= repeated(R) PLUS.               { A = build_regex(b, REGEX_PLUS, R, NULL); }
repeated(A) ::= repeated(R) QUESTION.           { A = build_regex(b, REGEX_OPT, R, NULL); }

/* A dialect: specs/VENDOR/DIALECT.spec. */

// dialect openai.chat
dialect ::= dialect_head.
dialect ::= dialect dialect_item END.
dialect ::= dialect error END.
dialect_head ::= DIALECT dotted(N) END.   { build_file(b, FILE_DIALECT, N, (struct word){ 0 }); }
// extend openai.chat                   more of a dialect that another file begins
dialect_head ::= EXTEND dotted(N) END.  { build_file(b, FILE_EXTENSION, N, (struct word){ 0 }); }

dialect_item ::= setting.
dialect_item ::= operation.
dialect_item ::= decl(D).                       { build_add_decl(b, D); }

// version "2023-06-01"     auth header "x-api-key" | bearer     models "gpt-*", "o1*"
setting ::= name(N) values(V).                  { build_setting(b, N, V, (struct words){ 0 }); }
// policy thinking = adaptive "claude-opus-4-6*", "claude-fable-5*"     the globs name models
setting ::= POLICY(K) name(N) EQ value(V). {
    build_policy(b, K.word, N, V, (struct words){ 0 });
}
setting ::= POLICY(K) name(N) EQ value(V) strings(G). { build_policy(b, K.word, N, V, G); }

%type values        { struct words }
values(A) ::= value(V).                         { memset(&A, 0, sizeof A); BUILD_PUSH(b, &A, V); }
values(A) ::= values(A) value(V).               { BUILD_PUSH(b, &A, V); }
values(A) ::= values(A) COMMA value(V).         { BUILD_PUSH(b, &A, V); }
values(A) ::= values(A) PIPE(P) value(V).       { BUILD_PUSH(b, &A, P.word); BUILD_PUSH(b, &A, V); }
value(A) ::= name(A).
value(A) ::= STRING(S).                         { A = S.word; }
value(A) ::= NUMBER(N).                         { A = N.word; }

// post chat "/messages" { header "n" = "v"; sends a; returns b; streams c; fails d by "error" }
operation ::= POST(K) STRING(P) LBRACE members(M) RBRACE. {
    build_add_operation(b, M, K, (struct word){ STR("chat"), K.word.pos }, P.word);
}
operation ::= method(K) name(N) STRING(P) LBRACE members(M) RBRACE. {
    build_add_operation(b, M, K, N, P.word);
}
// get stored "/messages/{id}" { passes }     what is asked for without a body
%type method        { struct token }
method(A) ::= POST(K).                          { A = K; }
method(A) ::= GET(K).                           { A = K; }
method(A) ::= DELETE(K).                        { A = K; }
%type members       { struct ast_operation * }
members(A) ::= .                                { A = build_operation(b); }
members(A) ::= members(A) header(R) END(E).     { build_add_row(b, &A->headers, R, E); }
members(A) ::= members(A) SENDS(K) name(N) END. { build_word(b, &A->sends, K, N); }
members(A) ::= members(A) RETURNS(K) name(N) END. { build_word(b, &A->returns, K, N); }
members(A) ::= members(A) STREAMS(K) name(N) END. { build_word(b, &A->streams, K, N); }
// streams events in "chunk.bytes"     frames of this name hold the events, in base64, in this member
members(A) ::= members(A) STREAMS(K) name(N) IN STRING(S) END. {
    build_word(b, &A->streams, K, N);
    A->wrapped = S.word;
}
// streamed "/chat/stream"     where streams are asked for     streamed "/chat/stream" as array
members(A) ::= members(A) STREAMED STRING(P) END. {
    BUILD_PUSH(b, &A->streamed, ((struct ast_streamed){ .path = P.word }));
}
members(A) ::= members(A) STREAMED STRING(P) AS name(F) END. {
    BUILD_PUSH(b, &A->streamed, ((struct ast_streamed){ .path = P.word, .framing = F }));
}
members(A) ::= members(A) FAILS(K) name(N) END. { build_word(b, &A->fails, K, N); }
members(A) ::= members(A) FAILS(K) name(N) BY STRING(S) END. {
    build_word(b, &A->fails, K, N);
    A->fails_member = S.word;
}
// passes: bodies go through as they are
members(A) ::= members(A) PASSES(K) END.        { build_word(b, &A->passes, K, K.word); }
// costs bill by "usage"     what a reply that passes has cost stands in this member
members(A) ::= members(A) COSTS(K) name(N) BY STRING(S) END. {
    build_word(b, &A->costs, K, N);
    A->costs_member = S.word;
}
// usual "acme-1"     the model that a request means which names none
members(A) ::= members(A) USUAL(K) STRING(S) END. { build_word(b, &A->usual, K, S.word); }
members(A) ::= members(A) error END.

%type decl          { struct ast_decl * }
%type head          { struct build_head }
head(A) ::= name(N) BOTH path(P).               { A = (struct build_head){ N, P }; }

// object message <-> Turn { role <-> role : role; rest keep }
decl(D) ::= OBJECT(K) head(H) LBRACE rows(R) RBRACE. {
    D = build_wire_decl(b, build_decl_body(b), DECL_OBJECT, K, H);
    D->rows = R;
}
// union source <-> Source by type { "url" <-> url { url <-> url } }    by: the tag's member
decl(D) ::= UNION(K) head(H) BY name(M) LBRACE cases(C) RBRACE. {
    D = build_wire_decl(b, C, DECL_UNION, K, H);
    D->by = M;
}
// union part <-> Block by member { "text" <-> text { text <-> text } }     the tags name members
decl(D) ::= UNION(K) head(H) BY MEMBER LBRACE cases(C) RBRACE. {
    D = build_wire_decl(b, C, DECL_UNION, K, H);
    D->by_member = true;
}
// list messages <-> Request by role { "user" <-> turns.user { content <-> blocks : [part] } }
decl(D) ::= LIST(K) head(H) BY name(M) LBRACE cases(C) RBRACE. {
    D = build_wire_decl(b, C, DECL_LIST, K, H);
    D->by = M;
}
// list input <-> Request by role, type { "user" <-> turns.user { }; type "call" <-> turns.user.call { } }
decl(D) ::= LIST(K) head(H) BY name(M) COMMA name(N) LBRACE cases(C) RBRACE. {
    D = build_wire_decl(b, C, DECL_LIST, K, H);
    D->by = M;
    D->or_by = N;
}
// stream events <-> Reply by type { "ping" <-> beat; order { ping }; final error }
decl(D) ::= STREAM(K) head(H) BY name(M) LBRACE cases(C) RBRACE. {
    D = build_wire_decl(b, C, DECL_STREAM, K, H);
    D->by = M;
}
// stream events <-> Reply items by type { each { n <- count }; "item.done" <-> close { item <-> block : items } }
decl(D) ::= STREAM(K) head(H) ITEMS BY name(M) LBRACE cases(C) RBRACE. {
    D = build_wire_decl(b, C, DECL_STREAM, K, H);
    D->items = true;
    D->by = M;
}
// stream events <-> Reply by frame { "ping" <-> beat }     the tag is the name that the framing gives
decl(D) ::= STREAM(K) head(H) BY FRAME LBRACE cases(C) RBRACE. {
    D = build_wire_decl(b, C, DECL_STREAM, K, H);
    D->by_frame = true;
}
// stream events <-> Reply by type until "[DONE]" { ... }
decl(D) ::= STREAM(K) head(H) BY name(M) UNTIL STRING(S) LBRACE cases(C) RBRACE. {
    D = build_wire_decl(b, C, DECL_STREAM, K, H);
    D->by = M;
    D->until = S.word;
}
// stream chunks <-> Reply patch until "[DONE]" { each { id <-> id }; usage <-> usage : usage slot }
decl(D) ::= STREAM(K) head(H) PATCH LBRACE rows(R) RBRACE. {
    D = build_wire_decl(b, build_decl_body(b), DECL_STREAM, K, H);
    D->patch = true;
    D->rows = R;
}
decl(D) ::= STREAM(K) head(H) PATCH UNTIL STRING(S) LBRACE rows(R) RBRACE. {
    D = build_wire_decl(b, build_decl_body(b), DECL_STREAM, K, H);
    D->patch = true;
    D->until = S.word;
    D->rows = R;
}
// table stop <-> Stop { "end_turn" <-> end; "a", "b" 400 <-> x; * -> other }    400: HTTP status
decl(D) ::= TABLE(K) head(H) LBRACE table(T) RBRACE. {
    D = build_wire_decl(b, build_decl_body(b), DECL_TABLE, K, H);
    D->table = T;
}

// What stands in a union, list or stream: common rows, cases and the order.
%type cases         { struct ast_decl * }
%type case          { struct ast_tag_case }
cases(A) ::= .                                  { A = build_decl_body(b); }
cases(A) ::= cases(A) row(R) END(E).            { build_add_row(b, &A->rows, R, E); }
cases(A) ::= cases(A) case(C) END(E).           { build_add_case(b, &A->tag_cases, C, E); }
cases(A) ::= cases(A) ordering(O) END.          { build_ordering(b, &A->order, &O); }
cases(A) ::= cases(A) error END.

// "text", "input" <-> text { text <-> text }    "ping" <-> beat    "system" <-> a | turns.system
case(A) ::= bare_case(A).
case(A) ::= bare_case(A) block(R).              { A.rows = R; }
%type bare_case     { struct ast_tag_case }
bare_case(A) ::= tags(T) arrow(X) targets(M).   { A = build_case(T, X, M); }
// * <-> fail by exception { message <-> error.message }      a frame that fails; its name is a word of the table
bare_case(A) ::= tags(T) arrow(X) targets(M) BY name(N). {
    A = build_case(T, X, M);
    A.by = N;
}
// "cited" <-> text with citations                  written when the field says something
bare_case(A) ::= tags(T) arrow(X) targets(M) WITH path(P). {
    A = build_case(T, X, M);
    A.has = P;
}
// "functionDeclarations" <-> function : [function]     one element of the wire holds many of the model
bare_case(A) ::= tags(T) arrow(X) targets(M) COLON LBRACKET name(N) RBRACKET. {
    A = build_case(T, X, M);
    A.spread = true;
    A.many = (struct ast_form){ .kind = FORM_LIST, .name = N };
}
// "text" with thought = true <-> thinking          in a union by member
bare_case(A) ::= tags(T) WITH path(P) EQ const(C) arrow(X) targets(M). {
    A = build_case(T, X, M);
    A.when = P;
    A.is = C;
}
// type "call" <-> turns.assistant.call { }     the member that has the tag, where there are two
bare_case(A) ::= name(N) tags(T) arrow(X) targets(M). {
    A = build_case(T, X, M);
    A.member = N;
}
// none: the tag member is missing     *: any other tag
%type tags          { struct build_keys }
%type tag           { struct build_keys }
tags(A) ::= tag(A).
tags(A) ::= tags(A) COMMA tag(T).               { build_more_keys(b, &A, T); }
tag(A) ::= STRING(S).                           { A = build_key(b, S); }
tag(A) ::= NONE(N).                             { A = build_key(b, N); A.none = true; }
tag(A) ::= STAR(S).                             { A = build_key(b, S); A.any = true; }
%type targets       { struct ast_paths }
targets(A) ::= path(P).                         { memset(&A, 0, sizeof A); BUILD_PUSH(b, &A, P); }
targets(A) ::= targets(A) PIPE path(P).         { BUILD_PUSH(b, &A, P); }

%type table         { struct ast_table_rows }
%type table_row     { struct ast_table_row }
table(A) ::= .                                  { memset(&A, 0, sizeof A); }
table(A) ::= table(A) table_row(R) END(E).      { build_add_table_row(b, &A, R, E); }
table(A) ::= table(A) error END.
// true <-> "summarized"
table_row(A) ::= NAME(K) arrow(X) table_value(V). {
    A = build_table_row(build_truth(b, K), (struct word){ 0 }, X, V);
}
table_row(A) ::= keys(K) arrow(X) table_value(V). {
    A = build_table_row(K, (struct word){ 0 }, X, V);
}
table_row(A) ::= keys(K) NUMBER(S) arrow(X) table_value(V). {
    A = build_table_row(K, S.word, X, V);
}
table_value(A) ::= name(A).
table_value(A) ::= STRING(S).                   { A = S.word; }
%type keys          { struct build_keys }
%type key           { struct build_keys }
keys(A) ::= key(A).
keys(A) ::= keys(A) COMMA key(K).               { build_more_keys(b, &A, K); }
// 1    true: a word of the wire that is no string
key(A) ::= NUMBER(S).                           { A = build_key(b, S); }
key(A) ::= STRING(S).                           { A = build_key(b, S); }
key(A) ::= STAR(S).                             { A = build_key(b, S); A.any = true; }

/* A provider: specs/providers/NAME.spec. */

// provider groq : openai.chat { base "https://..."; request { drop logprobs } }
provider ::= provider_head provider_body END.
provider_body ::= LBRACE provider_items RBRACE.
provider_head ::= PROVIDER dotted(N) COLON dotted(P). { build_file(b, FILE_PROVIDER, N, P); }
// dialect mistral.chat : openai.chat { ... }    written like a provider, but a family of its own
provider_head ::= DIALECT dotted(N) COLON dotted(P). { build_file(b, FILE_DIALECT, N, P); }
provider_items ::= .
provider_items ::= provider_items provider_item END.
provider_items ::= provider_items error END.

// What a dialect may say, and amendments: something inherited, and what to add to it or replace.
provider_item ::= setting.
provider_item ::= operation.
// remove embeddings, images            inherited operations that this provider does not have
provider_item ::= REMOVE names(N).              { build_removed(b, N); }
provider_item ::= decl(D).                      { build_add_decl(b, D); }
provider_item ::= name(N) LBRACE changes(C) RBRACE. {
    build_head(C, DECL_AMEND, N.pos, N);
    build_add_decl(b, C);
}
// request { max_tokens <-> max_output; remove user }    stop { "eos" -> end }
%type changes       { struct ast_decl * }
%type change        { struct build_change }
changes(A) ::= .                                { A = build_decl_body(b); }
changes(A) ::= changes(A) row(R) END(E).        { build_add_row(b, &A->rows, R, E); }
changes(A) ::= changes(A) change(C) END(E).     { build_add_change(b, A, &C, E); }
changes(A) ::= changes(A) ordering(O) END.      { build_ordering(b, &A->order, &O); }
changes(A) ::= changes(A) error END.
change(A) ::= change_keys(K) arrow(X) targets(M). {
    A = (struct build_change){ .keys = K, .arrow = X, .model = M };
}
change(A) ::= change_keys(K) arrow(X) targets(M) block(R). {
    A = (struct build_change){ .keys = K, .arrow = X, .model = M, .block = true, .rows = R };
}
change(A) ::= change_keys(K) arrow(X) STRING(S). {
    A = (struct build_change){ .keys = K, .arrow = X, .value = S.word };
}
change(A) ::= change_keys(K) NUMBER(S) arrow(X) table_value(V). {
    A = (struct build_change){ .keys = K, .status = S.word, .arrow = X, .value = V };
}
change(A) ::= change_keys(K) WITH path(P) EQ const(C) arrow(X) targets(M). {
    A = (struct build_change){ .keys = K, .when = P, .is = C, .arrow = X, .model = M };
}
change(A) ::= change_keys(K) WITH path(P) EQ const(C) arrow(X) targets(M) block(R). {
    A = (struct build_change){
        .keys = K, .when = P, .is = C, .arrow = X, .model = M, .block = true, .rows = R
    };
}
%type change_keys   { struct build_keys }
%type change_key    { struct build_keys }
change_keys(A) ::= change_key(A).
change_keys(A) ::= change_keys(A) COMMA change_key(K). { build_more_keys(b, &A, K); }
change_key(A) ::= key(A).
change_key(A) ::= NONE(N).                      { A = build_key(b, N); A.none = true; }

/* Rows: one fact each, the wire on the left, the model on the right. */

%type block         { struct ast_rows }
%type rows          { struct ast_rows }
%type row           { struct ast_row * }
block(A) ::= LBRACE rows(R) RBRACE.             { A = R; }
rows(A) ::= .                                   { memset(&A, 0, sizeof A); }
rows(A) ::= rows(A) row(R) END(E).              { build_add_row(b, &A, R, E); }
rows(A) ::= rows(A) error END.

row(A) ::= mapped(A).
row(A) ::= header(A).
// type = "function"
row(A) ::= wire(W) EQ const(C).                 { A = build_const_row(b, W, C); }
// status = "completed" else "in_progress"      another one while the item is open
row(A) ::= wire(W) EQ const(C) ELSE const(D). {
    A = build_const_row(b, W, C);
    A->otherwise = D;
}
// drop logprobs, sampling.seed         what this API cannot say; it is listed as lost
row(A) ::= DROP(K) wire(M).         { A = build_row(b, ROW_DROP, K.word.pos); A->model = M; }
// omit id                              not written, and no loss
row(A) ::= OMIT(K) wire(M). {
    A = build_row(b, ROW_DROP, K.word.pos);
    A->model = M;
    A->word = K.word;
}
// remove user                          takes an inherited row away
row(A) ::= REMOVE(K) wire(W).       { A = build_row(b, ROW_REMOVE, K.word.pos); A->wire = W; }
// ignore padding, echo                 members that say nothing to anybody
row(A) ::= IGNORE(K) wire(W).       { A = build_row(b, ROW_IGNORE, K.word.pos); A->wire = W; }
// refuse previous_response_id          a member that may not get lost
row(A) ::= REFUSE(K) wire(W).       { A = build_row(b, ROW_REFUSE, K.word.pos); A->wire = W; }
// refuse thread as "thread_unsupported"        ... and the error's code
row(A) ::= REFUSE(K) wire(W) AS STRING(S). {
    A = build_row(b, ROW_REFUSE, K.word.pos);
    A->wire = W;
    A->word = S.word;
}
// rest keep                            unknown members
row(A) ::= REST(K) name(W).         { A = build_row(b, ROW_REST, K.word.pos); A->word = W; }
// with mode = named                    what the wire need not say
row(A) ::= WITH(K) path(M) EQ const(C). {
    A = build_row(b, ROW_WITH, K.word.pos);
    BUILD_PUSH(b, &A->model, M);
    A->constant = C;
}
// first { a <-> x; b -> x }            the first that is there is read
row(A) ::= FIRST(K) block(R).                   { A = build_block_row(b, ROW_FIRST, K, R); }
// each { id <-> id }                   in every chunk of a patch stream
row(A) ::= EACH(K) block(R).                    { A = build_block_row(b, ROW_EACH, K, R); }
// choices choices <-> choice by index { finish_reason <-> stop : stop }
// choices { content <-> blocks : [part] }      the frame itself is a patch to the only candidate
row(A) ::= CHOICES(K) block(R).     { A = build_block_row(b, ROW_CHOICES, K, R); }
row(A) ::= CHOICES(K) path(W) arrow(X) path(M) BY name(I) block(R). {
    A = build_block_row(b, ROW_CHOICES, K, R);
    BUILD_PUSH(b, &A->wire, W);
    A->arrow = X;
    BUILD_PUSH(b, &A->model, M);
    A->by = I;
}

// header "retry-after" <-> retry_after : seconds       header "anthropic-version" = "2023-06-01"
%type header        { struct ast_row * }
%type header_map    { struct ast_row * }
header(A) ::= header_map(A).
header(A) ::= header_map(A) COLON forms(F).     { A->forms = F; }
header(A) ::= HEADER(K) STRING(N) EQ const(C). {
    A = build_row(b, ROW_HEADER, K.word.pos);
    A->header = N.word;
    A->constant = C;
}
header_map(A) ::= HEADER(K) STRING(N) arrow(X) path(M). {
    A = build_row(b, ROW_HEADER, K.word.pos);
    A->header = N.word;
    A->arrow = X;
    BUILD_PUSH(b, &A->model, M);
}

// max_tokens, n <-> max_output         both are read, the first is written
// total <- input + output              a sum
// content <-> blocks : [block] | string as text        forms; then, in any order, the modifiers
%type mapped        { struct ast_row * }
%type bare_map      { struct ast_row * }
mapped(A) ::= bare_map(A).
mapped(A) ::= bare_map(A) COLON forms(F).       { A->forms = F; }
// else null                            what a missing value means, in either direction
mapped(A) ::= mapped(A) ELSE(K) const(C).       { build_else(b, A, K, C); }
// max 1, min 16                        a clamp
mapped(A) ::= mapped(A) MAX(K) NUMBER(N).       { build_word(b, &A->max, K, N.word); }
mapped(A) ::= mapped(A) MIN(K) NUMBER(N).       { build_word(b, &A->min, K, N.word); }
// grows text_delta.text                the delta by which the field lengthens
mapped(A) ::= mapped(A) GROWS(K) path(P).       { build_grows(b, A, K, P); }
// slot: kept until it may be written   required: the provider refuses a request without it
mapped(A) ::= mapped(A) SLOT(F).                { BUILD_PUSH(b, &A->flags, F.word); }
// last: in the frame with the reason to stop
mapped(A) ::= mapped(A) LAST(F).                { BUILD_PUSH(b, &A->flags, F.word); }
mapped(A) ::= mapped(A) REQUIRED(F).            { BUILD_PUSH(b, &A->flags, F.word); }
mapped(A) ::= mapped(A) ADDS(F).                { BUILD_PUSH(b, &A->flags, F.word); }
mapped(A) ::= mapped(A) TRY(F).                 { BUILD_PUSH(b, &A->flags, F.word); }
// apart: in lists an element of its own, behind the one that it belongs to
mapped(A) ::= mapped(A) APART(F).               { BUILD_PUSH(b, &A->flags, F.word); }
// thinkingSchema <-> format.schema with format.mode = schema     sets it, and stands only for it
mapped(A) ::= mapped(A) WITH(K) path(P) EQ const(C). { build_with(b, A, K, P, C); }
bare_map(A) ::= wire(W) arrow(X) sum(M).        { A = build_map(b, W, X, M); }
bare_map(A) ::= wire(W) arrow(X) path(M) MINUS path(N). {
    struct ast_paths both = { NULL, 0, 0 };
    BUILD_PUSH(b, &both, M);
    BUILD_PUSH(b, &both, N);
    A = build_map(b, W, X, both);
    A->minus = true;
}

%type arrow         { enum arrow }
arrow(A) ::= BOTH.                              { A = ARROW_BOTH; }
arrow(A) ::= READ.                              { A = ARROW_READ; }
arrow(A) ::= WRITE.                             { A = ARROW_WRITE; }

%type wire          { struct ast_paths }
%type sum           { struct ast_paths }
wire(A) ::= path(P).                            { memset(&A, 0, sizeof A); BUILD_PUSH(b, &A, P); }
wire(A) ::= wire(A) COMMA path(P).              { BUILD_PUSH(b, &A, P); }
sum(A) ::= path(P).                             { memset(&A, 0, sizeof A); BUILD_PUSH(b, &A, P); }
sum(A) ::= sum(A) PLUS path(P).                 { BUILD_PUSH(b, &A, P); }

// [block] | string as text             told apart by their JSON kind
%type forms         { struct ast_forms }
%type form          { struct ast_form }
forms(A) ::= form(F).                           { memset(&A, 0, sizeof A); BUILD_PUSH(b, &A, F); }
forms(A) ::= forms(A) PIPE form(F).             { BUILD_PUSH(b, &A, F); }
form(A) ::= name(N).                            { A = build_form_name(FORM_NAME, N); }
form(A) ::= LBRACKET name(N) RBRACKET.          { A = build_form_name(FORM_LIST, N); }
// [string as text]: each string is an element of this case     [string as text | document]: or an object
form(A) ::= LBRACKET name(S) AS name(C) RBRACKET. {
    A = build_form(b, FORM_LIST, S, (struct word){ 0 }, "string");
    A.as = C;
}
form(A) ::= LBRACKET name(S) AS name(C) PIPE name(N) RBRACKET. {
    A = build_form(b, FORM_LIST, S, N, "string");
    A.as = C;
}
// string as text: one block of this case       string joins text: all of them, one after the other
// json as schema: an object that is this field of a record
// object as text: the same from the JSON text of an object
form(A) ::= name(S) AS name(N).     { A = build_form_as(b, S, N); }
form(A) ::= name(S) JOINS name(N).  { A = build_form(b, FORM_STRING_JOINS, S, N, "string"); }
// behind "models/": the string stands behind a fixed one
form(A) ::= name(W) STRING(P). {
    A = build_form(b, FORM_BEHIND, W, P.word, "behind");
}
// json in string: JSON text inside a string
// text in summary_text: an array of parts with this type
form(A) ::= name(J) IN name(S).                 { A = build_form_in(b, J, S); }
// {} as auto: an empty object stands for this value of an enum
form(A) ::= EMPTY AS name(N).                   { A = build_form_name(FORM_EMPTY_AS, N); }
// grows by type: the deltas of the block's `grows`, told apart by this member
form(A) ::= GROWS BY name(N).                   { A = build_form_name(FORM_GROWS, N); }

/* Paths, constants, names. */

// usage.input      choices[0].stop      tools[].name
%type path          { struct ast_path }
%type step          { struct build_step }
path(A) ::= step(S).                { memset(&A, 0, sizeof A); build_add_step(b, &A, S); }
path(A) ::= path(A) DOT step(S).                { build_add_step(b, &A, S); }
step(A) ::= name(N).                            { A = build_step(N, STEP_NONE, N.pos); }
step(A) ::= name(N) LBRACKET RBRACKET(E).       { A = build_step(N, STEP_ALL, E.word.pos); }
step(A) ::= name(N) LBRACKET NUMBER(I) RBRACKET(E). {
    A = build_step(N, build_index(b, I.word), E.word.pos);
}

// "text"    4096    true    null    auto    {}    []
%type const         { struct ast_const }
const(A) ::= STRING(S).                         { A = (struct ast_const){ CONST_STRING, S.word }; }
const(A) ::= NUMBER(N).                         { A = (struct ast_const){ CONST_NUMBER, N.word }; }
const(A) ::= name(N).                           { A = build_const_name(N); }
const(A) ::= EMPTY(E).              { A = (struct ast_const){ CONST_EMPTY_OBJECT, E.word }; }
const(A) ::= LBRACKET(L) RBRACKET(R). {
    A = (struct ast_const){ CONST_EMPTY_ARRAY, { STR("[]"), build_span(L.word.pos, R.word.pos) } };
}

// openai.chat
dotted(A) ::= name(A).
dotted(A) ::= dotted(D) DOT name(N).            { A = build_dotted(b, D, N); }

%type names         { struct words }
%type strings       { struct words }
names(A) ::= name(N).                           { memset(&A, 0, sizeof A); BUILD_PUSH(b, &A, N); }
names(A) ::= names(A) COMMA name(N).            { BUILD_PUSH(b, &A, N); }
strings(A) ::= STRING(S).                   { memset(&A, 0, sizeof A); BUILD_PUSH(b, &A, S.word); }
strings(A) ::= strings(A) COMMA STRING(S).      { BUILD_PUSH(b, &A, S.word); }

name(A) ::= NAME(N).                            { A = N.word; }

/* What the parser would take next. */

%code {
/* Follow the automaton on a copy of its stack of states: would the token be shifted?
 * explicit_only: take the keyword as such, not as a name. */
static bool
would_shift(const yyParser *p, int kind, enum grammar_as as)
{
    YYACTIONTYPE states[YYSTACKDEPTH + 1];
    int top = (int)(p->yytos - p->yystack);
    for (int i = 0; i <= top; i++)
        states[i] = p->yystack[i].stateno;
    for (;;) {
        YYACTIONTYPE state = states[top], act = state;
        if (state <= YY_MAX_SHIFT && as == GRAMMAR_AS_NAME_TOO)
            act = yy_find_shift_action((YYCODETYPE)kind, state);
        else if (state <= YY_MAX_SHIFT)
            act = yy_lookahead[yy_shift_ofst[state] + kind] == kind
                ? yy_action[yy_shift_ofst[state] + kind] : yy_default[state];
        if (act < YY_MIN_REDUCE)
            return act <= YY_MAX_SHIFTREDUCE || act == YY_ACCEPT_ACTION;
        int rule = act - YY_MIN_REDUCE;
        top += yyRuleInfoNRhs[rule];
        act = yy_find_reduce_action(states[top], yyRuleInfoLhs[rule]);
        if (++top > YYSTACKDEPTH)
            return true;    /* let the parser find out */
        states[top] = act;
    }
}

bool
grammar_takes(const void *parser, int kind, enum grammar_as as)
{
    return would_shift(parser, kind, as);
}

int
grammar_kinds(void)
{
    return YYNTOKEN;
}
}
