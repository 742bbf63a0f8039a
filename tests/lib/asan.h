/* Is this the build with AddressSanitizer?  Then WITH_ASAN is defined, and poison can be asked for. */
#ifndef LLMUX_TESTS_ASAN_H
#define LLMUX_TESTS_ASAN_H

#include <sanitizer/asan_interface.h>

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif

#endif
