# llmux.  The two commands are `make run` and `make test`; `make help` lists the rest.
#
# Everything is built under build/, and the sanitizer builds beside it: SAN=asan (addresses, undefined behaviour, and
# a count of the rows of the specs) in build/asan, SAN=tsan (threads) in build/tsan, SAN=fuzz (clang, libFuzzer) in
# build/fuzz.  The ways of requests through the program are compiled as one, which makes linking it slow: OPTIMIZE=none, in
# build/none, does without, for quick changes; OPTIMIZE=lto, in build/lto, does so with all of the program; `make optimized` also
# arranges it for what it did under load.  After a change of flags: `make clean`.

SAN ?=
OPTIMIZE ?=
B := build$(if $(SAN),/$(SAN))$(if $(OPTIMIZE),/$(OPTIMIZE))
ifeq ($(SAN),fuzz)
CC := clang
endif
ifeq ($(origin CC),default)
CC := gcc
endif

PKGS := libevent libevent_openssl libevent_pthreads yajl yaml-0.1 openssl zlib libpcre2-8
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla \
        -Wwrite-strings -Werror
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
OPT := -O1 -g
SANFLAGS := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
# Objects of which a program is made as one; tests take the finished code in them, and are linked in no time.
FAT := $(if $(SAN)$(OPTIMIZE)$(findstring clang,$(CC)),,-flto=auto -ffat-lto-objects)
ifneq ($(filter-out none,$(OPTIMIZE)),)
OPT += -flto=auto
SANFLAGS += $(if $(filter train,$(OPTIMIZE)),-fprofile-generate -fprofile-update=prefer-atomic)
SANFLAGS += $(if $(filter pgo,$(OPTIMIZE)),-fprofile-use -fprofile-correction -fprofile-partial-training)
endif
# The sanitizer build also counts which rows of the specs were read and written.
ROWS := $(if $(filter asan,$(SAN)),-DXD_COUNT_ROWS)

# libcurl is loaded when it is needed: server/upstream/curl_library.h.
# Asked for once; a fresh machine has no pkg-config before `make setup`.
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) libcurl 2>/dev/null)
PKG_LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null)
CFLAGS = -std=c11 -D_GNU_SOURCE $(OPT) $(WARN) $(SANFLAGS) $(ROWS) -I. -I$(B) -MMD -MP $(PKG_CFLAGS)
LDFLAGS = $(if $(filter-out none,$(OPTIMIZE)),$(OPT)) $(if $(FAT),-fno-lto) $(SANFLAGS)
LDLIBS = $(PKG_LIBS) -lm -lpthread

# --- sources: a .re file becomes a .c file below $(B), a .y file a .c and a .h ------------------------

RUNTIME := $(wildcard runtime/*/*.c runtime/*/*.re)
GENERATED := $(wildcard generated/*.c)
SERVER := $(filter-out server/main.c,$(wildcard server/*.c server/*/*.c server/*/*.re))
SPECC := $(filter-out codegen/main.c,$(wildcard codegen/*.c codegen/*.re codegen/*.y))
SPECS := $(sort $(wildcard specs/*.spec specs/*/*.spec))

