/* What the gateway answers by itself: health, the list of models, and refusals of all that is not
 * an exchange. */
#ifndef LLMUX_GATEWAY_PAGES_H
#define LLMUX_GATEWAY_PAGES_H

#include "server/http/conn.h"

struct worker;

/* Answer a request for anything but an operation; for an operation with another method than POST
 * too. */
void pages_answer(struct worker *w, struct http_exchange *http);

/* Refuse what the HTTP server could not make a request of. */
void pages_refuse(struct worker *w, struct http_exchange *http, int status, const char *reason);

/* Health and nothing else, for the admin port. */
void pages_answer_admin(struct worker *w, struct http_exchange *http);

#endif
