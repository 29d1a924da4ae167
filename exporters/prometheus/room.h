/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share: a writer a format, appending to *ret. */
#pragma once
#include <stdbool.h>

struct out;
struct snapshot;

void prometheus_write_text(const struct snapshot *s, bool openmetrics, struct out *ret);
void prometheus_write_protobuf(const struct snapshot *s, struct out *ret);