obj = $(patsubst %,$(B)/%.o,$(basename $(1)))
RUNTIME_O := $(call obj,$(RUNTIME))
GENERATED_O := $(call obj,$(GENERATED))
SERVER_O := $(call obj,$(SERVER))
# What most requests pass through; the rest of the server would only make linking slower.
HOT_O := $(RUNTIME_O) $(filter $(addprefix $(B)/server/,http/% upstream/% wire/% gateway/% log/% metrics/%),$(SERVER_O))
SPECC_O := $(call obj,$(SPECC))
BASE_O := $(call obj,$(wildcard runtime/base/*.c))
LIB_O := $(call obj,$(wildcard tests/lib/*.c))
UNITS := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/unit/test_*.c))
CORPUS := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/corpus/test_*.c))
CORPUS_O := $(call obj,$(filter-out tests/corpus/test_%,$(wildcard tests/corpus/*.c)))
SIMULATE_O := $(call obj,$(filter-out tools/simulate/main.c,$(wildcard tools/simulate/*.c)))
SIMULATE := $(B)/tools/simulate/simulate $(B)/tests/simulation/test_simulation
FUZZERS := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/fuzz/fuzz_*.c))

BENCH := $(B)/tests/bench/load $(B)/tests/bench/micro $(B)/tests/bench/resilience $(B)/tests/bench/routing \
         $(B)/tests/bench/redact $(B)/tests/bench/calls.so
BENCH_O := $(call obj,$(filter-out tests/bench/calls.c,$(wildcard tests/bench/*.c)))
MICRO_O := $(call obj,$(wildcard tests/bench/micro*.c))

.PHONY: all objects programs help setup run test unit corpus simulate test-simulation rows test-request-ids \
    test-observability test-observability-long pictures e2e fuzzers fuzz check programs-bench test-bench bench bench-quick bench-redact bench-resilience bench-routing bench-overload bench-hedge profile optimized \
    generate format sizes clean
.SECONDARY:
.DELETE_ON_ERROR:

all: $(B)/specc $(B)/llmux

help:
	@echo 'make run        install what is missing, build, start the gateway, show a first reply'
	@echo 'make test       install what is missing, run the whole test suite'
	@echo
	@echo 'make            build/llmux and build/specc              make clean           remove build/'
	@echo 'make unit       unit tests (SAN=asan|tsan)               make corpus          recorded traffic (SAN=asan)'
	@echo 'make simulate   strategies in scripted weather            make test-simulation  what must hold there'
	@echo 'make e2e        official SDKs against real processes     make fuzz            FUZZ_SECONDS=60 each'
	@echo 'make pictures   those of docs/observability.md           make test-observability  metrics, traces, logs'
	@echo 'make rows       rows of the specs that no test exercised'
	@echo 'make check      formatting, include rules, both compilers, static analysis, generated files'
	@echo 'make sizes      size and compile time of the generated code, by dialect'
	@echo 'make generate   compile specs/ into generated/           make format          clang-format'
	@echo 'make bench      the full benchmark                       make bench-quick     under a minute'
	@echo 'make bench-overload  twice what can be done                make bench-hedge     slow starts, with second calls'
	@echo 'make profile    where the time goes, layer by layer      make optimized   build/pgo/llmux, made for its load'
	@echo
	@echo 'V=1 shows the commands, -j2 builds in parallel.'

# --- building ---------------------------------------------------------------------------------------------

V ?= 0
Q := $(if $(filter 0,$(V)),@)
say = $(if $(filter 0,$(V)),@printf '  %-5s %s\n' $(1) $@)

$(HOT_O): OPT += $(FAT)
$(B)/%.o: %.c
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -c $< -o $@
$(B)/%.o: $(B)/%.c
	$(call say,CC)
	$(Q)$(CC) $(CFLAGS) -I$(B)/codegen -Icodegen -c $< -o $@
$(B)/%.c: %.re
	$(call say,RE2C)
	@mkdir -p $(@D)
	$(Q)re2c -b $(RE2C) -W --no-generation-date -I $(B)/runtime -o $@ $<
# Of what secrets look like: the rules of a DFA, and how they begin.
$(B)/runtime/redact/match.c: $(B)/runtime/redact/secrets.re
$(B)/runtime/redact/match.c: RE2C = -c
$(B)/runtime/redact/hints.o: $(B)/runtime/redact/starts.h
$(B)/runtime/redact/secrets.re: PART = rules
$(B)/runtime/redact/starts.h: PART = starts
$(B)/runtime/redact/secrets.re $(B)/runtime/redact/starts.h: specs/redact/secrets.tab tools/redact.awk
	$(call say,AWK)
	@mkdir -p $(@D)
	$(Q)LC_ALL=C awk -v part=$(PART) -f tools/redact.awk $< >$@
$(B)/%.c $(B)/%.h: %.y
	$(call say,LEMON)
	@mkdir -p $(@D)
	$(Q)lemon -q -d$(@D) $<
	$(Q)touch $(@:.h=.c) $(@:.c=.h)     # lemon does not touch a header that stays the same

# The lexer and the grammar's actions include the token numbers that lemon writes.
$(SPECC_O) $(B)/codegen/main.o: $(patsubst %.y,$(B)/%.h,$(filter %.y,$(SPECC)))

$(B)/specc: $(B)/codegen/main.o $(SPECC_O) $(BASE_O)
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) $^ -o $@ -lm
# Plugins call back into the runtime.
$(B)/llmux: LDFLAGS += -rdynamic $(if $(FAT),$(OPT) $(FAT))
$(B)/llmux: $(B)/server/main.o $(SERVER_O) $(GENERATED_O) $(RUNTIME_O)
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) $^ -o $@ $(LDLIBS)

OUT ?= generated
MANUAL ?= docs/providers.md
generate: $(B)/specc
	@$(B)/specc --out $(OUT) --manual $(MANUAL) $(SPECS)

# --- tests ----------------------------------------------------------------------------------------------

# A test takes from this what it needs, which links faster than all of it.
PARTS := $(B)/parts.a
$(PARTS): $(SERVER_O) $(GENERATED_O) $(RUNTIME_O) $(SPECC_O)
	$(Q)rm -f $@
	$(Q)ar rcsT $@ $^

$(B)/tests/unit/%: $(B)/tests/unit/%.o $(LIB_O) $(PARTS)
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) $^ -o $@ -lcmocka $(LDLIBS)
# They load shared objects, which call back into the runtime: all of it.
ROOMY := $(B)/tests/unit/test_add_provider $(B)/tests/unit/test_spec_manual
$(ROOMY): $(B)/%: $(B)/%.o $(LIB_O) $(SERVER_O) $(GENERATED_O) $(RUNTIME_O) $(SPECC_O)
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) -rdynamic $^ -o $@ -lcmocka $(LDLIBS)
$(B)/tests/corpus/test_%: $(B)/tests/corpus/test_%.o $(CORPUS_O) $(LIB_O) $(PARTS)
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) $^ -o $@ -lcmocka $(LDLIBS)
$(B)/tools/simulate/simulate: $(B)/tools/simulate/main.o $(SIMULATE_O) $(PARTS)
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) $^ -o $@ $(LDLIBS)
$(B)/tests/simulation/%: $(B)/tests/simulation/%.o $(SIMULATE_O) $(PARTS)
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) $^ -o $@ -lcmocka $(LDLIBS)
$(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(LIB_O) $(PARTS)
	$(call say,LD)
	$(Q)$(CC) -fsanitize=fuzzer,address,undefined $^ -o $@ -lcmocka $(LDLIBS)

# All that can be compiled, and all that the tests run.
objects: $(RUNTIME_O) $(GENERATED_O) $(SERVER_O) $(SPECC_O) $(B)/server/main.o $(B)/codegen/main.o $(LIB_O) $(CORPUS_O) \
    $(BENCH_O) $(SIMULATE_O) $(B)/tools/simulate/main.o \
    $(addsuffix .o,$(UNITS) $(CORPUS) $(FUZZERS) $(filter %/test_simulation,$(SIMULATE)))
programs: all $(UNITS) $(CORPUS) $(SIMULATE)

unit: $(UNITS) $(B)/llmux $(B)/specc
	@tests/run.sh $(B) $(UNITS)
# Strategies in scripted weather: `make simulate` prints tables, `make test-simulation` looks for what must hold.
simulate: $(B)/tools/simulate/simulate
	@$<
test-simulation: $(B)/tests/simulation/test_simulation
	@tests/run.sh $(B) $<
corpus: $(CORPUS) $(B)/llmux
	@tests/run.sh $(B) $(CORPUS)
# Which rows of the specs did unit and corpus not exercise?
rows:
	@rm -f build/rows
	@LLMUX_ROWS=$(CURDIR)/build/rows $(MAKE) --no-print-directory SAN=asan unit corpus
	@awk -f tools/rows.awk build/rows
e2e: $(B)/llmux
	@tests/e2e/run.sh $(B)
# 10^8 request ids, made by threads of two processes, and none of them twice: half a minute, 1.6 GB.
test-request-ids: $(B)/tests/unit/test_gateway_request_id
	@LLMUX_IDS=100000000 timeout 300 $<
# What Prometheus and an OTLP receiver get: traces, metrics, logs and request ids, in short.
test-observability: $(B)/llmux $(B)/tests/unit/test_metrics $(B)/tests/unit/test_log $(B)/tests/unit/test_gateway_request_id \
    $(addprefix $(B)/tests/unit/test_,trace_context trace_protobuf trace_exporter trace_receipt gateway_transcript config_telemetry)
	@tests/run.sh $(B) $(filter $(B)/tests/unit/%,$^)
	@E2E_SECONDS=120 tests/e2e/run.sh $(B) ./observability.test.mjs ./telemetry.test.mjs ./log.test.mjs
# The same, and the receiver is lost for a minute, in three ways at a time: two minutes.
test-observability-long: test-observability
	@LOST_SECONDS=60 E2E_SECONDS=600 tests/e2e/run.sh $(B) ./telemetry.test.mjs
# The pictures of docs/observability.md, drawn from a run of so many seconds.
PICTURE_SECONDS ?= 40
pictures: $(B)/llmux
	@LLMUX=$(CURDIR)/$< node tests/e2e/pictures.mjs $(PICTURE_SECONDS)
FUZZ_SECONDS ?= 60
fuzzers: $(FUZZERS)
fuzz:
	@$(MAKE) --no-print-directory SAN=fuzz fuzzers
	@tests/fuzz/run.sh $(FUZZ_SECONDS)

setup:
	@tools/setup.sh test
run:
	@tools/setup.sh build
	@$(MAKE) -s --no-print-directory -j2 build/llmux
	@tools/run.sh
test: setup
	@tests/all.sh

# --- the house --------------------------------------------------------------------------------------------

check: setup
	@tools/check.sh
# Of the generated code, by dialect: bytes and compile time.
sizes:
	@CC='$(CC)' CFLAGS='$(filter-out -MMD -MP -I$(B),$(CFLAGS))' tools/sizes.sh
format:
	@clang-format -i $$(git ls-files '*.c' '*.h' | grep -v ^generated/)
clean:
	rm -rf build

# --- speed ------------------------------------------------------------------------------------------------

$(B)/tests/bench/load: $(filter-out $(MICRO_O) %/resilience.o %/routing.o %/redact.o,$(BENCH_O))
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) $^ -o $@
$(B)/tests/bench/micro: $(MICRO_O) $(GENERATED_O) $(RUNTIME_O)
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) $^ -o $@ $(LDLIBS)
$(B)/tests/bench/resilience: $(B)/tests/bench/resilience.o $(PARTS)
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) $^ -o $@ $(LDLIBS)
$(B)/tests/bench/routing: $(B)/tests/bench/routing.o $(SIMULATE_O) $(PARTS)
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) $^ -o $@ $(LDLIBS)
$(B)/tests/bench/redact: $(B)/tests/bench/redact.o $(PARTS)
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) $^ -o $@ $(LDLIBS)
$(B)/tests/bench/calls.so: tests/bench/calls.c
	$(call say,LD)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -fPIC -shared $< -o $@
programs-bench: $(B)/llmux $(BENCH)
bench bench-quick:
	@tools/setup.sh bench
	@$(MAKE) --no-print-directory -j2 programs-bench
	@python3 tests/bench/run.py --build $(B) $(if $(filter bench-quick,$@),--quick)
	-@$(B)/tests/bench/redact
test-bench: programs-bench
	@LLMUX_BUILD=$(B) python3 -m unittest discover -s tests/bench
bench-redact: $(B)/tests/bench/redact
	@$<
bench-resilience: $(B)/tests/bench/resilience
	@$<
bench-routing: $(B)/tests/bench/routing
	@$<
# Twice what can be done; slow starts.  With the end-to-end tests' Node.js.
bench-overload bench-hedge: $(B)/llmux
	@sh tests/e2e/run.sh --node $(B) $(abspath tests/bench/$(@:bench-%=%).mjs)
# Three builds: one counts what its code does under load, the next is made for that.
optimized:
	@tools/setup.sh bench
	@rm -rf build/train build/pgo
	@$(MAKE) --no-print-directory -j2 OPTIMIZE=train build/train/llmux build/train/tests/bench/load
	@python3 tests/bench/train.py --build build/train
	@mkdir -p build/pgo
	@cd build/train && find . -name '*.gcda' -exec cp --parents -t ../pgo {} +
	@$(MAKE) --no-print-directory -j2 OPTIMIZE=pgo WARN=-w build/pgo/llmux
	@echo build/pgo/llmux
profile:
	@tools/setup.sh bench
	@$(MAKE) --no-print-directory -j2 programs-bench
	@python3 tests/bench/profile.py --build $(B)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
