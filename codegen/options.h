/* specc's command line. */
#ifndef SPECC_OPTIONS_H
#define SPECC_OPTIONS_H

#include <stdbool.h>

enum status { STATUS_OK = 0, STATUS_NO = 1, STATUS_USAGE = 2 }; /* exit codes */

/* What to print. */
enum task {
    TASK_NONE,
    TASK_GENERATE, /* C files into the directory `out` */
    TASK_PLUGIN,   /* the dialect of the file `plugin` as one C file `out` */
    TASK_EXPAND,   /* the dialect or provider `name` as a spec that inherits nothing */
    TASK_TOKENS,
    TASK_AST,
    TASK_MODEL,
    TASK_ROWS,
    TASK_ORDER
};

struct specc_options {
    enum task task;
    const char *out;    /* NULL when not given; strings are borrowed from argv */
    const char *manual; /* where the manual of the providers goes, or NULL */
    const char *plugin; /* is among the files, too */
    const char *name;
    bool help;
    const char **files; /* owned: specc_options_fini */
    int n_files;
};

extern const char options_usage[];

/* Read argv.  What is wrong with it is said on stderr. */
enum status specc_options_read(struct specc_options *o, int argc, char **argv);
void specc_options_fini(struct specc_options *o);
/* Say something about the command line or the file system on stderr: STATUS_USAGE. */
enum status specc_options_complain(const char *what, const char *argument, const char *instead);

#endif
