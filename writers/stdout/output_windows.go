package stdout

import (
	"errors"
	"syscall"
)

// errorNoData is ERROR_NO_DATA, "the pipe is being closed", which package syscall does not name.
const errorNoData = syscall.Errno(232)

// nobodyReads tells whether a write failed because the other end of the pipe was closed.
func nobodyReads(err error) bool {
	return errors.Is(err, syscall.ERROR_BROKEN_PIPE) || errors.Is(err, errorNoData)
}
