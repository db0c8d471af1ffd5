"""Holds Structs against the layout that compiled code reads them by."""

cdef extern from *:
    """
    #include "structmember.h"
    #define IS_FIELD(thing) PyObject_TypeCheck(thing, &PyMemberDescr_Type)
    #define OFFSET(field) (((PyMemberDescrObject *)(field))->d_member->offset)
    """
    bint IS_FIELD(object thing)
    Py_ssize_t OFFSET(object field)


cpdef int checked(object kind, const char *names) except -1:
    """Raise ImportError unless a Struct has these fields, and they lie in this order."""
    cdef Py_ssize_t place = sizeof(void *) + sizeof(Py_ssize_t)
    fields = (<bytes>names).decode().split()
    found = {name: field for name, field in kind.__dict__.items() if IS_FIELD(field)}
    for name in fields:
        if name not in found or OFFSET(found[name]) != place:
            raise ImportError(
                f"{kind.__name__} must lie in memory as layout.pxd says, but {name} does not; say it there and rebuild"
            )
        place += sizeof(void *)
    return 0
