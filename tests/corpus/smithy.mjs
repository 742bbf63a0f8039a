// A Smithy model's shapes as JSON schemas: what a structure requires, what a union chooses from.
//
// newer: members that the published model does not have yet though recorded traffic does, by shape.
export function fromSmithy(model, newer) {
    const schemas = {};
    for (const [id, shape] of Object.entries(model.shapes))
        schemas[short(id)] = schemaOf(shape, newer[short(id)] || []);
    Object.assign(schemas, {
        String: { type: 'string' }, Boolean: { type: 'boolean' }, PrimitiveBoolean: { type: 'boolean' },
        Integer: { type: 'integer' }, Long: { type: 'integer' }, Float: { type: 'number' }, Double: { type: 'number' },
        Blob: { type: 'string' }, Document: {}, Timestamp: {}, Unit: {},
    });
    return { components: { schemas } };
}

const short = (id) => id.split('#')[1];
const ref = (id) => ({ $ref: `#/components/schemas/${short(id)}` });
const trait = (x, name) => (x.traits || {})[`smithy.api#${name}`];

// Members that travel in the address or a header are not in the body.
function membersOf(shape) {
    return Object.entries(shape.members || {})
        .filter(([, m]) => trait(m, 'httpLabel') === undefined && !trait(m, 'httpQuery') && !trait(m, 'httpHeader'));
}

function limited(schema, x, least, most) {
    const length = trait(x, 'length') || {}, range = trait(x, 'range') || {}, pattern = trait(x, 'pattern');
    if (least && length.min !== undefined)
        schema[least] = length.min;
    if (most && length.max !== undefined)
        schema[most] = length.max;
    if (range.min !== undefined)
        schema.minimum = range.min;
    if (range.max !== undefined)
        schema.maximum = range.max;
    if (pattern)
        schema.pattern = pattern;
    return schema;
}

function schemaOf(shape, newer) {
    const members = membersOf(shape);
    const properties = Object.fromEntries(members.map(([name, m]) => [name, ref(m.target)]));
    for (const name of newer)
        properties[name] = {};
    switch (shape.type) {
    case 'structure':
        return { type: 'object', properties, additionalProperties: false,
            required: members.filter(([, m]) => trait(m, 'required') !== undefined).map(([name]) => name) };
    case 'union':
        return { type: 'object', properties, additionalProperties: false, minProperties: 1, maxProperties: 1 };
    case 'enum':
        return { enum: members.map(([name, m]) => trait(m, 'enumValue') ?? name).concat(newer) };
    case 'list':
        return limited({ type: 'array', items: ref(shape.member.target) }, shape, 'minItems', 'maxItems');
    case 'map':
        return { type: 'object', additionalProperties: ref(shape.value.target) };
    case 'string':
        return limited({ type: 'string' }, shape, 'minLength', 'maxLength');
    case 'blob':
        return { type: 'string' };
    case 'integer': case 'long':
        return limited({ type: 'integer' }, shape);
    default:
        return {};
    }
}
