/* What the gateway answers by itself: health, the list of models, and refusals of all that is not
 * an exchange. */
#ifndef LLMUX_GATEWAY_PAGES_H
#define LLMUX_GATEWAY_PAGES_H

#include "server/gateway/page.h"

/* Answer a request for anything but an operation; for an operation with another method than POST
 * too. */
void pages_answer(struct worker *w, struct http_exchange *http);

/* Refuse what the HTTP server could not make a request of. */
void pages_refuse(struct worker *w, struct http_exchange *http, int status, const char *reason);

/* Those that the admin port has, too. */
void pages_live(struct page *p);
void pages_ready(struct page *p);
void pages_metrics(struct page *p);

#endif
