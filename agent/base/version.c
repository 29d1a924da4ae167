/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/base/version.h"

#include "built/version.h" /* generated: the one file that changes with every commit */

const char *version(void)
{
	return FAIRLEAD_VERSION;
}
