/* See ini.h. */
#include "server/auth/ini.h"

static struct str
take_line(struct str *rest)
{
    const char *end = memchr(rest->p, '\n', rest->n);
    struct str line = str_make(rest->p, end ? (size_t)(end - rest->p) : rest->n);
    *rest = str_skip(*rest, line.n + 1);
    return line;
}

/* A comment begins with a mark behind white space. */
static struct str
without_comment(struct str s)
{
    for (size_t i = 1; i < s.n; i++)
        if ((s.p[i] == '#' || s.p[i] == ';') && (s.p[i - 1] == ' ' || s.p[i - 1] == '\t'))
            return str_make(s.p, i);
    return s;
}

static bool
read_section(struct ini *i, struct str line)
{
    const char *end = memchr(line.p, ']', line.n);
    if (line.p[0] != '[')
        return false;
    i->section = end ? str_trim(str_make(line.p + 1, (size_t)(end - line.p) - 1))
                     : (struct str){ NULL, 0 };
    return true;
}

bool
ini_next(struct ini *i, struct ini_entry *e)
{
    while (i->rest.n) {
        struct str line = take_line(&i->rest);
        if (line.n == 0 || strchr(" \t\r#;", line.p[0]) || read_section(i, line))
            continue;
        const char *eq = memchr(line.p, '=', line.n);
        if (!eq || eq == line.p || !i->section.p)
            continue;
        *e = (struct ini_entry){
            .section = i->section,
            .key = str_trim(str_make(line.p, (size_t)(eq - line.p))),
            .value = str_trim(without_comment(str_skip(line, (size_t)(eq - line.p) + 1))),
        };
        return true;
    }
    return false;
}
