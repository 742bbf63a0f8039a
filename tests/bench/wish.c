/* Reading the command line, and rendering the one request. */
#include "tests/bench/wish.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX    (64u << 20)
#define HEADERS_MAX 8

static const char help[] =
    "load: send one POST request over and over, and say what came back, in one line of JSON\n"
    "\n"
    "  load --url http://127.0.0.1:8080/path [--body FILE] [--header 'name: value']...\n"
    "\n"
    "  --connections N  kept alive; each sends its next request when it has its reply (closed\n"
    "                   loop), or, with --rate, whenever one is due (default 64)\n"
    "  --rate R         requests a second (open loop); latency counts from when one was due\n"
    "  --seconds S      to measure (default 2); --requests N: end after N of them\n"
    "  --warmup S       before that, when each connection has got a first reply (default 0.2)\n"
    "  --ramp R         open R connections a second (default: all at once)\n"
    "  --pace R         each stream should bring R events a second: measure how late they are\n"
    "  --paced N        ... up to its Nth: no gap and no delay of those behind it (default: all)\n"
    "  --end TEXT       a reply whose last bytes do not hold TEXT is an error\n"
    "  --pid PID        the server: CPU and memory are taken before and after\n"
    "  --cut            leave at the end, without waiting for the replies that are under way\n"
    "  --announce       print a line to stderr when measuring begins\n"
    "\n"
    "Exit codes: 0 every reply was good, 1 some were not or none came, 2 usage.\n";

enum { EXIT_USAGE = 2 };

struct draft {
    char host[64], path[512];
    unsigned port;
    const char *body_file;
    const char *headers[HEADERS_MAX];
    unsigned n_headers;
};

static int
complain(const char *what, const char *value)
{
    fprintf(stderr, "load: %s: %s\n", what, value);
    return EXIT_USAGE;
}

static char *
read_file(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    char *p = f ? malloc(BODY_MAX) : NULL;
    *n = p ? fread(p, 1, BODY_MAX, f) : 0;
    if (f)
        fclose(f);
    return p;
}

static int
render(struct wish *w, const struct draft *d)
{
    size_t n = 0;
    char *body = NULL;
    if (d->body_file && !(body = read_file(d->body_file, &n)))
        return complain("cannot read", d->body_file);
    FILE *out = open_memstream(&w->request, &w->request_n);
    if (!out)
        return complain("out of memory", "");
    fprintf(out, "POST %s HTTP/1.1\r\nHost: %s:%u\r\nContent-Length: %zu\r\n", d->path, d->host,
            d->port, n);
    fprintf(out, "User-Agent: llmux-bench\r\nAccept: */*\r\nContent-Type: application/json\r\n");
    for (unsigned i = 0; i < d->n_headers; i++)
        fprintf(out, "%s\r\n", d->headers[i]);
    fprintf(out, "\r\n");
    fwrite(body, 1, n, out);
    fclose(out);
    free(body);
    return -1;
}

static int
read_url(struct wish *w, struct draft *d, const char *url)
{
    strcpy(d->path, "/");
    if (sscanf(url, "http://%63[0-9.]:%u%511s", d->host, &d->port, d->path) < 2)
        return complain("not http://ADDRESS:PORT/PATH", url);
    w->address = (struct sockaddr_in){ .sin_family = AF_INET,
                                       .sin_port = htons((uint16_t)d->port) };
    if (inet_pton(AF_INET, d->host, &w->address.sin_addr) != 1)
        return complain("not an IPv4 address", d->host);
    return -1;
}

static const struct option options[] = {
    { "url", required_argument, NULL, 'u' },
    { "body", required_argument, NULL, 'b' },
    { "header", required_argument, NULL, 'h' },
    { "connections", required_argument, NULL, 'c' },
    { "rate", required_argument, NULL, 'r' },
    { "seconds", required_argument, NULL, 's' },
    { "warmup", required_argument, NULL, 'w' },
    { "requests", required_argument, NULL, 'n' },
    { "ramp", required_argument, NULL, 'm' },
    { "pace", required_argument, NULL, 'p' },
    { "end", required_argument, NULL, 'e' },
    { "pid", required_argument, NULL, 'i' },
    { "cut", no_argument, NULL, 'x' },
    { "announce", no_argument, NULL, 'a' },
    { "paced", required_argument, NULL, 'd' },
    { "help", no_argument, NULL, '?' },
    { 0 },
};

static int
take(struct wish *w, struct draft *d, int c)
{
    switch (c) {
    case 'u':
        return read_url(w, d, optarg);
    case 'b':
        d->body_file = optarg;
        break;
    case 'h':
        if (d->n_headers == HEADERS_MAX)
            return complain("too many headers", optarg);
        d->headers[d->n_headers++] = optarg;
        break;
    case 'c':
        w->connections = (unsigned)atoi(optarg);
        break;
    case 'r':
        w->rate = atof(optarg);
        break;
    case 's':
        w->seconds = atof(optarg);
        break;
    case 'w':
        w->warmup = atof(optarg);
        break;
    case 'n':
        w->requests = strtoull(optarg, NULL, 10);
        break;
    case 'm':
        w->ramp = atof(optarg);
        break;
    case 'p':
        w->pace = atof(optarg);
        break;
    case 'd':
        w->paced = strtoull(optarg, NULL, 10);
        break;
    case 'e':
        w->end = optarg;
        break;
    case 'i':
        w->pid = atoi(optarg);
        break;
    case 'x':
        w->cut = true;
        break;
    case 'a':
        w->announce = true;
        break;
    default:
        fputs(help, stdout);
        return EXIT_USAGE;
    }
    return -1;
}

int
wish_read(struct wish *w, int argc, char **argv)
{
    struct draft d = { 0 };
    int c, status = -1;
    *w = (struct wish){ .connections = 64, .seconds = 2, .warmup = 0.2 };
    while (status < 0 && (c = getopt_long(argc, argv, "", options, NULL)) != -1)
        status = take(w, &d, c);
    if (status >= 0)
        return status;
    if (optind < argc)
        return complain("unexpected argument", argv[optind]);
    if (!d.port)
        return complain("missing", "--url");
    if (!w->connections)
        return complain("--connections must be at least", "1");
    return render(w, &d);
}
