package compose

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// inEmptyRoot runs the program as the image does: nothing is there but itself and the certificates, the user is 65532 and
// may do nothing special, and the environment is the image's.
func inEmptyRoot(t *testing.T, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	root := t.TempDir()
	content, err := os.ReadFile(program(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "uptimer"), content, 0o700); err != nil {
		t.Fatal(err)
	}
	certificates := filepath.Join(root, "etc/ssl/certs")
	if err := os.MkdirAll(certificates, 0o700); err != nil {
		t.Fatal(err)
	}
	if content, err = os.ReadFile("/etc/ssl/certs/ca-certificates.crt"); err != nil {
		t.Skip("no certificates of the public authorities here: ", err)
	}
	if err := os.WriteFile(filepath.Join(certificates, "ca-certificates.crt"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "/uptimer", args...)
	cmd.Dir, cmd.Env = "/", append([]string{}, env...)
	for name, value := range imageEnvironment(t) {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	// A user namespace with one user in it needs no root.
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Chroot: root, Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 65532, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 65532, HostID: os.Getgid(), Size: 1}},
	}
	var out, log strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &log
	var exit *exec.ExitError
	switch err := cmd.Run(); {
	case errors.As(err, &exit):
		code = exit.ExitCode()
	case err != nil:
		t.Skip("this machine permits no user namespace: ", err)
	}
	return out.String(), log.String(), code
}

// A program that needs a shell, a library, /etc/passwd or /tmp would not start in the image. Seen to fail with the
// certificates in another folder.
func TestTheProgramNeedsNothingAround(t *testing.T) {
	if out, log, code := inEmptyRoot(t, nil, "version"); code != 0 || !strings.HasPrefix(out, "uptimer 1.2.3-test\n") {
		t.Errorf("version: exit code %d\n%s%s", code, out, log)
	}
	if out, log, code := inEmptyRoot(t, nil, "health"); code != 1 || !strings.Contains(log, "no answer from http://127.0.0.1:9090/healthz") {
		t.Errorf("health, and nothing runs: exit code %d\n%s%s", code, out, log)
	}
	// https makes it read the certificates: without them this is a mistake at the start.
	env := []string{"PROBE_URLS=https://127.0.0.1:1", "PROBE_INTERVAL=-1", "PROBE_PROXY=off"}
	if out, log, code := inEmptyRoot(t, env); code != 0 || !strings.Contains(log, "uptimer starts") {
		t.Errorf("run: exit code %d\n%s%s", code, out, log)
	}
}
