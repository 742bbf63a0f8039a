/* What the wire cannot say must be decided: named policies on the model, before a request is
 * written.
 *
 *   name               values                    what it decides
 *   system_turns       keep | fold | hoist       a system turn inside the conversation: leave; wrap
 *                                                into the next user turn as <system>...</system>;
 *                                                move to the instructions
 *   empty_text         keep | drop               text blocks without text (white space only, when
 *                                                alone), and such descriptions of functions
 *   last_assistant     keep | trim | mark        a final assistant turn: white space behind it; say
 *                                                that the reply goes on from it (Turn.prefix)
 *   continuation       ask | prefill | none     a reply that broke off elsewhere: the conversation ends
 *                                                with a wish that it goes on; with the assistant's
 *                                                turn itself; cannot go on here
 *   seals              beside | ids             of another family's providers, in replies to clients of this
 *                                                dialect: where it has a place for thinking; and in
 *                                                the ids of calls, too (seal_ids.h)
 *   unsigned_thinking  keep | drop               thinking blocks without a signature
 *   result_media       keep | follow             images and files in the result of a call: behind
 *                                                it, as a user's blocks
 *   call_ids           keep | <characters>       ids of calls: map others, the same way in call and
 *                                                result; a length may follow: a-zA-Z0-9{9}
 *   document_names     keep | <characters>       names of documents: other characters become -, those
 *                                                without get one, and no two are alike
 *   candidates         many | one | first        candidates > 1: pass on | ERR_UNSUPPORTED | ask for
 *                                                one
 *   unsupported_parts  drop | error | hollow     images, audio, documents and what only other APIs
 *                                                know, tools among it: left out, but refused with
 *                                                ERR_UNSUPPORTED where nothing is left of a turn of
 *                                                the user, or no tool; always refused; left out
 *                                                whatever remains
 *   orphan_results     keep | drop | unwrap      results of calls that the turn before did not make:
 *                           | error              leave; leave out; leave what they say, as a user's
 *                                                blocks; ERR_UNSUPPORTED
 *   behind_results     keep | bridge             what a user says behind the results of calls: leave;
 *                                                a turn of the assistant between ("OK.")
 *   media_urls         keep | fetch              images and files by address, where the wire wants
 *                                                their bytes: unsupported parts; fetched before
 *                                                (media_url.h)
 *   max_output         keep | <number>           when the client gave none
 *   empty_schema       keep | object             a function without parameters
 *   call_places        keep | last               calls of a turn behind its texts
 *   include            keep | <name>             what else the reply shall have, for clients of other
 *                                                families: the sealed reasoning
 *   schema_name        keep | <name>             a schema of the reply gets a name when it has none
 *   tools              keep | called             where "none" cannot be said, the tools go; those that
 *                                                the conversation calls are declared nevertheless
 *   thinking           keep | budget             an effort as a budget: 1024 minimal, 2048 low,
 *                           | adaptive           8192 medium, 16384 high, 32768 xhigh and max;
 *                           | effort             max_output is raised above it; temperature, top_k
 *                           | tokens             and a low top_p are lost with it.  Or as the model
 *                           | level              sees fit.  Or a budget as an effort.  tokens: a
 *                           | plain              budget that goes with everything; level: nothing
 *                           | drop               but an effort, thinking that is off being the least;
 *                                                plain: the same as low, medium or high in a place
 *                                                of its own (Reasoning.level);
 *                                                drop: not at all, unless the client speaks this API.
 *                                                budget and adaptive: a client of another family is
 *                                                held to the limits (at least 1024; as the model sees
 *                                                fit is 8192, or half of the output; not when a
 *                                                call must be made)
 *   thoughts           keep | show               clients of other families that want thinking get to
 *                                                see it
 *   schema_refs        keep | inline             schemas of functions and of the reply: what a "$ref"
 *                                                refers to stands in its place
 *   unsigned_calls     keep | <signature>        a first call of a turn that has no signature gets
 *                                                this one, which says that there is none
 *   stream_usage       keep | ask                ask for the usage of a stream whether or not the
 *                                                client does
 *   purpose            keep | query | ...        what embeddings are for, when the client did not say
 *   inputs             many | one | each         several inputs to embed: pass on; ERR_UNSUPPORTED;
 *                                                each says the model, what it is for and how long its
 *                                                vector shall be
 *   roles              merge | strict            strict: a conversation that the assistant begins
 *                                                gets a user turn before it
 *
 * The first value is the default and changes nothing.  The dialect's spec gives the values (by
 * upstream model, where it names globs); a deployment's `policies` override. */
#ifndef LLMUX_XD_POLICY_H
#define LLMUX_XD_POLICY_H

#include "runtime/xd/xd.h"

struct xd_policy_choice {
    enum ir_policy_name name;
    struct str value;
};
struct xd_policy_choices {
    const struct xd_policy_choice *v;
    unsigned n;
};

/* The policy of this name; IR_POLICIES when there is none. */
enum ir_policy_name xd_policy_named(struct str name);
/* Is this a policy and a value it takes?  NULL when so, else a text that says what to write (in
 * the arena). */
const char *xd_policy_check(struct arena *a, struct str name, struct str value);
/* The value in force for a model: the override, else the last matching row of the spec, else "". */
struct str xd_policy_value(const struct xd_dialect *d, const struct xd_policy_choices *over,
                           struct str model, enum ir_policy_name name);
/* *out is *in as the target wants it: a shallow copy that shares what is unchanged; what changes
 * is made in x->arena. m->model is the upstream model.  What is given up is noted in x->lost.
 * ERR_UNSUPPORTED with x->fault. */
MUST_CHECK enum err xd_prepare(struct xd *x, const struct ir_request *in,
                               const struct xd_policy_choices *over, struct ir_request *out);
#endif
