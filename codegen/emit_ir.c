/* The canonical model as C: generated/ir.h and generated/ir.c. */
#include "codegen/emit.h"

static void
put_enums(struct arena *a, const struct ir_model *ir, struct buf *out)
{
    for (unsigned i = 0; i < ir->enums.n; i++) {
        const struct ir_enum *e = &ir->enums.v[i];
        const char *upper = types_upper(a, e->name.s);
        buf_printf(out, "enum ir_%s {\n    IR_%s_UNSET,\n", e->c, upper);
        for (unsigned k = 0; k < e->values.n; k++)
            buf_printf(out, "    IR_%s_%s,\n", upper, types_upper(a, e->values.v[k].name.s));
        buf_printf(out, "};\n#define IR_%s_COUNT %u\n\n", upper, e->values.n + 1);
    }
}

static void
put_fields(struct arena *a, const struct ir_fields *f, const char *indent, struct buf *out)
{
    for (unsigned i = 0; i < f->n; i++)
        buf_printf(out, "%s%s %s;\n", indent, types_c(a, &f->v[i].type), f->v[i].name.s.p);
}

static void
put_record(struct arena *a, const struct ir_record *r, struct buf *out)
{
    buf_printf(out, "struct ir_%s {\n    bool set;\n", r->c);
    put_fields(a, &r->fields, "    ", out);
    buf_puts(out, STR("    struct ir_rest rest;\n};\n\n"));
}

static void
put_union(struct arena *a, const struct ir_union *u, struct buf *out)
{
    const char *upper = types_upper(a, u->name.s);

    buf_printf(out, "enum ir_%s_kind {\n    IR_%s_UNSET,\n", u->c, upper);
    for (unsigned i = 0; i < u->cases.n; i++)
        buf_printf(out, "    IR_%s_%s,\n", upper, types_upper(a, u->cases.v[i].name.s));
    buf_printf(out, "};\n#define IR_%s_COUNT %u\n\n", upper, u->cases.n + 1);
    buf_printf(out, "struct ir_%s {\n    enum ir_%s_kind kind;\n", u->c, u->c);
    put_fields(a, &u->common, "    ", out);
    buf_puts(out, STR("    union {\n"));
    for (unsigned i = 0; i < u->cases.n; i++) {
        buf_puts(out, STR("        struct {\n"));
        put_fields(a, &u->cases.v[i].fields, "            ", out);
        buf_printf(out, "        } %s;\n", u->cases.v[i].name.s.p);
    }
    buf_puts(out, STR("    };\n    struct ir_rest rest;\n};\n\n"));
}

/* A struct is printed behind those it holds by value. */
struct printed {
    const struct ir_model *ir;
    bool *records, *unions;
    struct arena *a;
    struct buf *out;
};

static void print_fields(struct printed *p, const struct ir_fields *f);

static void
print_record(struct printed *p, const struct ir_record *r)
{
    bool *done = &p->records[r - p->ir->records.v];

    if (*done)
        return;
    *done = true;
    print_fields(p, &r->fields);
    put_record(p->a, r, p->out);
}

static void
print_union(struct printed *p, const struct ir_union *u)
{
    bool *done = &p->unions[u - p->ir->unions.v];

    if (*done)
        return;
    *done = true;
    print_fields(p, &u->common);
    for (unsigned i = 0; i < u->cases.n; i++)
        print_fields(p, &u->cases.v[i].fields);
    put_union(p->a, u, p->out);
}

static void
print_fields(struct printed *p, const struct ir_fields *f)
{
    for (unsigned i = 0; i < f->n; i++) {
        const struct type *t = &f->v[i].type;
        if (!t->list && t->kind == TYPE_RECORD)
            print_record(p, t->rec);
        else if (!t->list && t->kind == TYPE_UNION)
            print_union(p, t->un);
    }
}

static void
put_list(const char *c, struct buf *out)
{
    buf_printf(out, "struct ir_%ss {\n    struct ir_%s *v;\n    unsigned n, cap;\n};\n\n", c, c);
}

