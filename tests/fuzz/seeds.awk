# seeds.awk: make seeds for the fuzz targets of readers out of tests/cases: what each part of a case has as its input, in
# the form that the target wants (see its opening comment).  So every dialect and provider that a case speaks has seeds,
# whatever its place in the registry.
#
#   LC_ALL=C awk -v out=build/fuzz/seeds -f tests/fuzz/seeds.awk generated/registry.c tests/cases/*.case

# The place of each dialect, by its name in C.
FILENAME ~ /registry\.c$/ {
    if ($1 ~ /^&xd_/) {
        gsub(/[&,]/, "", $1)
        place[$1] = count++
    }
    next
}

function seed(target, head,   name) {
    name = sprintf("%s/%s/%04d", out, target, ++made[target])
    printf "%c%s%s", place["xd_" from], head, input > name
    close(name)
}

function flush_part() {
    if (input != "" && (("xd_" from) in place)) {
        seed(target, head)
        if (target == "fuzz_xd_document" && kind == "request" && (("xd_" to) in place))
            seed("fuzz_xd_verbatim", sprintf("%c", place["xd_" to]))
    }
    input = ""
}

FNR == 1 { flush_part(); inside = 0 }

/^((embeddings|rerank|count_tokens) )?(request|reply|stream|error) [a-z0-9._]+ -> [a-z0-9._]+$/ {
    flush_part()
    inside = 0
    op = NF == 5 ? $1 : ""
    kind = NF == 5 ? $2 : $1
    from = NF == 5 ? $3 : $2
    to = $NF
    gsub(/\./, "_", from)
    gsub(/\./, "_", to)
    if (op != "" && kind == "error")
        op = ""
    if (kind == "stream") {
        target = "fuzz_xd_stream"
        head = sprintf("%c%c%c", 0, 7, 63)              # the first cut, the size of the pieces behind it
    } else if (op != "") {
        target = "fuzz_xd_ask"
        head = sprintf("%c", (op == "embeddings" ? 0 : op == "rerank" ? 1 : 2) + (kind == "reply" ? 3 : 0))
    } else {
        target = "fuzz_xd_document"
        head = sprintf("%c%c", kind == "request" ? 0 : kind == "reply" ? 1 : 2, place["xd_" from])
    }
    next
}
/^--- / { inside = $0 == "--- in"; next }
inside { input = input $0 "\n" }
END { flush_part() }
