/* SPDX-License-Identifier: Apache-2.0 */
/* why: a step that failed, as one sentence that says how to mend it. */
#pragma once
struct sandbox_report;
struct sandbox_why;

void why_say(struct sandbox_why *ret, const struct sandbox_report *report);
