/* The names of the exception classes in the bindings: <name>Error in Python, <name>Exception in PHP. A code of errors.def that has no name
 * here does not compile. Where MUNI_PARENT is defined, this lists the parents instead:
 * MUNI_PARENT(name, built-in class in Python that it is as well, doc). In PHP all are beneath Municipal\Exception, a RuntimeException. */
#ifdef MUNI_PARENT
MUNI_PARENT(Input, ValueError, "What was given is not valid.")
MUNI_PARENT(State, RuntimeError, "Not possible as things stand.")
MUNI_PARENT(Conflict, RuntimeError, "Somebody or something else was there first.")
MUNI_PARENT(NotFound, LookupError, "Not there, or not for this session to see.")
MUNI_PARENT(Denied, PermissionError, "Not permitted.")
MUNI_PARENT(Busy, TimeoutError, "In use by somebody else.")
MUNI_PARENT(Storage, OSError, "The store could not be read or written.")
MUNI_PARENT(Internal, RuntimeError, "The library or the machine failed.")
#elif !defined(MUNI_CORE_CLASSES_H)
#define MUNI_CORE_CLASSES_H
#define MUNI_CLASS_EINVAL "InvalidArgument"
#define MUNI_CLASS_EFIELD "UnknownField"
#define MUNI_CLASS_ETYPE "WrongType"
#define MUNI_CLASS_EREQUIRED "MissingField"
#define MUNI_CLASS_ELIMIT "Limit"
#define MUNI_CLASS_EUTF8 "Utf8"
#define MUNI_CLASS_EENCODING "Encoding"
#define MUNI_CLASS_EFORMAT "Format"
#define MUNI_CLASS_EUNIQUE "NotUnique"
#define MUNI_CLASS_EREF "Reference"
#define MUNI_CLASS_ENOTFOUND "NoRecord"
#define MUNI_CLASS_EDENIED "NoPermission"
#define MUNI_CLASS_EAUTH "Authentication"
#define MUNI_CLASS_ELOCKEDOUT "LockedOut"
#define MUNI_CLASS_EEXPIRED "Expired"
#define MUNI_CLASS_ESTALE "Stale"
#define MUNI_CLASS_ESTATE "WrongState"
#define MUNI_CLASS_EGUARD "Guard"
#define MUNI_CLASS_EMOVED "Moved"
#define MUNI_CLASS_EAPPROVAL "Approval"
#define MUNI_CLASS_EDEFINITION "Definition"
#define MUNI_CLASS_EPATTERN "Pattern"
#define MUNI_CLASS_EBUSY "Locked"
#define MUNI_CLASS_EDOOMED "Doomed"
#define MUNI_CLASS_ECLOSED "Closed"
#define MUNI_CLASS_EFORK "Fork"
#define MUNI_CLASS_ECANCELLED "Cancelled"
#define MUNI_CLASS_EINDOUBT "InDoubt"
#define MUNI_CLASS_EIO "InputOutput"
#define MUNI_CLASS_EFULL "Full"
#define MUNI_CLASS_EREADONLY "ReadOnly"
#define MUNI_CLASS_ENOTSTORE "NotAStore"
#define MUNI_CLASS_EUPGRADE "NeedsUpgrade"
#define MUNI_CLASS_EVERSION "NewerStore"
#define MUNI_CLASS_ECORRUPT "Corrupt"
#define MUNI_CLASS_ENOTSUP "NotSupported"
#define MUNI_CLASS_ENOMEM "OutOfMemory"
#define MUNI_CLASS_EINTERNAL "InternalFault"
#endif
