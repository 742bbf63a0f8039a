# rows.awk: add up which rows of the specs the tests read and wrote (the lines of tests/lib/rows.c).
# Lists the rows that no test exercised in a direction they have, and prints the sums; 1 if there are such rows.
BEGIN { FS = "\t" }

{
    row = $4 "\t" $5
    if (!(row in directions))
        order[++n] = row
    directions[row] = $1
    if ($2) was_read[row] = 1
    if ($3) was_written[row] = 1
}

END {
    for (i = 1; i <= n; i++) {
        row = order[i]
        split(row, part, "\t")
        reads = directions[row] % 2
        writes = directions[row] >= 2
        readable += reads
        writable += writes
        done_read += reads && (row in was_read)
        done_written += writes && (row in was_written)
        why = reads && !(row in was_read) ? "never read" : ""
        if (writes && !(row in was_written))
            why = why (why == "" ? "" : ", ") "never written"
        if (why != "")
            printf "specs/%s: %s: %s\n", part[1], why, part[2]
    }
    printf "# spec rows: %d of %d read, %d of %d written\n", done_read, readable, done_written, writable
    exit n == 0 || done_read < readable || done_written < writable
}
