/* `llmux serve`. */
#ifndef LLMUX_GATEWAY_SERVE_H
#define LLMUX_GATEWAY_SERVE_H

/* Run the gateway until SIGINT or SIGTERM.  argv[0] is "serve".  Returns the exit code: 0 after a
 * shutdown, 1 when the config is wrong or the gateway cannot start, 2 for a wrong command line. */
int cmd_serve(int argc, char **argv);

#endif
