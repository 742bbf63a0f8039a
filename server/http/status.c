/* The codes of the IANA registry that servers send, and those that LLM providers add. */
#include "server/http/status.h"

struct str
http_status_text(int status)
{
    switch (status) {
    case 200:
        return STR("OK");
    case 201:
        return STR("Created");
    case 202:
        return STR("Accepted");
    case 203:
        return STR("Non-Authoritative Information");
    case 204:
        return STR("No Content");
    case 205:
        return STR("Reset Content");
    case 206:
        return STR("Partial Content");
    case 207:
        return STR("Multi-Status");
    case 300:
        return STR("Multiple Choices");
    case 301:
        return STR("Moved Permanently");
    case 302:
        return STR("Found");
    case 303:
        return STR("See Other");
    case 304:
        return STR("Not Modified");
    case 307:
        return STR("Temporary Redirect");
    case 308:
        return STR("Permanent Redirect");
    case 400:
        return STR("Bad Request");
    case 401:
        return STR("Unauthorized");
    case 402:
        return STR("Payment Required");
    case 403:
        return STR("Forbidden");
    case 404:
        return STR("Not Found");
    case 405:
        return STR("Method Not Allowed");
    case 406:
        return STR("Not Acceptable");
    case 408:
        return STR("Request Timeout");
    case 409:
        return STR("Conflict");
    case 410:
        return STR("Gone");
    case 411:
        return STR("Length Required");
    case 412:
        return STR("Precondition Failed");
    case 413:
        return STR("Content Too Large");
    case 414:
        return STR("URI Too Long");
    case 415:
        return STR("Unsupported Media Type");
    case 416:
        return STR("Range Not Satisfiable");
    case 417:
        return STR("Expectation Failed");
    case 421:
        return STR("Misdirected Request");
    case 422:
        return STR("Unprocessable Content");
    case 423:
        return STR("Locked");
    case 424:
        return STR("Failed Dependency");
    case 425:
        return STR("Too Early");
    case 426:
        return STR("Upgrade Required");
    case 428:
        return STR("Precondition Required");
    case 429:
        return STR("Too Many Requests");
    case 431:
        return STR("Request Header Fields Too Large");
    case 451:
        return STR("Unavailable For Legal Reasons");
    case 498:
        return STR("Invalid Token");
    case 499:
        return STR("Client Closed Request");
    case 500:
        return STR("Internal Server Error");
    case 501:
        return STR("Not Implemented");
    case 502:
        return STR("Bad Gateway");
    case 503:
        return STR("Service Unavailable");
    case 504:
        return STR("Gateway Timeout");
    case 505:
        return STR("HTTP Version Not Supported");
    case 529:
        return STR("Site Is Overloaded");
    }
    return STR("Status");
}
