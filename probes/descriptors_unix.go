//go:build unix

package probes

import (
	"math"
	"syscall"
)

// maxDescriptors is how many descriptors this process may have open.
func maxDescriptors() int {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil || files.Cur > math.MaxInt32 {
		return math.MaxInt32
	}
	return int(files.Cur)
}
