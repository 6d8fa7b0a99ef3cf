/* Which version of the library is running. */
#include "config.h"
#include "core/base.h"

const char *muni_version(void) {
    return PACKAGE_VERSION;
}

int32_t muni_version_number(void) {
    return MUNI_VERSION_NUMBER;
}
