# SPDX-License-Identifier: Apache-2.0
# One makefile for everything.  Sources are found, not listed; all that is made lies in .out/.
#   make run | make test            the two that set everything up themselves (see README.md)
#   make | make san | make unit …   the same steps one by one, on a machine that is set up
machine  := $(shell uname -m)
ARCH     ?= $(machine)
target   :=
ifneq ($(ARCH),$(machine))
include setup/cross.mk
endif
O        ?= .out
# One name for one folder: the headers that an object was made from are noted under it.
override O := $(patsubst $(CURDIR)/%,%,$(abspath $O))
CLANG    ?= clang-19
BPFTOOL  ?= $(or $(shell command -v bpftool),/usr/sbin/bpftool)
PREFIX   ?= /usr/local
RUN_FOR  ?=
V        ?= 0
Q        := $(if $(filter 1,$V),,@)
comma    := ,
say       = $(if $Q,@printf '  %-5s %s\n' $1 $(patsubst $O/%,%,$@))

ifeq ($(origin CC),default)
CC       := gcc
endif

libs     := libbpf libelf zlib libcap libseccomp yaml-0.1 libmicrohttpd jansson nettle
PKG_CONFIG ?= pkg-config
warnings := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Werror
# Neither the folder of the sources nor that of the build shows in the bytes.
repro    := -ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$O=.out
export PWD := $(CURDIR)
OPT      ?= -g -O2
cflags   := $(target) -std=gnu17 $(warnings) $(OPT) -D_GNU_SOURCE -fPIE -fstack-protector-strong \
            $(repro) -I. -I$O -Wa,-I. -Wa,-I$O $(shell $(PKG_CONFIG) --cflags $(libs) 2>/dev/null) -MMD -MP
ldflags  := $(target) -pie -Wl,-z,relro,-z,now -Wl,--as-needed
ldlibs   := $(shell $(PKG_CONFIG) --libs $(libs) 2>/dev/null) -lprotobuf-nanopb -ldl -lm -lpthread
san      := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
tsan     := -fsanitize=thread -fno-omit-frame-pointer
fuzz     := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
bpfcode  := -g -O2 -target bpf -mcpu=v3
bpfflags := $(bpfcode) -Wall -Werror -D__TARGET_ARCH_$(patsubst aarch64,arm64,$(ARCH:x86_64=x86)) \
            -DBPF_NO_KFUNC_PROTOTYPES -fms-extensions -Wno-microsoft-anon-tag \
            -isystem vmlinux/$(ARCH) -I. $(repro) -MMD -MP

# What goes into other programs, not into ours: its bytes do, with those of some scripts.
graft    := agent/sandbox/graft/library
graftflags := $(target) -std=gnu17 $(warnings) -O2 -D_GNU_SOURCE -fPIC -ffreestanding -nostdlib -shared -s \
            -fvisibility=hidden -fno-stack-protector -fno-asynchronous-unwind-tables \
            $(repro) -I. -Wl,-z,defs,-z,now,-z,relro,-z,noexecstack,--build-id=none
