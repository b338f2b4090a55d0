package probes

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/uptimer/uptimer/internal/nettest"
	"github.com/uptimer/uptimer/internal/servertest"
)

func verifyWith(t testing.TB, text string) TLSVerify {
	t.Helper()
	v, err := ParseTLSVerify(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A user's own authority would not be trusted, or be loaded anew for each of thousands of targets.
func TestParseTLSVerify(t *testing.T) {
	for text, off := range map[string]bool{"yes": false, "TRUE": false, "1": false, "no": true, "Off": true, "0": true} {
		if v, err := ParseTLSVerify(text); err != nil || v.off != off || v.roots != nil || v.String() != text {
			t.Errorf("%q: got %+v, %v", text, v, err)
		}
	}
	path := servertest.NewAuthority(t).Bundle(t)
	var first, second TLSVerify
	if err := first.Decode(path); err != nil {
		t.Fatal(err)
	}
	if err := second.Decode(path); err != nil || first != second || first.roots == nil {
		t.Errorf("the same path gave %p and %p, %v", first.roots, second.roots, err)
	}
	if got := (TLSVerify{}).String(); got != "true" {
		t.Errorf("zero value: got %q", got)
	}
}

// An authority that was renewed in place would be refused until the next restart, also if that was done at once.
func TestParseTLSVerifyReadsAChangedFile(t *testing.T) {
	path := servertest.NewAuthority(t).Bundle(t)
	old := verifyWith(t, path)
	fresh := servertest.NewAuthority(t).Bundle(t)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chtimes(fresh, info.ModTime(), info.ModTime()), os.Rename(fresh, path)); err != nil {
		t.Fatal(err)
	}
	if verifyWith(t, path).roots.Equal(old.roots) {
		t.Error("the old authority is still in force")
	}
}

// A user would not learn what is wrong with PROBE_TLS_VERIFY.
func TestParseTLSVerifyNamesMistakes(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.pem")
	if err := os.WriteFile(empty, []byte("no certificate\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"":                             "empty; want yes, no or the path of a CA bundle in PEM form",
		"maybe":                        "neither yes nor no, and no such file; want yes, no or the path of a CA bundle in PEM form",
		filepath.Join(dir, "none.pem"): "neither yes nor no, and no such file; want yes, no or the path of a CA bundle in PEM form",
		empty:                          "this file holds no certificate; want a CA bundle in PEM form (-----BEGIN CERTIFICATE-----)",
		dir:                            "this file cannot be read: is a directory; want yes, no or the path of a CA bundle in PEM form",
	} {
		if runtime.GOOS == "windows" && text == dir {
			continue // it has other words for a directory
		}
		if _, err := ParseTLSVerify(text); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

// On a machine without certificate authorities every https target would be down.
func TestCheckSystemRoots(t *testing.T) {
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		t.Skip("the system itself checks certificates here")
	}
	none := t.TempDir()
	for name, c := range map[string]struct {
		setting, file string
		want          string
	}{
		"roots":           {"yes", servertest.NewAuthority(t).Bundle(t), "fine"},
		"no roots":        {"yes", filepath.Join(none, "none.pem"), "this machine has no certificate authorities to check certificates against; install the package ca-certificates, or set PROBE_TLS_VERIFY to the path of a CA bundle, or to no"},
		"no roots, off":   {"no", filepath.Join(none, "none.pem"), "fine"},
		"no roots needed": {servertest.NewAuthority(t).Bundle(t), filepath.Join(none, "none.pem"), "fine"},
	} {
		child := nettest.Child("TestChildChecksRoots", c.setting, "SSL_CERT_FILE="+c.file, "SSL_CERT_DIR="+none)
		out, err := child.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "\nanswer: "+c.want+"\n") {
			t.Errorf("%s: got %v\n%s\nwant %s", name, err, out, c.want)
		}
	}
}

// TestChildChecksRoots is the child of TestCheckSystemRoots: a process reads the system's authorities once.
func TestChildChecksRoots(t *testing.T) {
	setting := nettest.Task()
	if setting == "" {
		return
	}
	answer := "fine"
	if err := verifyWith(t, setting).CheckSystemRoots(); err != nil {
		answer = err.Error()
	}
	_, _ = os.Stdout.WriteString("\nanswer: " + answer + "\n")
}
