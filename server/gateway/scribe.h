/* Who writes a transcript: texts, and JSON, as entries of the maps in one attribute.
 *
 *   text ─► without the log's secrets ─► redacted ─► as much as there is room for ─► out
 *
 * What is cut off is searched, too, as far as it may belong to what is shown; of a text that may have gone on, nothing is
 * shown but what is sure to be judged right.  Strings are read before a call returns, and none is kept. */
#ifndef LLMUX_GATEWAY_SCRIBE_H
#define LLMUX_GATEWAY_SCRIBE_H

#include "runtime/redact/search.h"
#include "runtime/xd/xd.h"
#include "server/trace/otlp_any.h"

struct transcript_options;

#define SCRIBE_PART   16u             /* what a part counts besides its texts */
#define SCRIBE_BEHIND REDACT_HELD_MAX /* bytes behind a cut that are searched, too */

struct scribe {
    struct buf *out;
    const struct transcript_options *opts;
    struct redact_rules rules;
    size_t left; /* bytes that may still be shown */
    bool cut;
    bool partial; /* the last text of a list may have gone on, where it came from */
    struct buf masked, named, shown;
    struct xd xd; /* finds texts that stand in the request */
    struct arena arena;
};

/* Write one attribute to out, until scribe_end; both are borrowed as long. */
void scribe_begin(struct scribe *w, struct buf *out, const struct transcript_options *o);
/* Let go of what w owns.  True when something was cut. */
bool scribe_end(struct scribe *w);

/* May another part be told, which counts n bytes?  If not, something is cut, and there is room for nothing more. */
bool scribe_spend(struct scribe *w, size_t n);

/* Append entries to a map that is open in w->out.  What may be shown of a text; an absent one writes nothing. */
void scribe_entry(struct scribe *w, const char *key, struct str s);
/* A word of the conventions', as it is. */
void scribe_word(struct scribe *w, const char *key, const char *value);
/* Arguments, schemas: as what they mean, or as a text when they are no JSON or too much of it. */
void scribe_json(struct scribe *w, const char *key, struct str raw);

#endif
