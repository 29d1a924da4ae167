/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* As setup/version.sh made it from git. */
const char *version(void);
