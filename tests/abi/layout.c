/* Compiled, in C99 and in C++, and never run: every public structure is as structs.def says. */
#include <municipal.h>

#ifdef __cplusplus
#define HOLDS(what, text) static_assert(what, text)
#else
#define HOLDS(what, text) _Static_assert(what, text)
#endif

#if UINTPTR_MAX == 0xffffffffffffffffu
#define STRUCT(s, size) HOLDS(sizeof(s) == (size), "the size of " #s " is not " #size);
/* the place of a member, and its type: no other pointer is answered without a cast */
#define MEMBER(s, m, type, at)                                                                                                   \
    HOLDS(offsetof(s, m) == (at), #s "." #m " does not stand at " #at);                                                          \
    type *at_##s##_##m(s *p);                                                                                                    \
    type *at_##s##_##m(s *p) { return &p->m; }
#include "structs.def"
#else
int nothing;
#endif
