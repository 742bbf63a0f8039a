# llmux.  The two commands: `make run` and `make test`.  `make help` lists the rest.
#
# Everything is built under build/ (build/$(SAN) for the sanitizer builds: SAN=asan, SAN=tsan, SAN=fuzz).

SAN ?=
CC ?= cc
B := build$(if $(SAN),/$(SAN))

PKGS := libevent libevent_openssl libevent_pthreads libcurl yajl yaml-0.1 openssl
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Wwrite-strings -Werror
OPT := -O2 -g
SANFLAGS :=
ifeq ($(SAN),asan)
OPT := -O1 -g
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
ifeq ($(SAN),tsan)
OPT := -O1 -g
SANFLAGS := -fsanitize=thread -fno-omit-frame-pointer
endif
ifeq ($(SAN),fuzz)
CC := clang
OPT := -O1 -g
SANFLAGS := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif

CFLAGS = -std=c11 -D_GNU_SOURCE $(OPT) $(WARN) $(SANFLAGS) -I. -I$(B) -MMD -MP $(shell pkg-config --cflags $(PKGS))
LDLIBS = $(shell pkg-config --libs $(PKGS)) -lm -lpthread
LDFLAGS = $(SANFLAGS)

# Sources.  A .re file becomes a .c file below $(B), a .y file a .c and a .h.
RUNTIME_C := $(wildcard runtime/*/*.c)
RUNTIME_RE := $(wildcard runtime/*/*.re)
GENERATED_C := $(wildcard generated/*.c)
SERVER_C := $(filter-out server/main.c,$(wildcard server/*.c server/*/*.c))
SERVER_RE := $(wildcard server/*/*.re)
SPECC_C := $(filter-out codegen/main.c,$(wildcard codegen/*.c))
SPECC_RE := $(wildcard codegen/*.re)
SPECC_Y := $(wildcard codegen/*.y)

obj = $(patsubst %,$(B)/%.o,$(basename $(1)))
RUNTIME_O := $(call obj,$(RUNTIME_C) $(RUNTIME_RE))
GENERATED_O := $(call obj,$(GENERATED_C))
SERVER_O := $(call obj,$(SERVER_C) $(SERVER_RE))
SPECC_O := $(call obj,$(SPECC_C) $(SPECC_RE) $(SPECC_Y))
BASE_O := $(call obj,$(wildcard runtime/base/*.c))

TESTS := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/test_*.c))
TEST_LIB_O := $(call obj,$(wildcard tests/lib/*.c))

.PHONY: all generate clean unit
.SECONDARY:
all: $(B)/specc $(B)/llmux

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c $< -o $@
$(B)/%.o: $(B)/%.c
	$(CC) $(CFLAGS) -I$(B)/codegen -Icodegen -c $< -o $@
$(B)/%.c: %.re
	@mkdir -p $(@D)
	re2c -b -W --no-generation-date -o $@ $<
$(B)/%.c $(B)/%.h: %.y
	@mkdir -p $(@D)
	lemon -q -d$(@D) $<

# The lexer includes the token numbers that lemon writes.
$(call obj,$(SPECC_C) $(SPECC_RE)) $(B)/codegen/main.o: $(patsubst %.y,$(B)/%.h,$(SPECC_Y))

$(B)/specc: $(B)/codegen/main.o $(SPECC_O) $(BASE_O)
	$(CC) $(LDFLAGS) $^ -o $@ -lm
$(B)/llmux: $(B)/server/main.o $(SERVER_O) $(GENERATED_O) $(RUNTIME_O)
	$(CC) $(LDFLAGS) $^ -o $@ $(LDLIBS)

SPECS := $(sort $(shell find specs -name '*.spec'))
generate: $(B)/specc
	$(B)/specc --out generated $(SPECS)

$(B)/tests/unit/%: $(B)/tests/unit/%.o $(TEST_LIB_O) $(SERVER_O) $(GENERATED_O) $(RUNTIME_O) $(SPECC_O)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) $^ -o $@ -lcmocka $(LDLIBS)
unit: $(TESTS)
	@for t in $(TESTS); do $$t || exit 1; done

clean:
	rm -rf build

-include $(shell find $(B) -name '*.d' 2>/dev/null)
