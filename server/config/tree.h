/* A YAML document as a tree whose nodes know their place.
 *
 * What YAML offers beyond that is refused (tags, merge keys, more than one document) or bounded
 * (aliases: the tree may not count more than CONFIG_NODES_MAX nodes after they are followed). */
#ifndef LLMUX_CONFIG_TREE_H
#define LLMUX_CONFIG_TREE_H

#include <stdbool.h>

#include "runtime/base/str.h"

#define CONFIG_DEPTH_MAX 16
#define CONFIG_NODES_MAX 20000

struct config_reader;

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node_child {
    struct node *key; /* a scalar; NULL in a list */
    struct node *value;
};

struct node {
    enum node_kind kind;
    bool plain;            /* a scalar without quotes */
    unsigned line, column; /* from 1; the column counts characters */
    struct str text;       /* of a scalar, as written, escapes resolved; a NUL follows */
    struct node_child *v;
    unsigned n, room;
    unsigned weight; /* this node and all below, aliases followed */
};

/* The tree of bytes, in the reader's arena; NULL after an error, which r has then. */
struct node *config_tree(struct config_reader *r, struct str bytes);
/* Is it `key:` without a value, `~` or `null`? */
bool config_node_is_null(const struct node *n);
/* The value of a key of a map; NULL when there is none, or n is no map. */
const struct node *config_node_value(const struct node *n, struct str key);
/* "a single value", "a list" or "a map". */
const char *config_node_kind(const struct node *n);

#endif
