/* Types of media and how their bytes begin. */
#include "server/media/media_type.h"

#include "runtime/base/utf8.h"

static const struct {
    enum media_kind kind;
    struct str type;
    struct str begins; /* absent: text */
    struct str later;  /* what stands at byte 8; absent: anything */
} known[] = {
    { MEDIA_IMAGE, STR_INIT("image/png"), STR_INIT("\x89PNG\r\n\x1a\n"), { 0 } },
    { MEDIA_IMAGE, STR_INIT("image/jpeg"), STR_INIT("\xff\xd8\xff"), { 0 } },
    { MEDIA_IMAGE, STR_INIT("image/gif"), STR_INIT("GIF8"), { 0 } },
    { MEDIA_IMAGE, STR_INIT("image/webp"), STR_INIT("RIFF"), STR_INIT("WEBP") },
    { MEDIA_DOCUMENT, STR_INIT("application/pdf"), STR_INIT("%PDF-"), { 0 } },
    { MEDIA_DOCUMENT, STR_INIT("text/plain"), { 0 }, { 0 } },
    { MEDIA_DOCUMENT, STR_INIT("text/html"), { 0 }, { 0 } },
    { MEDIA_DOCUMENT, STR_INIT("text/csv"), { 0 }, { 0 } },
    { MEDIA_DOCUMENT, STR_INIT("text/markdown"), { 0 }, { 0 } },
    { MEDIA_AUDIO, STR_INIT("audio/wav"), STR_INIT("RIFF"), STR_INIT("WAVE") },
    { MEDIA_AUDIO, STR_INIT("audio/mpeg"), STR_INIT("ID3"), { 0 } },
    { MEDIA_AUDIO, STR_INIT("audio/mpeg"), STR_INIT("\xff\xfb"), { 0 } },
    { MEDIA_AUDIO, STR_INIT("audio/flac"), STR_INIT("fLaC"), { 0 } },
    { MEDIA_AUDIO, STR_INIT("audio/ogg"), STR_INIT("OggS"), { 0 } },
};
#define KNOWN (sizeof known / sizeof *known)

const char *
media_kind_name(enum media_kind kind)
{
    static const char *const names[] = { "image", "audio", "document" };
    return names[kind];
}

static bool
begins_so(struct str bytes, size_t i)
{
    if (!known[i].begins.p)
        return utf8_valid(bytes.p, bytes.n) == bytes.n;
    if (!str_starts(bytes, known[i].begins))
        return false;
    return !known[i].later.p || (bytes.n >= 8 && str_starts(str_skip(bytes, 8), known[i].later));
}

/* Without parameters: "text/html; charset=utf-8". */
static struct str
bare_type(struct str declared)
{
    const char *end = declared.n ? memchr(declared.p, ';', declared.n) : NULL;
    return str_trim(str_make(declared.p, end ? (size_t)(end - declared.p) : declared.n));
}

struct str
media_type_of(enum media_kind kind, struct str declared, struct str bytes)
{
    struct str type = bare_type(declared);
    bool vague = type.n == 0 || str_eq_nocase(type, STR("application/octet-stream"))
                 || str_eq_nocase(type, STR("binary/octet-stream"));
    for (size_t i = 0; i < KNOWN; i++) {
        bool named = str_eq_nocase(type, known[i].type) || (vague && known[i].begins.p)
                     || (known[i].kind == MEDIA_IMAGE && str_eq_nocase(type, STR("image/jpg")));
        if (known[i].kind == kind && named && begins_so(bytes, i))
            return known[i].type;
    }
    return (struct str){ NULL, 0 };
}
