/* SPDX-License-Identifier: Apache-2.0 */
/* files: what a job is given to begin with, put into its working folder. */
#pragma once

struct build;

int files_put(struct build *b);
