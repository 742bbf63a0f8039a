# redact.awk: from specs/redact/secrets.tab to C.
#   -v part=rules    the rules of the DFA, for runtime/redact/match.re
#   -v part=starts   how they begin, for runtime/redact/hints.c: for each of the first three characters and each byte
#                    the set of the beginnings that have it there, a bit each
# Every beginning is a string, 'in any case' or "as it is", or classes in brackets.

BEGIN {
    for (i = 1; i < 256; i++) byte[sprintf("%c", i)] = i
    if (part == "starts")
        print "/* Made by tools/redact.awk from specs/redact/secrets.tab. */\n#include <stdint.h>\n"
}

/^#/ || NF == 0 { next }

{
    rule = $1
    pattern = $0
    sub(/^[a-z]+[ \t]+/, "", pattern)
}

part == "rules" {
    what = "CLASS_NONE, 0"
    if (match(pattern, /[ \t][A-Z]\{[0-9]+\}[ \t]*$/)) {
        count = substr(pattern, RSTART + 3, RLENGTH - 3)
        sub(/\}.*/, "", count)
        what = "CLASS_" substr(pattern, RSTART + 1, 1) ", " count
        pattern = substr(pattern, 1, RSTART - 1)
    }
    printf "    <word> %s { HIT(RULE_%s, %s); }\n", pattern, toupper(rule), what
    next
}

# The sets of characters of the first three places.
{
    place = 0
    key = ""
    split("", set)
    while (place < 3 && pattern != "") {
        c = substr(pattern, 1, 1)
        if (c == "\"" || c == "'") {
            end = index(substr(pattern, 2), c)
            text = substr(pattern, 2, end - 1)
            for (i = 1; i <= length(text) && place < 3; i++) {
                d = substr(text, i, 1)
                set[place++] = c == "'" && toupper(d) != tolower(d) ? toupper(d) tolower(d) : d
            }
            pattern = substr(pattern, end + 2)
        } else if (c == "[") {
            end = index(pattern, "]")
            set[place++] = expand(substr(pattern, 2, end - 2))
            pattern = substr(pattern, end + 1)
        } else if (c == " ") {
            pattern = substr(pattern, 2)
        } else {
            break
        }
    }
    if (place < 3) {
        printf "%s:%d: begins with fewer than three characters\n", FILENAME, FNR > "/dev/stderr"
        bad = 1
        exit
    }
    key = set[0] SUBSEP set[1] SUBSEP set[2]
    if (key in seen)
        next
    seen[key] = 1
    # More beginnings than bits share them, which costs a glance in vain; so do more than eight, looked for side by side.
    bit = n++ % 64
    group = length(set[0]) > 2 ? 7 : byte[tolower(substr(set[0], 1, 1))] % 7
    for (place = 0; place < 3; place++)
        for (i = 1; i <= length(set[place]); i++) {
            at = place "," byte[substr(set[place], i, 1)]
            join("low", place, byte[substr(set[place], i, 1)] % 16, group)
            join("high", place, int(byte[substr(set[place], i, 1)] / 16), group)
            if (!((at, bit) in bits)) {
                bits[at, bit] = 1
                sum[at] = sum[at] (sum[at] == "" ? "" : " | ") "UINT64_C(1) << " bit
            }
        }
}

# Add a group to what a half of a byte may belong to.
function join(half, place, value, group,    at) {
    at = half "," place "," value
    if (!((at, group) in grouped)) {
        grouped[at, group] = 1
        groups[at] = groups[at] (groups[at] == "" ? "" : " | ") "1 << " group
    }
}

function print_groups(half,    place, i) {
    print "\nstatic const unsigned char starts_" half "[3][16] = {"
    for (place = 0; place < 3; place++) {
        printf "    { "
        for (i = 0; i < 16; i++) printf "%s, ", (half "," place "," i) in groups ? groups[half "," place "," i] : "0"
        print "},"
    }
    print "};"
}

function expand(class,    i, a, b, out) {
    out = ""
    for (i = 1; i <= length(class); i++)
        if (substr(class, i + 1, 1) == "-") {
            a = byte[substr(class, i, 1)]
            b = byte[substr(class, i + 2, 1)]
            for (; a <= b; a++) out = out sprintf("%c", a)
            i += 2
        } else {
            out = out substr(class, i, 1)
        }
    return out
}

END {
    if (bad) exit 1
    if (part != "starts") exit
    print "static const uint64_t starts[3][256] = {"
    for (place = 0; place < 3; place++) {
        print "    {"
        for (i = 1; i < 256; i++)
            if ((place "," i) in sum) printf "        [%d] = %s,\n", i, sum[place "," i]
        print "    },"
    }
    print "};"
    # The same, coarser: eight groups, and the lower and the upper half of a byte.
    print_groups("low")
    print_groups("high")
}
