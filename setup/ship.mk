# SPDX-License-Identifier: Apache-2.0
# Shipping: what lands on a machine, the OCI image, the Debian package.
DESTDIR ?=
UNITDIR ?= $(PREFIX)/lib/systemd/system
ZSHDIR  ?= $(PREFIX)/share/zsh/site-functions
docdir   = $(PREFIX)/share/doc/fairlead

# Man pages and completions are made from the option table.
generated := $(addprefix $O/docs/,man1 man5 bash zsh)
pages: $(generated)
$(generated): $O/docs/generate ; $(call say,DOC)
	$Q $< $(@F) >$@

install: $O/fairlead $(generated)
	$Q install -D -m 755 $O/fairlead $(DESTDIR)$(PREFIX)/bin/fairlead
	$Q install -D -m 644 $O/docs/man1 $(DESTDIR)$(PREFIX)/share/man/man1/fairlead.1
	$Q install -D -m 644 $O/docs/man5 $(DESTDIR)$(PREFIX)/share/man/man5/fairlead.yaml.5
	$Q install -D -m 644 $O/docs/bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/fairlead
	$Q install -D -m 644 $O/docs/zsh $(DESTDIR)$(ZSHDIR)/_fairlead
	$Q install -D -m 644 LICENSE $(DESTDIR)$(docdir)/LICENSE
	$Q install -D -m 644 packaging/fairlead.yaml $(DESTDIR)$(docdir)/fairlead.yaml
	$Q install -d $(DESTDIR)$(UNITDIR)
	$Q sed 's,/usr/bin/fairlead,$(PREFIX)/bin/fairlead,' examples/systemd/fairlead.service \
		>$(DESTDIR)$(UNITDIR)/fairlead.service && chmod 644 $(DESTDIR)$(UNITDIR)/fairlead.service

image: $O/fairlead
	$Q setup/install.sh image
	$Q setup/image.sh $O/fairlead $O/fairlead.oci.tar '$(version)'
deb:
	$Q setup/install.sh build deb
	$Q packaging/deb.sh $O '$(version)'

.PHONY: pages install image deb
