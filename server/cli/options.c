/* Reading command lines against a table, and printing the table. */
#include "server/cli/options.h"

#include <stdio.h>
#include <string.h>

#include "server/cli/guess.h"

void
options_complain(const char *command, const char *what, const char *word)
{
    fprintf(stderr, "llmux %s: %s%s%s\n", command, what, word ? ": " : "", word ? word : "");
}

/* "-c, --config FILE" */
static int
format_option(char *to, size_t room, const struct option *v)
{
    char letter[] = { '-', v->letter, ',', ' ', '\0' };
    return snprintf(to, room, "%s--%s%s%s", v->letter ? letter : "", v->name, v->takes ? " " : "",
                    v->takes ? v->takes : "");
}

static void
print_option(const struct option *v, int width)
{
    char text[80];
    format_option(text, sizeof text, v);
    printf("  %-*s  ", width, text);
    for (const char *p = v->help; *p; p++) {
        putchar(*p);
        if (*p == '\n')
            printf("%*s", width + 4, "");
    }
    putchar('\n');
}

static void
print_usage(const struct options *o)
{
    const struct option help = { .name = "help", .help = "print this" };
    int width = 0;
    for (unsigned i = 0; i < o->n; i++) {
        int n = format_option(NULL, 0, &o->v[i]);
        width = n > width ? n : width;
    }
    printf("usage: llmux %s\n\n%s\n\n", o->synopsis, o->about);
    for (unsigned i = 0; i < o->n; i++)
        print_option(&o->v[i], width);
    print_option(&help, width);
}

/* The option that arg names, NULL when there is none.  *value is what stands behind a '='. */
static struct option *
find_option(const struct options *o, const char *arg, const char **value)
{
    const char *equals = strchr(arg, '=');
    size_t n = equals ? (size_t)(equals - arg) : strlen(arg);
    *value = equals ? equals + 1 : NULL;
    for (unsigned i = 0; i < o->n; i++) {
        struct option *v = &o->v[i];
        if (arg[1] != '-' && v->letter && n == 2 && arg[1] == v->letter)
            return v;
        if (arg[1] == '-' && strlen(v->name) == n - 2 && memcmp(v->name, arg + 2, n - 2) == 0)
            return v;
    }
    return NULL;
}

static enum options_result
unknown_option(const struct options *o, const char *command, const char *arg)
{
    struct guess g;
    char otherwise[80];
    options_complain(command, "no such option", arg);
    guess_init(&g, arg + strspn(arg, "-"));
    guess_try(&g, "help");
    for (unsigned i = 0; i < o->n; i++)
        guess_try(&g, o->v[i].name);
    snprintf(otherwise, sizeof otherwise, "llmux %s --help lists the options", command);
    if (g.best)
        fprintf(stderr, "help: did you mean --%s?\n", g.best);
    else
        guess_print(&g, otherwise);
    return OPTIONS_WRONG;
}

/* Take the option at argv[*i], and what it takes behind it. */
static enum options_result
take_option(struct options *o, int argc, char **argv, int *i)
{
    const char *arg = argv[*i], *value;
    struct option *v = find_option(o, arg, &value);
    if (!v)
        return unknown_option(o, argv[0], arg);
    if (!v->takes && value) {
        options_complain(argv[0], "this option takes no value", arg);
        return OPTIONS_WRONG;
    }
    if (v->takes && !value && ++*i < argc)
        value = argv[*i];
    if (v->takes && !value) {
        fprintf(stderr, "llmux %s: %s wants a value: %s %s\n", argv[0], arg, arg, v->takes);
        return OPTIONS_WRONG;
    }
    v->value = v->takes ? value : "";
    return OPTIONS_GO;
}

static enum options_result
check_required(const struct options *o, const char *command)
{
    for (unsigned i = 0; i < o->n; i++)
        if (o->v[i].required && !o->v[i].value) {
            fprintf(stderr, "llmux %s: --%s %s is missing\n", command, o->v[i].name, o->v[i].takes);
            fprintf(stderr, "help: llmux %s\n", o->synopsis);
            return OPTIONS_WRONG;
        }
    if (o->n_operands < o->operands_min) {
        options_complain(command, "an operand is missing", NULL);
        fprintf(stderr, "help: llmux %s\n", o->synopsis);
        return OPTIONS_WRONG;
    }
    if (o->operands_max >= 0 && o->n_operands > o->operands_max) {
        options_complain(command, "one operand too many", o->operands[o->operands_max]);
        fprintf(stderr, "help: llmux %s\n", o->synopsis);
        return OPTIONS_WRONG;
    }
    return OPTIONS_GO;
}

enum options_result
options_read(struct options *o, int argc, char **argv)
{
    bool literal = false;
    o->operands = argv + 1;
    o->n_operands = 0;
    for (int i = 1; i < argc; i++) {
        bool option = !literal && argv[i][0] == '-' && argv[i][1] != '\0';
        if (option && strcmp(argv[i], "--help") == 0) {
            print_usage(o);
            return OPTIONS_HELPED;
        }
        if (option && strcmp(argv[i], "--") == 0)
            literal = true;
        else if (!option)
            o->operands[o->n_operands++] = argv[i];
        else if (take_option(o, argc, argv, &i) != OPTIONS_GO)
            return OPTIONS_WRONG;
    }
    return check_required(o, argv[0]);
}
