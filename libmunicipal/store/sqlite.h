/* What of the SQLite driver a test looks at. */
#ifndef MUNI_STORE_SQLITE_H
#define MUNI_STORE_SQLITE_H

#include "core/base.h"

bool muni__network_file_system(uint32_t magic); /* f_type of statfs */

#endif
