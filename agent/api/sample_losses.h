/* SPDX-License-Identifier: Apache-2.0 */
/* sample_losses: what the counters say they could not count, since the programs were loaded. */
#pragma once

struct losses;
struct sample;

void sample_losses(const struct sample *s, struct losses *to);