static void
put_event(struct arena *a, const struct ir_model *ir, struct buf *out)
{
    const struct ast_events *events = &ir->events->events;
    struct words seen = { NULL, 0, 0 };

    buf_puts(out, STR("enum ir_event_kind {\n"));
    for (unsigned i = 0; i < events->n; i++)
        buf_printf(out, "    IR_EVENT_%s,\n", types_upper(a, events->v[i].name.s));
    buf_puts(
        out,
        STR("};\n\n/* Only the members that the kind names are meaningful; pointers are borrowed for the call. */\n"
            "struct ir_event {\n    enum ir_event_kind kind;\n"));
    for (unsigned i = 0; i < events->n; i++)
        for (unsigned k = 0; k < events->v[i].params.n; k++) {
            struct word w = events->v[i].params.v[k];
            struct type t = event_param(ir, &events->v[i], w.s);
            bool known = false;
            for (unsigned s = 0; s < seen.n; s++)
                known |= str_eq(seen.v[s].s, w.s);
            if (known)
                continue;
            *(struct word *)arena_push(a, (void **)&seen.v, &seen.n, &seen.cap, sizeof w) = w;
            bool pointer = t.kind == TYPE_RECORD || t.kind == TYPE_UNION;
            buf_printf(out, "    %s%s %s%.*s;\n", pointer ? "const " : "", types_c(a, &t),
                       pointer ? "*" : "", STR_ARG(w.s));
        }
    buf_puts(out, STR("};\n\n"));
}

/* A policy: its name and values, the first of which changes nothing. */
static void
put_policies(struct arena *a, const struct ir_model *ir, struct buf *out)
{
    buf_puts(out, STR("/* What the wire cannot say must be decided; see runtime/xd/policy.h. */\n"
                      "enum ir_policy_name {\n"));
    for (unsigned i = 0; i < ir->policies.n; i++)
        buf_printf(out, "    IR_POLICY_%s,\n", types_upper(a, ir->policies.v[i].name.s));
    buf_puts(
        out,
        STR("    IR_POLICIES /* how many there are */\n};\n\n"
            "enum ir_policy_takes {\n    IR_TAKES_WORDS,  /* one of its words */\n"
            "    IR_TAKES_NUMBER, /* a word or a number */\n"
            "    IR_TAKES_CLASS,  /* a word or a class of characters */\n};\n\n"
            "struct ir_policy {\n    const char *name;\n    enum ir_policy_takes takes;\n"
            "    const char *const *words; /* the first changes nothing; NULL ends them */\n};\n\n"
            "extern const struct ir_policy ir_policies[IR_POLICIES];\n\n"));
}

static void
put_policy_table(struct arena *a, const struct ir_model *ir, struct buf *out)
{
    static const char *const takes[] = { "IR_TAKES_WORDS", "IR_TAKES_NUMBER", "IR_TAKES_CLASS" };

    for (unsigned i = 0; i < ir->policies.n; i++) {
        const struct policy *p = &ir->policies.v[i];
        buf_printf(out, "static const char *const %s_words[] = { ", p->name.s.p);
        for (unsigned k = 0; k < p->values.n; k++)
            buf_printf(out, "%s, ", c_string(a, p->values.v[k].name.s));
        buf_puts(out, STR("NULL };\n"));
    }
    buf_puts(out, STR("\nconst struct ir_policy ir_policies[IR_POLICIES] = {\n"));
    for (unsigned i = 0; i < ir->policies.n; i++) {
        const char *name = ir->policies.v[i].name.s.p;
        buf_printf(out, "    { \"%s\", %s, %s_words },\n", name, takes[ir->policies.v[i].takes],
                   name);
    }
    buf_puts(out, STR("};\n\n"));
}

/* A number for these types: FNV-1a of their text. */
static uint32_t
abi_of(struct str text)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < text.n; i++)
        h = (h ^ (unsigned char)text.p[i]) * 16777619u;
    return h;
}

