package nettest

import (
	"errors"
	"os"
	"syscall"
	"testing"
)

// InOwnNetwork runs a test of this binary as a Child in a network of its own, in which there is only a loopback that is
// down, and judges it. The child is root there. Where this machine does not permit that, see NotPermitted.
func InOwnNetwork(t testing.TB, test, what string) {
	t.Helper()
	child := Child(test, what)
	child.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if os.Getuid() != 0 {
		child.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		child.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		child.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	out, err := child.CombinedOutput()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) {
		NotPermitted(t, "a network namespace of our own (run as root, or allow user namespaces)", err)
	}
	Judge(t, test, out, err)
}

// NotPermitted skips a test for what this machine does not permit. In continuous integration (CI=true) the test fails
// instead: there the machine must permit it.
func NotPermitted(t testing.TB, what string, err error) {
	t.Helper()
	text := "this machine does not permit " + what + ": " + err.Error()
	if os.Getenv("CI") == "true" {
		t.Fatal(text)
	}
	t.Skip(text)
}

// SetKernel sets a parameter of the own network's kernel, a path below /proc/sys/net. Where this machine does not
// permit that, see NotPermitted.
func SetKernel(t testing.TB, name, value string) {
	t.Helper()
	if err := os.WriteFile("/proc/sys/net/"+name, []byte(value), 0o644); err != nil {
		NotPermitted(t, "to set a kernel parameter, not even in a network of our own", err)
	}
}
