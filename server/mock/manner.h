/* The manner of a reply: how long it is, how fast it comes, and how it goes wrong.
 *
 *   "gpt-4o!429"                     the model's name may carry words behind exclamation marks,
 *   "gpt-4o!delay=300ms!rate=50"     as many as are wanted; the later word wins
 *   x-mock-fault: reset-after=3      so may this header of the request
 *
 *   word              what happens
 *   400..599          an error with this status, in the dialect's form
 *   delay=T           nothing for the time T (300ms, 5s) before the head
 *   stall=T           in the middle of the reply, nothing for the time T
 *   after=N           where "stall" and the others below strike, when not in their own word
 *   reset, close      the connection is reset, or closed, before the first byte
 *   reset-after=N     ... behind N events of a stream, or N bytes of a whole reply
 *   close-after=N
 *   truncate=N        there the HTTP message ends in good order, but not what it says
 *   error-event=N     there comes an error in the stream (whole reply: an error with status 200)
 *   garbage           there comes something that is not JSON; without after=N, at once
 *   html              a web page, with status 200
 *   wrong-type        the right bytes as text/plain
 *   whole             a whole reply although a stream was wanted
 *   disorder          the last event of the stream comes first
 *   tokens=N          a text of N tokens instead of an answer
 *   rate=R            R tokens a second; a whole reply comes when its last token would
 *   split=N           no write is longer than N bytes
 *   retry-after=N     an error says that the client may come again in N seconds
 *   spent=T           the head says that the limit of requests is used up for the time T, in the dialect's way
 *   times=K           the words in front hold for the first K requests of this model name only */
#ifndef LLMUX_MOCK_MANNER_H
#define LLMUX_MOCK_MANNER_H

#include <stdbool.h>

#include "runtime/base/str.h"

enum mock_fault {
    MOCK_FAULT_NONE,
    MOCK_FAULT_STATUS,
    MOCK_FAULT_STALL,
    MOCK_FAULT_RESET,
    MOCK_FAULT_CLOSE,
    MOCK_FAULT_TRUNCATE,
    MOCK_FAULT_ERROR_EVENT,
    MOCK_FAULT_GARBAGE,
    MOCK_FAULT_HTML,
    MOCK_FAULT_WRONG_TYPE,
    MOCK_FAULT_WHOLE,
    MOCK_FAULT_DISORDER,
};

#define MOCK_TOKENS_MAX 1000000u
#define MOCK_RATE_MAX   1000000u

struct mock_manner {
    enum mock_fault fault;
    unsigned status; /* of MOCK_FAULT_STATUS */
    unsigned after;  /* events or bytes in front of a fault */
    unsigned stall_ms;
    unsigned delay_ms;
    unsigned tokens;      /* 0: an answer */
    unsigned rate;        /* 0: all at once */
    unsigned split;       /* 0: as it comes */
    unsigned retry_after; /* seconds; 0: the error does not say */
    unsigned spent_ms;    /* 0: nothing is said about limits */
    unsigned times;       /* 0: always */
};

/* Take one word.  False for one that is none, and m is as before. */
bool mock_manner_word(struct mock_manner *m, struct str word);

/* Take words with exclamation marks between them.  At the first that is none, false with it in
 * *bad. */
bool mock_manner_words(struct mock_manner *m, struct str words, struct str *bad);

/* Is it an answer at once and in one piece, with nothing wrong? */
bool mock_manner_is_plain(const struct mock_manner *m);

/* The model's name without its words; *words is what follows the first exclamation mark, absent
 * without one. */
struct str mock_manner_model(struct str model, struct str *words);

#endif
