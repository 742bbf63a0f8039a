/* One small answer of the gateway's own, from its request to the reply. */
#ifndef LLMUX_GATEWAY_PAGE_H
#define LLMUX_GATEWAY_PAGE_H

#include "generated/ir.h"
#include "server/gateway/request_id.h"
#include "server/http/conn.h"

struct worker;

struct page {
    struct worker *w;
    struct http_exchange *http;
    const struct http_head *head;
    struct str id;
    char id_text[REQUEST_ID_MADE];
    const char *allow;   /* for 405 */
    const char *message; /* of a refusal, for the log */
    struct str type;     /* of the body; absent: JSON */
    bool is_probe;       /* asked for again and again, by machines */
};

/* Take the request; the page is the caller's. */
void page_begin(struct page *p, struct worker *w, struct http_exchange *http);

/* Each of these answers, counts and logs the request, and ends the exchange. */

void page_send(struct page *p, int status, struct str body);
/* What was written into the worker's `out`, which is empty then. */
void page_send_out(struct page *p, int status);
/* An error in the words of the dialect that the client seems to speak. */
void page_refuse(struct page *p, int status, enum ir_fault kind, struct str message);
/* 405; allow: the methods that there are, static text. */
void page_refuse_method(struct page *p, const char *allow);

/* GET or HEAD? */
bool page_is_reading(const struct page *p);

#endif
