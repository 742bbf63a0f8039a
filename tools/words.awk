# words.awk: words that must not stand in hand-written C.  Reads the sources named on the command line, prints
# `file:line: reason` for each offence, and ends with 1 if there was one.
#   -v names='a b'      providers and dialects, from the specs: what is known about them belongs there
#   -v ordinary='a b'   those of them that are words of every day: of these only a string that says nothing else counts
# Comments do not count, and in sentences (strings with a space in them) names may stand as examples.  What keys begin with
# ("acme-") is no name.

BEGIN {
    n_names = split(names, name_list, " ")
    for (i = split(ordinary, list, " "); i > 0; i--)
        is_ordinary[list[i]] = 1
    # The runtime has no clock, no files and no environment; and input must never end the process.
    forbidden = "(abort|clock_gettime|exit|_exit|fopen|freopen|getenv|gettimeofday|localtime|nanosleep|open|perror|"
    forbidden = forbidden "printf|puts|rand|random|signal|sleep|socket|system|time|usleep)"
}

FNR == 1 { in_comment = 0 }

{
    code = ""       # without comments and strings
    strings = ""    # those without a space in them
    line = $0
    while (line != "") {
        if (in_comment) {
            at = index(line, "*/")
            if (!at) break
            line = substr(line, at + 2)
            in_comment = 0
        } else if (!match(line, /\/\*|\/\/|"([^"\\]|\\.)*"|'([^'\\]|\\.)*'/)) {
            code = code line
            break
        } else {
            code = code substr(line, 1, RSTART - 1) " "
            token = substr(line, RSTART, RLENGTH)
            line = substr(line, RSTART + RLENGTH)
            if (token == "//") break
            if (token == "/*") in_comment = 1
            else if (token !~ / / && token !~ /^"[A-Za-z0-9]+[-_]"$/) strings = strings " " token
        }
    }
    words = tolower(code " " strings)
    for (i = 1; i <= n_names; i++) {
        name = name_list[i]
        if (!index(words, name))
            continue
        if (name in is_ordinary ? index(words, "\"" name "\"") : match(" " words " ", "[^a-z0-9]" name "[^a-z0-9]"))
            offence("the name " name " belongs into the specs")
    }
    if (FILENAME ~ /^runtime\// && match(" " code, "[^A-Za-z0-9_.>]" forbidden "\\("))
        offence("the runtime must not call " substr(code, RSTART, RLENGTH - 1))
}

function offence(reason) {
    printf "%s:%d: %s\n", FILENAME, FNR, reason
    bad = 1
}

END { exit bad }
