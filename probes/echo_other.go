//go:build !linux

package probes

import (
	"io"
	"os"
)

// wayBack is two ends of a connection to ourselves.
func wayBack() (in io.ReadCloser, out io.WriteCloser, err error) { return os.Pipe() }
