# includes.awk: who may include whom.  Reads the sources named on the command line, prints `file:line: reason` for each
# offence, and ends with 1 if there was one.  ARCHITECTURE.md draws the rules.

# may(LAYER, LIST): files whose path begins with LAYER may include "..." what begins with a word of LIST.  The longest
# LAYER counts; its own files are always allowed.
function may(layer, list) { allowed[layer] = list }
# sees(LAYER, REGEX): the <...> headers that this layer may include.
function sees(layer, regex) { system_headers[layer] = regex }

BEGIN {
    may("runtime/base/", "")
    may("runtime/json/", "runtime/base/")
    may("runtime/sse/",  "runtime/base/")
    may("runtime/frame/", "runtime/base/ runtime/sse/")
    may("runtime/ir/",   "runtime/base/ runtime/json/ generated/ir.h")
    may("runtime/xd/",   "runtime/base/ runtime/json/ runtime/frame/ runtime/ir/ generated/ir.h")
    may("runtime/redact/", "runtime/base/ runtime/json/")
    may("runtime/",      "runtime/base/ runtime/ir/ generated/ir.h")
    may("generated/",    "generated/ir.h runtime/xd/")
    may("generated/ir.", "runtime/ir/")
    may("codegen/",      "runtime/base/ runtime/json/doc.h")
    may("server/",       "runtime/ generated/ir.h server/")
    # Inside the server: what speaks HTTP, reads the config or writes the log knows nothing of the gateway.
    may("server/wire/",     "runtime/base/")
    may("server/http/",     "runtime/base/ server/wire/")
    may("server/upstream/", "runtime/base/ server/wire/")
    may("server/media/",    "runtime/base/ server/wire/ server/upstream/")
    may("server/log/",      "runtime/base/ runtime/redact/")
    may("server/metrics/",  "runtime/base/")
    may("server/config/",   "runtime/base/ runtime/route/strategy.h runtime/redact/kind.h server/log/ server/wire/network.h")
    may("server/trace/",    "runtime/base/ server/log/ server/metrics/")
    may("server/auth/",     "runtime/base/ runtime/json/ runtime/xd/xd.h server/upstream/")
    may("tools/",        "runtime/ generated/ir.h server/ tools/")
    may("tests/",        "runtime/ generated/ir.h server/ codegen/ tools/simulate/ tests/")

    # No sockets, files, threads or clock outside of the server: bytes and time are parameters.
    pure = "^(assert|ctype|emmintrin|errno|float|immintrin|inttypes|limits|math|sanitizer\\/asan_interface|std[a-z]*|string)\\.h$"
    sees("runtime/",      pure)
    sees("runtime/json/", pure "|^yajl\\/")
    # What is computed from bytes alone: matching of the operator's patterns, digests.
    sees("runtime/redact/", pure "|^pcre2\\.h$|^openssl\\/hmac\\.h$")
    sees("runtime/frame/", pure "|^zlib\\.h$")
    sees("generated/",    "^$")
    sees("codegen/",      pure)
}

function longest(rules, file,    layer, best) {
    best = ""
    for (layer in rules)
        if (index(file, layer) == 1 && length(layer) > length(best))
            best = layer
    return best
}

function offence(reason) {
    printf "%s:%d: %s\n", FILENAME, FNR, reason
    bad = 1
}

function check_own(name,    layer, words, n, i) {
    layer = longest(allowed, FILENAME)
    if (layer == "" || index(name, layer) == 1)
        return
    # A grammar's header is made from the grammar beside it.
    if (name !~ /\// && FILENAME ~ /^codegen\//)
        return
    n = split(allowed[layer], words, " ")
    for (i = 1; i <= n; i++)
        if (index(name, words[i]) == 1)
            return
    offence(layer " must not include " name)
}

function check_system(name,    layer) {
    layer = longest(system_headers, FILENAME)
    if (layer != "" && name !~ system_headers[layer])
        offence(layer " must not include <" name ">")
}

/^[ \t]*#[ \t]*include[ \t]*"/ { split($0, part, "\""); check_own(part[2]) }
/^[ \t]*#[ \t]*include[ \t]*</ { split($0, part, /[<>]/); check_system(part[2]) }

END { exit bad }