srcs     := $(filter-out $(graft).c,$(sort $(shell find agent exporters -name '*.c' 2>/dev/null)))
messages := $(sort $(patsubst %.options,%.pb.c,$(shell find agent exporters -name '*.options')))
bpfs     := $(sort $(shell find bpf -name '*.bpf.c'))
units    := $(shell find tests/unit -name '*_test.c' 2>/dev/null)
fuzzers  := $(shell find tests/fuzz -name '*_fuzz.c' 2>/dev/null)
tricks   := $(filter-out %/bare.c,$(wildcard tests/vm/escape/*.c))
tools    := $(filter-out $(filter-out %/tricks.c,$(tricks)), \
            $(shell find tests/bench tests/vm tests/lib tests/bpf tests/e2e -name '*.c' 2>/dev/null))
skels    := $(bpfs:%.bpf.c=$O/%.skel.h)
bpftests := $(shell find tests -name "*.bpf.c" 2>/dev/null)

all: $O/fairlead
san: $O/san/fairlead
tools: $O/docs/generate $(filter-out %.bpf,$(tools:%.c=$O/%)) $(bpftests:%.bpf.c=$O/%.bpf.o)

# --- kernel side: .bpf.c -> object -> linked object -> skeleton ---
# In two steps, as clang's passes go through some tables in the order of their addresses, which
# moves with the length of any path and variable in sight.  The second step sees none.
$O/%.bpf.o: %.bpf.c $O/built/bpfflags ; $(call say,BPF)
	$Q mkdir -p $(@D) && $(CLANG) $(bpfflags) -MT $@ -emit-llvm -Xclang -disable-llvm-passes \
		-c $< -o $(@:.o=.bc)
	$Q cd / && env -i "$$(command -v $(CLANG))" $(bpfcode) -Wall -Werror -x ir -c - -o - \
		<$(abspath $(@:.o=.bc)) >$(abspath $@)
$O/%.skel.h: $O/%.bpf.o ; $(call say,SKEL)
	$Q $(BPFTOOL) gen object $(@:.skel.h=.o) $< && $(BPFTOOL) gen skeleton $(@:.skel.h=.o) name $(notdir $*)_bpf > $@

# --- messages: somebody else's schema, which NAME.options names, -> NAME.pb.c and .h by nanopb ---
made     := $(skels) $(messages:%=$O/%) $O/built/version.h
$(messages:%=$O/%): $O/%.pb.c: %.options ; $(call say,PROTO)
	$Q mkdir -p $(@D) && cp "$$(sed -n 's/^# schema: //p' $<)" $O/$*.proto
	$Q cd $(@D) && nanopb_generator.py -q -x google/protobuf/timestamp.proto -f $(abspath $<) -I . \
		-I /usr/include $(*F).proto
	$Q sed -i 's,^#include ".*/,#include ",' $O/$*.pb.h	# what a schema imports is made beside it

# --- user side, four ways: plain, under sanitizers of memory, of threads, for the fuzzers ---
version  := $(shell sh setup/version.sh)
$O/built/version.h: content = \#define FAIRLEAD_VERSION "$(version)"
# Other flags or another compiler: all is made anew.
$O/built/flags: content = $(CC) $(cflags) $(CFLAGS) $(ldflags) $(LDFLAGS) $(ldlibs)
$O/built/bpfflags: content = $(CLANG) $(bpfflags)
$O/built/%: FORCE
	$Q mkdir -p $(@D) && echo '$(content)' > $@.new && \
	if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$O/$(graft).so: $(graft).c $O/built/flags ; $(call say,GRAFT)
	$Q mkdir -p $(@D) && $(CC) $(graftflags) -MMD -MP -MT $@ -MF $(@:.so=.d) $< -o $@
$(foreach way,/ /san/ /tsan/ /fuzz/,$O$(way)agent/sandbox/graft/graft.o): $O/$(graft).so $(wildcard agent/sandbox/graft/*.py agent/sandbox/graft/*.js agent/sandbox/graft/*.java)

# folder, compiler, flags
define objects
$O/$1%.o: %.c $O/built/flags | $(made) ; $$(call say,CC)
	$$Q mkdir -p $$(@D) && $2 $(cflags) $(CFLAGS) $3 -c $$< -o $$@
$O/$1%.pb.o: $O/%.pb.c $O/built/flags | $(made) ; $$(call say,CC)
	$$Q mkdir -p $$(@D) && $2 $(cflags) $(CFLAGS) $3 -c $$< -o $$@
endef
$(eval $(call objects,,$(CC),))
$(eval $(call objects,san/,$(CC),$(san)))
$(eval $(call objects,tsan/,$(CC),$(tsan)))
$(eval $(call objects,fuzz/,$(CLANG),$(fuzz)))

# Everything but main.c is one archive a way, so that a test links only what it uses.
parts    := $(filter-out agent/main.c,$(srcs)) $(messages)
$O/fairlead.a: $(parts:%.c=$O/%.o)
$O/san/fairlead.a: $(parts:%.c=$O/san/%.o)
$O/fuzz/fairlead.a: $(parts:%.c=$O/fuzz/%.o)
$O/%.a: ; $(call say,AR)
	$Q rm -f $@ && $(AR) rcsD $@ $^

$O/fairlead: $O/agent/main.o $O/fairlead.a ; $(call say,LINK)
	$Q $(CC) $(CFLAGS) $(ldflags) $(LDFLAGS) $^ $(ldlibs) -o $@
$O/san/fairlead: $O/san/agent/main.o $O/san/fairlead.a ; $(call say,LINK)
	$Q $(CC) $(CFLAGS) $(san) $(ldflags) $(LDFLAGS) $^ $(ldlibs) -o $@
$O/san/tests/unit/%: $O/san/tests/unit/%.o $O/san/fairlead.a ; $(call say,LINK)
	$Q $(CC) $(CFLAGS) $(san) $(ldflags) $(LDFLAGS) $^ $(ldlibs) -o $@
# The rooms that know of threads, and what these see.
$O/tsan/fairlead.a: $(patsubst %.c,$O/tsan/%.o,$(filter agent/base/% agent/loop/% agent/snapshot/% exporters/%,$(parts)))
$O/tsan/tests/unit/%: $O/tsan/tests/unit/%.o $O/tsan/fairlead.a ; $(call say,LINK)
	$Q $(CC) $(CFLAGS) $(tsan) $(ldflags) $(LDFLAGS) $^ $(ldlibs) -o $@
$O/fuzz/tests/fuzz/%: $O/fuzz/tests/fuzz/%.o $O/fuzz/fairlead.a ; $(call say,LINK)
	$Q $(CLANG) $(CFLAGS) $(fuzz) -fsanitize=fuzzer $(ldflags) $(LDFLAGS) $^ $(ldlibs) -o $@
$O/tests/%: $O/tests/%.o $O/fairlead.a ; $(call say,LINK)
	$Q $(CC) $(CFLAGS) $(ldflags) $(LDFLAGS) $^ $(ldlibs) -o $@
# It runs in any root, so it brings all it needs; bare is what it runs in with a guard taken away.
$O/tests/vm/escape/tricks: $(tricks:%.c=$O/%.o) ; $(call say,LINK)
	$Q $(CC) $(target) $(CFLAGS) $(LDFLAGS) -static-pie $^ -o $@
$O/tests/vm/escape/bare: ldlibs += $(patsubst %,-Wl$(comma)--wrap=%,filter_load rights_drop rights_fence \
	rights_limit streams_check streams_narrow root_frame room_build close_range prctl open syscall)
$O/docs/%: $O/docs/%.o $O/fairlead.a ; $(call say,LINK)
	$Q $(CC) $(CFLAGS) $(ldflags) $(LDFLAGS) $^ $(ldlibs) -o $@

threaded := worker_test otlp_sender_test
unit-tests: $(units:%.c=$O/san/%) $(threaded:%=$O/tsan/tests/unit/%)
fuzz-targets: $(fuzzers:%.c=$O/fuzz/%)

# --- the two commands of the README ---
run:
	$Q setup/install.sh build
	$Q $(MAKE) --no-print-directory -j$(shell nproc) all
	$Q setup/run.sh $O/fairlead $(RUN_FOR)
test:
	$Q setup/install.sh build
	$Q tests/run.sh

# --- single steps ---
tiers := unit bpf e2e vm fuzz ship check
$(tiers:%=test-%): test-%:
	$Q tests/run.sh $*
fuzz:
	$Q $(MAKE) --no-print-directory fuzz-targets
	$Q tests/fuzz/run.sh $(TARGET) $(TIME)
vm: all
	$Q setup/install.sh build vm
	$Q tests/vm/person.sh $(KERNEL)
prove: all
	$Q tests/prove/prove.sh $(PART)
# COST=0.1 is a trial; the page that is kept is of a quiet machine.
cost: all tools
	$Q setup/install.sh build test prove
	$Q O=$O python3 tests/bench/report.py --scale $(or $(COST),1) >$O/cost.md && cp $O/cost.md docs/cost.md
vmlinux:
	$Q setup/install.sh build vm
	$Q vmlinux/generate.sh x86_64
	$Q vmlinux/generate.sh aarch64
docs: $O/docs/generate
	$Q for page in config cli metrics; do $< $$page-md >docs/$$page.md || exit 1; done
format:
	$Q clang-format-19 -i $(shell git ls-files '*.c' '*.h' | grep -v '^vmlinux/')

include setup/ship.mk

clean: ; $Q rm -rf $O
FORCE:
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all san tools unit-tests fuzz-targets run test fuzz vm prove cost vmlinux docs format clean FORCE $(tiers:%=test-%)
-include $(shell find $O -name '*.d' -type f 2>/dev/null)
