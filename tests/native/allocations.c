/* Stands before the C library's allocator and counts: preload it, then call `allocations()`. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static _Atomic long counted;

long allocations(void) { return counted; }

void *malloc(size_t size) { counted++; return __libc_malloc(size); }
void *calloc(size_t count, size_t size) { counted++; return __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { counted++; return __libc_realloc(old, size); }
void *memalign(size_t alignment, size_t size) { counted++; return __libc_memalign(alignment, size); }