void
emit_ir_header(struct arena *a, const struct ir_model *ir, struct buf *out)
{
    struct printed p = { ir, arena_alloc(a, ir->records.n + 1), arena_alloc(a, ir->unions.n + 1), a,
                         out };

    buf_puts(
        out,
        STR("/* Generated by specc from specs/ir.spec.  Do not edit. */\n"
            "#ifndef LLMUX_GENERATED_IR_H\n#define LLMUX_GENERATED_IR_H\n\n#include \"runtime/ir/types.h\"\n\n"));
    put_enums(a, ir, out);
    for (unsigned i = 0; i < ir->unions.n; i++)
        if (ir->unions.v[i].listed)
            put_list(ir->unions.v[i].c, out);
    for (unsigned i = 0; i < ir->records.n; i++)
        if (ir->records.v[i].listed)
            put_list(ir->records.v[i].c, out);
    for (unsigned i = 0; i < ir->unions.n; i++)
        print_union(&p, &ir->unions.v[i]);
    for (unsigned i = 0; i < ir->records.n; i++)
        print_record(&p, &ir->records.v[i]);
    if (ir->events)
        put_event(a, ir, out);
    put_policies(a, ir, out);
    buf_puts(
        out,
        STR("/* Lengthen dst by the fields that are set in frag: text, opaque and json fields and lists are\n"
            " * appended, all others are replaced.  Both are of the same kind.  False when the arena is\n"
            " * full. */\n"
            "bool ir_block_grow(struct arena *a, struct ir_block *dst, const struct ir_block *frag);\n\n"));
    buf_printf(
        out,
        "/* Changes with these types: what was compiled with others does not fit. */\n#define IR_ABI 0x%08xu\n\n#endif\n",
        abi_of(buf_str(out)));
}

/* --- ir.c: growth ----------------------------------------------------------------------------- */

static void
grow_field(struct arena *a, const struct ir_field *f, const char *path, struct buf *out)
{
    const char *lv = arena_printf(a, "%s%s", path, f->name.s.p).p;

    if (f->type.list) {
        const char *element =
            types_is_stringlike(&(struct type){ .kind = f->type.kind })
                ? "struct str"
                : arena_printf(a, "struct ir_%s", f->type.un ? f->type.un->c : f->type.rec->c).p;
        buf_printf(out, "        for (unsigned i = 0; i < frag->%s.n; i++) {\n", lv);
        buf_printf(
            out,
            "            %s *item = arena_push(a, (void **)&dst->%s.v, &dst->%s.n, &dst->%s.cap, sizeof *item);\n",
            element, lv, lv, lv);
        buf_printf(
            out,
            "            if (!item)\n                return false;\n            *item = frag->%s.v[i];\n        }\n",
            lv);
    } else if (f->type.kind == TYPE_TEXT || f->type.kind == TYPE_OPAQUE
               || f->type.kind == TYPE_JSON) {
        buf_printf(
            out,
            "        if (frag->%s.p && !arena_append(a, &dst->%s, frag->%s))\n            return false;\n",
            lv, lv, lv);
    } else {
        buf_printf(out, "        if (%s)\n            dst->%s = frag->%s;\n",
                   types_present(a, &f->type, arena_printf(a, "frag->%s", lv).p), lv, lv);
    }
}

void
emit_ir_source(struct arena *a, const struct ir_model *ir, struct buf *out)
{
    const struct ir_union *u = types_union(ir, STR("Block"));

    buf_puts(
        out,
        STR("/* Generated by specc from specs/ir.spec.  Do not edit. */\n#include \"generated/ir.h\"\n\n"));
    put_policy_table(a, ir, out);
    buf_puts(
        out,
        STR("bool\nir_block_grow(struct arena *a, struct ir_block *dst, const struct ir_block *frag)\n{\n"
            "    switch (frag->kind) {\n"));
    for (unsigned i = 0; u && i < u->cases.n; i++) {
        buf_printf(out, "    case %s:\n", case_constant(a, u, (int)i));
        for (unsigned k = 0; k < u->cases.v[i].fields.n; k++)
            grow_field(a, &u->cases.v[i].fields.v[k],
                       arena_printf(a, "%s.", u->cases.v[i].name.s.p).p, out);
        buf_puts(out, STR("        break;\n"));
    }
    buf_puts(out, STR("    case IR_BLOCK_UNSET:\n        break;\n    }\n"));
    for (unsigned k = 0; u && k < u->common.n; k++) {
        const struct ir_field *f = &u->common.v[k];
        buf_printf(out, "    if (%s)\n        dst->%s = frag->%s;\n",
                   types_present(a, &f->type, arena_printf(a, "frag->%s", f->name.s.p).p),
                   f->name.s.p, f->name.s.p);
    }
    buf_puts(out, STR("    return true;\n}\n"));
}
