# SPDX-License-Identifier: Apache-2.0
# Building for another architecture: make ARCH=aarch64 makes .out/aarch64/fairlead.
# What it needs is fetched on the first run: setup/sysroot.sh.
O        ?= .out/$(ARCH)
triplet  := $(ARCH)-linux-gnu
sysroot  := $(patsubst $(CURDIR)/%,%,$(shell setup/sysroot.sh $(ARCH)))
ifeq ($(sysroot),)
$(error no libraries to build for $(ARCH) with)
endif

ifeq ($(origin CC),default)
CC       := $(triplet)-gcc
endif
ifeq ($(origin AR),default)
AR       := $(triplet)-ar
endif
target   := --sysroot=$(sysroot) -ffile-prefix-map=$(sysroot)=sysroot
ifneq ($(findstring clang,$(CC)),)	# gcc is made for one target; clang is told, and where gcc's own library is
target   += --target=$(triplet) --gcc-install-dir=$(patsubst %/,%,$(dir $(shell $(triplet)-gcc -print-libgcc-file-name)))
endif
PKG_CONFIG ?= PKG_CONFIG_SYSROOT_DIR=$(sysroot) PKG_CONFIG_PATH= \
              PKG_CONFIG_LIBDIR=$(sysroot)/usr/lib/$(triplet)/pkgconfig:$(sysroot)/usr/share/pkgconfig pkg-config
